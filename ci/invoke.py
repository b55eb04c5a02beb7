#!/usr/bin/env python3
"""Gives one event to the function's real program, as Lambda would: invoke.py EVENT.json [--part PART.csv.gz].

Run through tests/seaweedfs.py. Each object that the event names is put there (a part of the sample account whose table the key
names, or a small table, or --part), the program runs under AWS's Runtime Interface Emulator, and what it answers and leaves behind
is shown.
"""

import argparse
import gzip
import json
import pathlib
import shutil
import subprocess

import local

FOLDER = local.ROOT / "target/invoke"
SMALL_PART = b"id,name,amount\n1,first,10.50\n2,second,\\N\n"


def objects_of(event: pathlib.Path, daymark: pathlib.Path) -> list[dict]:
    """What the event names, decoded by Daymark itself."""
    decoded = subprocess.run([daymark, "event", event], capture_output=True, text=True)
    if decoded.returncode != 0:
        raise local.Failed(f"daymark event {event}: {decoded.stderr.strip()}")
    return [json.loads(line) for line in decoded.stdout.splitlines()]


def sample_parts(daymark: pathlib.Path) -> list[pathlib.Path]:
    folder = FOLDER / "sample"
    if not folder.exists():
        unfinished = FOLDER / "sample.part"
        shutil.rmtree(unfinished, ignore_errors=True)
        subprocess.run([daymark, "sample", unfinished, "--size", "1MB", "--days", "1"], check=True, capture_output=True)
        unfinished.rename(folder)
    return sorted(folder.rglob("*.csv.gz"))


def part_for(key: str, parts: list[pathlib.Path]) -> bytes:
    folders = key.lower().split("/")[:-1]
    landing = FOLDER / "sample" / "landing" / "hubspot"
    # DAY/TABLE/…: the table's folder is the second.
    tables = [part for part in parts if part.relative_to(landing).parts[1].lower() in folders]
    if tables:
        return tables[0].read_bytes()
    return gzip.compress(SMALL_PART, mtime=0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("event", type=pathlib.Path)
    parser.add_argument("--part", type=pathlib.Path, help="the object's bytes, instead of a sample part")
    parser.add_argument("--function", type=pathlib.Path, required=True)
    parser.add_argument("--daymark", type=pathlib.Path, required=True)
    a = parser.parse_args()

    FOLDER.mkdir(parents=True, exist_ok=True)
    objects = objects_of(a.event, a.daymark)
    landing_bucket = objects[0]["bucket"] if objects else "landing"
    prefix = objects[0]["key"].split("/")[0] + "/" if objects and "/" in objects[0]["key"] else "hubspot/"
    settings = {
        "DAYMARK_LANDING_BUCKET": landing_bucket,
        "DAYMARK_LANDING_PREFIX": prefix,
        "DAYMARK_CURATED_BUCKET": "curated",
        "DAYMARK_CURATED_PREFIX": "lake/",
    }
    s3 = local.s3_client()
    for bucket in sorted({"curated", landing_bucket, *(named["bucket"] for named in objects)}):
        s3.create_bucket(Bucket=bucket)
    parts = sample_parts(a.daymark) if objects and a.part is None else []
    for named in objects:
        body = a.part.read_bytes() if a.part else part_for(named["key"], parts)
        s3.put_object(Bucket=named["bucket"], Key=named["key"], Body=body)
        print(f"put     s3://{named['bucket']}/{named['key']} ({len(body)} bytes)")
    with local.function(a.function, settings, FOLDER) as function:
        answer = function.invoke(a.event.read_bytes())
        print(f"answer  {json.dumps(answer)}")
        print(f"memory  {function.peak_mib():.0f} MiB at most")
    refused = []
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket="curated"):
        for found in page.get("Contents", []):
            print(f"found   s3://curated/{found['Key']} ({found['Size']} bytes)")
            refused += [found["Key"]] if "/failed/" in found["Key"] else []
    print(f"log     {FOLDER / 'function.log'}")
    if isinstance(answer, dict) and ("errorType" in answer or answer.get("batchItemFailures")):
        raise local.Failed("the function failed")
    if refused and a.part is None:
        raise local.Failed(f"the function refused a part that is good: {', '.join(refused)}")


if __name__ == "__main__":
    local.main_or_exit(main)
