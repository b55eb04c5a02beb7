#!/usr/bin/env python3
"""Gives one event to the functions' real programs, as Lambda would: invoke.py EVENT.json [--part PART.csv.gz] [--arch arm64].

Run through tests/seaweedfs.py. The programs run under AWS's Runtime Interface Emulator, and what they answer and leave behind is
shown. News of objects goes to `convert`: each object that the event names is put there first (a part of the sample account whose
table the key names, or a small table, or --part). A request ({}, {"date": …}, …) goes to `manifest`, once `convert` has taken a
day of the sample account. With --arch, what `make build ARCH=…` left is asked, under QEMU where the machine is another one.
"""

import argparse
import contextlib
import gzip
import hashlib
import json
import pathlib
import platform
import shutil
import subprocess
from collections.abc import Iterator

import local

FOLDER = local.ROOT / "target/invoke"
LANDING = FOLDER / "sample" / "landing" / "hubspot"
SMALL_PART = b"id,name,amount\n1,first,10.50\n2,second,\\N\n"
CURATED = "curated"
PREFIX = "lake/"
# What a request of the manifest function may say.
REQUEST_MEMBERS = {"date", "from", "to", "dry_run", "reconvert"}


def is_request(event: object) -> bool:
    return isinstance(event, dict) and set(event) <= REQUEST_MEMBERS


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
    # DAY/TABLE/…: the table's folder is the second.
    tables = [part for part in parts if part.relative_to(LANDING).parts[1].lower() in folders]
    if tables:
        return tables[0].read_bytes()
    return gzip.compress(SMALL_PART, mtime=0)


def settings(bucket: str, prefix: str) -> dict[str, str]:
    return {
        "DAYMARK_LANDING_BUCKET": bucket,
        "DAYMARK_LANDING_PREFIX": prefix,
        "DAYMARK_CURATED_BUCKET": CURATED,
        "DAYMARK_CURATED_PREFIX": PREFIX,
        **local.s3_settings(),
    }


def curated(s3) -> dict[str, int]:
    """Sizes by key."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=CURATED)
    return {found["Key"]: found["Size"] for page in pages for found in page.get("Contents", [])}


def show(found: dict[str, int]) -> None:
    for key, size in found.items():
        print(f"found   s3://{CURATED}/{key} ({size} bytes)")


@contextlib.contextmanager
def function(a: argparse.Namespace, name: str, environment: dict[str, str]) -> Iterator[local.Function]:
    """One of the two functions, of the machine that is asked for."""
    program, under = a.programs / name, ()
    if a.arch:
        program = local.ROOT / f"target/lambda-{a.arch}" / name / "bootstrap"
    if a.arch and a.arch != local.ARCHITECTURES.get(platform.machine()):
        qemu, libc = local.ROOT / f"target/{a.arch}/qemu", local.ROOT / f"target/{a.arch}/libc"
        if not qemu.exists():
            raise local.Failed(f"no {qemu}: ci/arm64.py makes it for arm64 programs, and nothing does for {a.arch} here")
        under = (str(qemu), "-L", str(libc))
    with local.function(program, environment, FOLDER, under) as running:
        yield running
        if under:
            print(f"ran     {program.relative_to(local.ROOT)} under QEMU")
        else:
            print(f"memory  {running.peak_mib():.0f} MiB at most")


def ask(function: local.Function, event: bytes) -> object:
    answer = function.invoke(event)
    if isinstance(answer, dict) and ("errorType" in answer or answer.get("batchItemFailures")):
        raise local.Failed(f"the function failed: {json.dumps(answer)}\n{local.tail(function.log)}")
    return answer


def convert(s3, a: argparse.Namespace) -> None:
    daymark = a.programs / "daymark"
    objects = objects_of(a.event, daymark)
    landing_bucket = objects[0]["bucket"] if objects else "landing"
    prefix = objects[0]["key"].split("/")[0] + "/" if objects and "/" in objects[0]["key"] else "hubspot/"
    for bucket in sorted({CURATED, landing_bucket, *(named["bucket"] for named in objects)}):
        s3.create_bucket(Bucket=bucket)
    parts = sample_parts(daymark) if objects and a.part is None else []
    for named in objects:
        body = a.part.read_bytes() if a.part else part_for(named["key"], parts)
        s3.put_object(Bucket=named["bucket"], Key=named["key"], Body=body)
        print(f"put     s3://{named['bucket']}/{named['key']} ({len(body)} bytes)")
    with function(a, "convert", settings(landing_bucket, prefix)) as running:
        print(f"answer  {json.dumps(ask(running, a.event.read_bytes()))}")
    found = curated(s3)
    show(found)
    print(f"log     {running.log}")
    refused = [key for key in found if "/failed/" in key]
    if refused and a.part is None:
        raise local.Failed(f"the function refused a part that is good: {', '.join(refused)}")


def sweep(s3, a: argparse.Namespace, request: dict) -> None:
    bucket, prefix = "landing", "hubspot/"
    for name in (CURATED, bucket):
        s3.create_bucket(Bucket=name)
    keys = []
    for part in sample_parts(a.programs / "daymark"):
        keys.append(prefix + part.relative_to(LANDING).as_posix())
        s3.put_object(Bucket=bucket, Key=keys[-1], Body=part.read_bytes())
    with function(a, "convert", settings(bucket, prefix)) as running:
        records = [{"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": bucket}, "object": {"key": key}}} for key in keys]
        ask(running, json.dumps({"Records": records}).encode())
    before = curated(s3)
    print(f"put     {len(keys)} parts of a day into s3://{bucket}/{prefix}, and converted them")
    # A day is complete after an hour without a change, which nobody wants to wait for here.
    quiet = {**settings(bucket, prefix), "DAYMARK_QUIET_MINUTES": "0"}
    with function(a, "manifest", quiet) as running:
        answer = ask(running, a.event.read_bytes())
        print(f"answer  {json.dumps(answer)}")
    after = curated(s3)
    show({key: size for key, size in after.items() if key not in before})
    print(f"log     {running.log}")
    if not answer["days"]:
        raise local.Failed("the sweep found no day")
    for day in answer["days"]:
        # A dry run publishes nothing, and says what is published.
        if day.get("state") != "complete" or not day["revised"] or bool(day["published"]) == bool(request.get("dry_run")):
            raise local.Failed(f"expected a day that became complete, found {json.dumps(day)}")
    if not request.get("dry_run"):
        for day in answer["days"]:
            check_published(s3, day, after)
    elif after != before:
        raise local.Failed("a dry run wrote something")


def check_published(s3, day: dict, found: dict[str, int]) -> None:
    """The manifest fits its checksum, and the files that are published are there."""

    def read(key: str) -> bytes:
        return s3.get_object(Bucket=CURATED, Key=PREFIX + key)["Body"].read()

    folder = f"manifest/date={day['date']}/manifest.json"
    manifest, checksum = read(folder), read(f"{folder}.sha256").decode()
    if checksum != f"{hashlib.sha256(manifest).hexdigest()}  manifest.json\n":
        raise local.Failed(f"{folder} does not fit its checksum")
    for table, content in json.loads(manifest)["content"]["tables"].items():
        lines = read(f"published/table={table}/date={day['date']}/symlink.txt").decode().splitlines()
        named = [f"s3://{CURATED}/{part['output']['key']}" for part in content["parts"]]
        absent = [part["output"]["key"] for part in content["parts"] if part["output"]["key"] not in found]
        if lines != named or absent:
            raise local.Failed(f"{table}: published are {lines}, of the manifest are {named}, not there are {absent}")
    print(f"checked {day['date']}: manifest, checksum and symlinks agree")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("event", type=pathlib.Path)
    parser.add_argument("--part", type=pathlib.Path, help="the object's bytes, instead of a sample part")
    parser.add_argument("--programs", type=pathlib.Path, required=True, help="folder of daymark and, without --arch, of the functions")
    parser.add_argument("--arch", choices=sorted(local.ARCHITECTURES.values()), help="what make build ARCH=… left")
    a = parser.parse_args()

    FOLDER.mkdir(parents=True, exist_ok=True)
    s3 = local.s3_client()
    event = json.loads(a.event.read_bytes())
    if is_request(event):
        sweep(s3, a, event)
    else:
        convert(s3, a)


if __name__ == "__main__":
    local.main_or_exit(main)
