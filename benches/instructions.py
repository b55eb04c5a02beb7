#!/usr/bin/env python3
"""Counts the instructions of small conversions, which a busy machine does not change.

  instructions.py compare   counts, and shows each count beside the one recorded in instructions.txt
  instructions.py record    counts, and writes instructions.txt

From each count that of a one-row file of the same table is taken away, so that what is left is the work on the data. Counts
differ by up to 0.2 % from run to run, and hold for one compiler on one kind of processor: record before and after a change on
the same machine. It takes valgrind (on Debian and Ubuntu: apt-get install valgrind).
"""

import gzip
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import tables

ROOT = pathlib.Path(__file__).resolve().parent.parent
DAYMARK = ROOT / "target/release/daymark"
RECORD = ROOT / "benches/instructions.txt"
HEADING = """\
# Instructions of `daymark convert --codec zstd:1` on small tables, start of the program taken away. Written by
# `make bench-instructions-record`; `make bench-instructions` compares.
# table rows raw_bytes instructions per_byte
"""


def count(table: tables.Table) -> int:
    table.make()
    with tempfile.TemporaryDirectory(prefix="daymark-count-") as folder:
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/callgrind.out", str(DAYMARK), "convert"]
        command += [str(table.source), f"{folder}/out.parquet", "--types", str(table.schema), "--codec", "zstd:1"]
        ran = subprocess.run(command, capture_output=True, text=True)
    refs = re.search(r"I\s+refs:\s+([\d,]+)", ran.stderr)
    if ran.returncode != 0 or refs is None:
        sys.exit(f"{' '.join(command)}: status {ran.returncode}: {ran.stderr[-2000:]}")
    return int(refs[1].replace(",", ""))


def work(table: tables.Table) -> tuple[int, int]:
    """Raw bytes and instructions."""
    instructions = count(table) - count(tables.Table("one row", table.kind, 1))
    with gzip.open(table.source) as file:
        raw_bytes = sum(len(block) for block in iter(lambda: file.read(1 << 20), b""))
    return raw_bytes, instructions


def recorded() -> dict[str, int]:
    if not RECORD.exists():
        return {}
    lines = [line.split() for line in RECORD.read_text().splitlines() if line and not line.startswith("#")]
    return {name: int(instructions) for name, _, _, instructions, _ in lines}


def main() -> None:
    if sys.argv[1:] not in (["compare"], ["record"]):
        sys.exit(__doc__)
    if shutil.which("valgrind") is None:
        sys.exit("valgrind is missing (on Debian and Ubuntu: apt-get install valgrind)")
    before = recorded()
    lines = []
    for table in tables.SMALL:
        raw_bytes, instructions = work(table)
        lines.append(f"{table.name} {table.rows} {raw_bytes} {instructions} {instructions / raw_bytes:.1f}")
        change = ""
        if table.name in before:
            change = f"  {100 * (instructions / before[table.name] - 1):+.2f} % of {before[table.name]:,} recorded"
        print(f"{table.name:13} {instructions:>13,} instructions, {instructions / raw_bytes:5.1f} a byte{change}", flush=True)
    if sys.argv[1] == "record":
        RECORD.write_text(HEADING + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
