#!/usr/bin/env python3
"""Runs the README's Python examples, in their order, on a demo's lake, and on the same lake in a folder of its bucket.

    readme_examples.py README FOLDER [NAME...]

FOLDER is a demo's, with the truth beside the lake. Examples that import a NAME (pyspark) are run only if it is given: they
need more than PyPI. After each example that reads OWNERS, its rows are held against the truth.
"""

import gzip
import json
import os
import pathlib
import re
import shutil
import sys
import tempfile

NEEDS_MORE = {"pyspark"}
# The line of the examples that says which folder of the bucket the lake is in, and the folder of a stack.
PREFIX_LINE = 'prefix = ""'
PREFIX = "lake/"


def main(readme, folder, given):
    blocks = re.findall(r"```python\n(.*?)```", readme.read_text(encoding="utf-8"), re.DOTALL)
    if len(blocks) < 4:
        sys.exit(f"expected the examples in {readme}, found {len(blocks)}")
    day = re.search(r'files\("(\d{4}-\d\d-\d\d)", "owners"\)', "".join(blocks))[1]
    with gzip.open(folder / "truth" / f"date={day}" / "owners.jsonl.gz", "rt", encoding="utf-8") as lines:
        truth = sorted(json.loads(line)["ownerid"] for line in lines)
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
        os.chdir("/")
    print(f"README: {checked} examples read {len(truth)} owners of {day} each")


def run(readme, blocks, prefix, given, truth):
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
            found = sorted(ids(scope["owners"]))
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


def ids(table):
    """OWNERIDs of a table of Polars, pyarrow or Spark."""
    if hasattr(table, "collect"):
        return [row["ownerid"] for row in table.collect()]
    column = table["ownerid"]
    return column.to_pylist() if hasattr(column, "to_pylist") else column.to_list()


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve(), set(sys.argv[3:]))
