"""What lies in S3 of a published lake: the ledger's rows as they have to be, from listings, files, and a sample's truth."""

import datetime
import io
import json

import boto3
import pyarrow.parquet
from lake import credentials, s3_client
from views import EPOCH, Name

KINDS = {
    "revision": "bigint", "source_bytes": "bigint", "source_last_modified": "timestamp(3)", "output_bytes": "bigint",
    "records_read": "bigint", "rows_written": "bigint", "records_rejected": "bigint", "cells_rejected": "bigint",
}
NAMES = [
    "table_name", "revision", "source_key", "source_etag", "source_bytes", "source_last_modified", "source_sha256",
    "output_key", "output_etag", "output_bytes", "records_read", "rows_written", "records_rejected", "cells_rejected",
    "dialect", "profile", "schema_fingerprint", "date",
]
LEDGER = [Name(name, KINDS.get(name, "varchar")) for name in NAMES]


class Stored:
    """The parts of the days that are published."""

    def __init__(self, truth, aws, database):
        self.s3 = s3_client(aws)
        glue = boto3.client("glue", **credentials(aws))
        # The pointer's folder is beside all others of the lake.
        latest = glue.get_table(DatabaseName=database, Name="daymark_latest")["Table"]["StorageDescriptor"]["Location"]
        self.bucket, _, folder = latest.removeprefix("s3://").partition("/")
        self.prefix = folder.removesuffix("latest/")
        self.parts = []
        outputs = self.listed(self.bucket, f"{self.prefix}table=")
        sources = {}
        for date in truth.days:
            manifest = json.loads(self.body(f"{self.prefix}manifest/date={date}/manifest.json"))
            for table in truth.tables:
                key = f"{self.prefix}published/table={table}/date={date}/symlink.txt"
                for output in self.symlinks(key):
                    footer = pyarrow.parquet.ParquetFile(io.BytesIO(self.body(output)))
                    part = json.loads(footer.schema_arrow.metadata[b"daymark.part"])
                    landing = part["source_bucket"]
                    if landing not in sources:
                        sources[landing] = self.listed(landing, "")
                    source = sources[landing][part["source_key"]]
                    # Below the folder of the day; that one's own folder is a stack's to choose.
                    true = next(true for true in truth.parts(date) if part["source_key"].endswith(true["key"].partition("/")[2]))
                    self.parts.append({
                        "table_name": table,
                        "revision": manifest["history"]["published"],
                        "source_key": part["source_key"],
                        "source_etag": source["ETag"].strip('"'),
                        "source_bytes": source["Size"],
                        # When the converter saw it; the same content may have been put again since.
                        "source_last_modified": EPOCH + datetime.timedelta(milliseconds=part["source_last_modified_ms"]),
                        "source_sha256": true["sha256"],
                        "output_key": output,
                        "output_etag": outputs[output]["ETag"].strip('"'),
                        "output_bytes": outputs[output]["Size"],
                        "records_read": true["records"],
                        "rows_written": footer.metadata.num_rows,
                        "records_rejected": len(true["rejected_records"]),
                        "cells_rejected": len(true["rejected_cells"]),
                        "dialect": true["dialect"],
                        "profile": part["profile"],
                        "schema_fingerprint": part["schema"],
                        "date": date,
                    })

    def rows(self, date=None):
        """The ledger's rows, of all days or of one."""
        return [tuple(part.values()) for part in self.parts if date in (None, part["date"])]

    def body(self, key):
        return self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()

    def symlinks(self, key):
        """Keys of the files that a day has; none if it lacks the table."""
        try:
            lines = self.body(key).decode().splitlines()
        except self.s3.exceptions.NoSuchKey:
            return []
        return [line.removeprefix(f"s3://{self.bucket}/") for line in lines]

    def listed(self, bucket, prefix):
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return {entry["Key"]: entry for page in pages for entry in page.get("Contents", [])}
