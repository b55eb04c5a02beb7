#!/usr/bin/env python3
"""What `convert` takes for a part of 15 MB at each size of memory, in seconds and in dollars: the table behind the default of the
template's parameter MemoryMiB. Run through tests/seaweedfs.py.

The function's own program runs under AWS's emulator, from S3 to S3, in a control group that has the memory of a Lambda and the share of
a CPU that AWS documents for it; the S3 server is outside. Where there are no control groups to be had, the program's CPU seconds are
measured, and the rest worked out. CPUs differ: what carries over is how the sizes compare.
"""

import argparse
import contextlib
import json
import os
import pathlib
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "ci"))

import local
import run
import share
import tables

FUNCTION = local.ROOT / "target/lambda/convert/bootstrap"
FOLDER = local.ROOT / "target/bench/memory"
SIZES_MIB = [256, 512, 1024, 1769, 3538]
# A GB-second in us-east-1, https://aws.amazon.com/lambda/pricing/
DOLLARS = {"x86_64": 0.0000166667, "arm64": 0.0000133334}
FOLDERS = {
    "history": "OBJECT_PROPERTIES_HISTORY",
    "objects": "OBJECTS",
    "associations": "ASSOCIATIONS",
    "page_view": "EVENTS_PAGE_VIEW",
}


def settings() -> dict[str, str]:
    return {
        "DAYMARK_LANDING_BUCKET": "landing",
        "DAYMARK_LANDING_PREFIX": "hubspot/",
        "DAYMARK_CURATED_BUCKET": "curated",
        "DAYMARK_CURATED_PREFIX": "lake/",
        **local.s3_settings(),
    }


class Parts:
    """One part of each table in S3, and a new key for each time that one is converted: what has Parquet is not converted again."""

    def __init__(self) -> None:
        self.s3 = local.s3_client()
        self.count = 0
        for bucket in ("landing", "curated"):
            self.s3.create_bucket(Bucket=bucket)
        for table in tables.PARTS:
            table.make()

    def event(self, table: tables.Table) -> bytes:
        self.count += 1
        key = f"hubspot/2026-11-23/{FOLDERS[table.kind]}/part-{self.count}.csv.gz"
        self.s3.upload_file(str(table.source), "landing", key)
        notice = {"s3": {"bucket": {"name": "landing"}, "object": {"key": key}}, "eventSource": "aws:s3", "eventName": "ObjectCreated:Put"}
        return json.dumps({"Records": [notice]}).encode()

    def parquet(self) -> int:
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket="curated", Prefix="lake/table=")
        return sum(found["Key"].endswith(".parquet") for page in pages for found in page.get("Contents", []))


def cpu_seconds(function: local.Function) -> float:
    """User and system time of the program so far."""
    fields = pathlib.Path(f"/proc/{int(function.program()['Pid'])}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def convert(function: local.Function, parts: Parts, table: tables.Table) -> tuple[float, float]:
    """The seconds that a part took, and those of CPU in them."""
    event = parts.event(table)
    before, start = cpu_seconds(function), time.monotonic()
    answer = function.invoke(event)
    taken = time.monotonic() - start, cpu_seconds(function) - before
    if isinstance(answer, dict) and "errorType" in answer or parts.parquet() != parts.count:
        wanted = f"expected Parquet of {parts.count} parts, found {parts.parquet()}"
        raise local.Failed(f"{table.name}: {wanted}: {answer}\n{local.tail(function.log)}")
    return taken


def measured(parts: Parts, memory_mib: int, rounds: int, limited: bool) -> tuple[dict[str, list[tuple[float, float]]], float]:
    """By table, what each part took; and the program's peak memory in MiB."""
    found: dict[str, list[tuple[float, float]]] = {table.name: [] for table in tables.PARTS}
    with share.of(memory_mib) if limited else contextlib.nullcontext({}) as groups:
        with local.function(FUNCTION, settings(), FOLDER, memory_mib=memory_mib) as function:
            # Its child, the program, is started by the first event.
            share.enter(groups, function.emulator.pid)
            function.invoke(b'{"Records": []}')
            for _ in range(rounds):
                for table in tables.PARTS:
                    found[table.name].append(convert(function, parts, table))
            return found, function.peak_mib()


def dollars(memory_mib: int, seconds: float, architecture: str) -> float:
    """For 1,000 parts, requests aside."""
    return 1000 * seconds * memory_mib / 1024 * DOLLARS[architecture]


def mean(figures: list[list[float]]) -> float:
    """Of the tables' medians."""
    return statistics.mean(statistics.median(found) for found in figures)


def line(memory_mib: int, seconds: dict[str, list[float]], cpu: dict[str, list[float]], peak: float) -> str:
    columns = "".join(f"{run.spread(found):>18}" for found in seconds.values())
    taken = mean(list(seconds.values()))
    prices = "".join(f"{dollars(memory_mib, taken, architecture):>9.4f}" for architecture in DOLLARS)
    return f"  {memory_mib:>6}{columns}{taken:>8.2f}{mean(list(cpu.values())):>8.2f}{prices}{peak:>6.0f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    a = parser.parse_args()
    if a.rounds < 1:
        parser.error("at least one round")
    FOLDER.mkdir(parents=True, exist_ok=True)
    parts = Parts()
    why_not = share.missing()
    busy = os.getloadavg()[0]
    print(f"\nA part of 15 MB by MemoryMiB, S3 to S3: {os.cpu_count()} CPUs, load {busy:.1f}, {a.rounds} rounds")
    print("  Dollars are for 1,000 parts, requests aside; arm64's by its price alone. Peak is the program's memory in MiB.")
    if why_not:
        print(f"  NOT MEASURED under limits, but worked out from CPU seconds: {why_not}")
    names = "".join(f"{f'{table.name} s':>18}" for table in tables.PARTS)
    print(f"  {'MiB':>6}{names}{'mean s':>8}{'CPU s':>8}{'x86 $':>9}{'arm64 $':>9}{'peak':>6}")
    if why_not:
        found, peak = measured(parts, share.ONE_CPU_MIB, a.rounds, limited=False)
    for size in SIZES_MIB:
        if not why_not:
            found, peak = measured(parts, size, a.rounds, limited=True)
        cpu = {name: [cpu for _, cpu in runs] for name, runs in found.items()}
        if why_not:
            factor = max(share.ONE_CPU_MIB / size, 1.0)
            seconds = {name: [one * factor for one in runs] for name, runs in cpu.items()}
        else:
            seconds = {name: [wall for wall, _ in runs] for name, runs in found.items()}
        print(line(size, seconds, cpu, peak), flush=True)


if __name__ == "__main__":
    local.main_or_exit(main)
