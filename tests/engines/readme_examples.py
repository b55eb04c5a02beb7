#!/usr/bin/env python3
"""Runs the README's Python examples, in their order, on a demo's lake, on the same lake in a folder of its bucket, and on a day
of two parts of which the second has a column more.

    readme_examples.py README DAYMARK FOLDER [NAME...]

FOLDER is a demo's, with the truth beside the lake. Examples that import a NAME (pyspark) are run only if it is given: they
need more than PyPI. After each example that reads OWNERS, its rows are held against the truth.
"""

import gzip
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

NEEDS_MORE = {"pyspark"}
# The line of the examples that says which folder of the bucket the lake is in, and the folder of a stack.
PREFIX_LINE = 'prefix = ""'
PREFIX = "lake/"
# Parts of one table and day, in the order of the manifest: what only the second has must not get lost.
PARTS = {"data_0_0_0": "OWNERID,EMAIL\n1,a@b\n", "data_0_1_0": "OWNERID,NICKNAME,EMAIL\n2,Bo,\n"}
WIDER = [(1, "a@b", None), (2, None, "Bo")]


def main(readme, daymark, folder, given):
    blocks = re.findall(r"```python\n(.*?)```", readme.read_text(encoding="utf-8"), re.DOTALL)
    if len(blocks) < 4:
        sys.exit(f"expected the examples in {readme}, found {len(blocks)}")
    day = json.loads((folder / "curated" / "latest" / "latest.json").read_text(encoding="utf-8"))["date"]
    with gzip.open(folder / "truth" / f"date={day}" / "owners.jsonl.gz", "rt", encoding="utf-8") as lines:
        truth = sorted((json.loads(line)["ownerid"],) for line in lines)
    with tempfile.TemporaryDirectory() as here:
        # One working directory for all: Spark keeps the one that it was started in.
        os.chdir(here)
        # What the examples call the demo's folder.
        demo = pathlib.Path("daymark-demo")
        demo.symlink_to(folder)
        checked = run(readme, blocks, "", given, truth)
        demo.unlink()
        moved(folder / "curated", demo / "curated", PREFIX)
        checked += run(readme, blocks, PREFIX, given, truth)
        shutil.rmtree(demo)
        wider(daymark, demo, day)
        run(readme, blocks, "", given, WIDER, ("ownerid", "email", "nickname"))
        os.chdir("/")
    print(f"README: {checked} examples read {len(truth)} owners of {day} each")


def run(readme, blocks, prefix, given, truth, columns=("ownerid",)):
    """Runs the examples; gives how many read OWNERS."""
    scope, checked = {}, 0
    if sum(block.count(PREFIX_LINE) for block in blocks) != 1:
        sys.exit(f"expected the line {PREFIX_LINE} once in {readme}")
    for block in blocks:
        missing = {name for name in NEEDS_MORE if name in block} - given
        if missing:
            continue
        scope.pop("owners", None)
        exec(compile(block.replace(PREFIX_LINE, f"prefix = {prefix!r}"), str(readme), "exec"), scope)
        if "owners" in scope:
            found = sorted(rows(scope["owners"], columns))
            if found != truth:
                sys.exit(f"{block}\nexpected {truth}, found {found}")
            checked += 1
    return checked


def moved(curated, bucket, prefix):
    """Makes a bucket in which a folder has the lake: the same files, and manifests whose keys have the folder in front."""
    shutil.copytree(curated, bucket / prefix, symlinks=True)
    for path in (bucket / prefix / "manifest").rglob("*.json"):
        manifest = json.loads(path.read_text(encoding="utf-8"))
        for table in manifest.get("content", {}).get("tables", {}).values():
            for part in table["parts"]:
                part["output"]["key"] = prefix + part["output"]["key"]
        path.write_text(json.dumps(manifest), encoding="utf-8")


def wider(daymark, folder, day):
    """Has the product convert and publish PARTS."""
    for name, text in PARTS.items():
        path = folder / "landing" / "hubspot" / day / "OWNERS" / f"{name}.csv.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(text.encode()))
    command = [daymark, "backfill", "--dir", folder, "--from", day, "--to", day, "--quiet"]
    subprocess.run(command, env={**os.environ, "DAYMARK_QUIET_MINUTES": "0"}, stdout=subprocess.DEVNULL, check=True)


def rows(table, columns):
    """Rows of a table of Polars, pyarrow or Spark; of a column that it has not, nothing."""
    if hasattr(table, "to_pylist"):
        found = table.to_pylist()
    elif hasattr(table, "to_dicts"):
        found = table.to_dicts()
    else:
        found = [row.asDict() for row in table.collect()]
    return [tuple(row.get(name, "(no column)") for name in columns) for row in found]


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    main(*(pathlib.Path(path).resolve() for path in sys.argv[1:4]), set(sys.argv[4:]))
