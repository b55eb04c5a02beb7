#!/usr/bin/env python3
"""The peak memory of the function's real program on the 500 MB part: from S3, through the handler, to S3.
Run through tests/seaweedfs.py."""

import json
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "ci"))

import local
import tables

FUNCTION = local.ROOT / "target/lambda/convert/bootstrap"
FOLDER = local.ROOT / "target/bench/handler"
BAR_MIB = 128
KEY = "hubspot/2026-11-23/OBJECT_PROPERTIES_HISTORY/big.csv.gz"


def main() -> None:
    tables.BIG.make()
    FOLDER.mkdir(parents=True, exist_ok=True)
    settings = {
        "DAYMARK_LANDING_BUCKET": "landing",
        "DAYMARK_LANDING_PREFIX": "hubspot/",
        "DAYMARK_CURATED_BUCKET": "curated",
        "DAYMARK_CURATED_PREFIX": "lake/",
        **local.s3_settings(),
    }
    notice = {"s3": {"bucket": {"name": "landing"}, "object": {"key": KEY}}, "eventSource": "aws:s3", "eventName": "ObjectCreated:Put"}
    event = json.dumps({"Records": [notice]}).encode()
    s3 = local.s3_client()
    for bucket in ("landing", "curated"):
        s3.create_bucket(Bucket=bucket)
    s3.upload_file(str(tables.BIG.source), "landing", KEY)
    with local.function(FUNCTION, settings, FOLDER) as function:
        start = time.monotonic()
        answer = function.invoke(event)
        seconds, peak = time.monotonic() - start, function.peak_mib()
        if isinstance(answer, dict) and "errorType" in answer:
            raise local.Failed(f"the function failed: {answer}")
    found = s3.list_objects_v2(Bucket="curated").get("Contents", [])
    written = [f"{one['Key']} ({one['Size'] / 1e6:.0f} MB)" for one in found]
    if not any(".parquet" in one for one in written):
        raise local.Failed(f"no Parquet was written; there is: {written}")
    print(f"\nhandler over S3, 500 MB: {seconds:.0f} s, {', '.join(written)}")
    print(f"  {'met   ' if peak <= BAR_MIB else 'MISSED'}  peak memory: {peak:.0f} MiB, at most {BAR_MIB} MiB")


if __name__ == "__main__":
    local.main_or_exit(main)
