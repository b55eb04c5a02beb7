#!/usr/bin/env python3
"""Holds every manifest of a curated folder against docs/manifest.schema.json, and against what is there.

    manifests.py CURATED

Each revision has to fit the schema, name only files that exist with the size it tells, and, where it is copied to
manifest.json, have the checksum that stands beside it.
"""

import hashlib
import json
import pathlib
import sys

import jsonschema

SCHEMA = pathlib.Path(__file__).parents[2] / "docs" / "manifest.schema.json"


def faults_of(path, root, validator):
    document = json.loads(path.read_bytes())
    yield from (f"{fault.json_path}: {fault.message[:200]}" for fault in validator.iter_errors(document))
    for name, table in document.get("content", {}).get("tables", {}).items():
        for part in table["parts"]:
            # Keys begin with the curated prefix, which the folder may be above or at.
            output = root / part["output"]["key"]
            if not output.is_file():
                yield f"{name}: {part['output']['key']} is not there"
            elif output.stat().st_size != part["output"]["bytes"]:
                yield f"{name}: {part['output']['key']} has {output.stat().st_size} bytes, not {part['output']['bytes']}"
    if path.name == "manifest.json":
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        if path.with_name("manifest.json.sha256").read_text() != f"{digest}  manifest.json\n":
            yield "its checksum is another"


def main(root):
    schema = json.loads(SCHEMA.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    root = pathlib.Path(root)
    folders = [folder for folder in root.rglob("manifest") if folder.is_dir()]
    paths = sorted(path for folder in folders for path in folder.glob("date=*/*.json"))
    paths = [path for path in paths if path.name == "manifest.json" or path.name.startswith("r0")]
    count = 0
    for path in paths:
        for fault in faults_of(path, root, validator):
            print(f"{path.relative_to(root)}: {fault}")
            count += 1
    print(f"{len(paths)} manifests, {count} faults")
    return 1 if count or not paths else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
