#!/usr/bin/env python3
"""Runs the README's Python examples, in their order, on a demo's lake.

    readme_examples.py README FOLDER [NAME...]

FOLDER is a demo's, with the truth beside the lake. Examples that import a NAME (pyspark) are run only if it is given: they
need more than PyPI. After each example that reads OWNERS, its rows are held against the truth.
"""

import gzip
import json
import os
import pathlib
import re
import sys
import tempfile

NEEDS_MORE = {"pyspark"}


def main(readme, folder, given):
    blocks = re.findall(r"```python\n(.*?)```", readme.read_text(encoding="utf-8"), re.DOTALL)
    if len(blocks) < 4:
        sys.exit(f"expected the examples in {readme}, found {len(blocks)}")
    day = re.search(r'files\("(\d{4}-\d\d-\d\d)", "owners"\)', "".join(blocks))[1]
    with gzip.open(folder / "truth" / f"date={day}" / "owners.jsonl.gz", "rt", encoding="utf-8") as lines:
        truth = sorted(json.loads(line)["ownerid"] for line in lines)
    scope, checked = {}, 0
    with tempfile.TemporaryDirectory() as here:
        # What the examples call the demo's folder.
        (pathlib.Path(here) / "daymark-demo").symlink_to(folder.resolve())
        os.chdir(here)
        for block in blocks:
            missing = {name for name in NEEDS_MORE if name in block} - given
            if missing:
                continue
            scope.pop("owners", None)
            exec(compile(block, str(readme), "exec"), scope)
            if "owners" in scope:
                found = sorted(ids(scope["owners"]))
                if found != truth:
                    sys.exit(f"{block}\nexpected {truth}, found {found}")
                checked += 1
        os.chdir("/")
    print(f"README: {checked} examples read {len(truth)} owners of {day} each")


def ids(table):
    """OWNERIDs of a table of Polars, pyarrow or Spark."""
    if hasattr(table, "collect"):
        return [row["ownerid"] for row in table.collect()]
    column = table["ownerid"]
    return column.to_pylist() if hasattr(column, "to_pylist") else column.to_list()


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]), set(sys.argv[3:]))
