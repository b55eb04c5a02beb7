"""A small lake for one test: parts that the product converts locally, and publishes on the local AWS with its Glue catalog."""

import gzip
import os
import shutil
import subprocess
import time

import boto3
from botocore.config import Config


def credentials(aws):
    return {
        "endpoint_url": aws["AWS_ENDPOINT_URL"],
        "region_name": aws["AWS_REGION"],
        "aws_access_key_id": aws["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": aws["AWS_SECRET_ACCESS_KEY"],
    }


def s3_client(aws):
    return boto3.client("s3", config=Config(s3={"addressing_style": "path"}), **credentials(aws))


def run(daymark, settings, *rest):
    """Runs the program; gives what it printed."""
    command = list(map(str, [daymark, *rest]))
    done = subprocess.run(command, env={**os.environ, **settings}, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)}: status {done.returncode}\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return done.stdout


def next_second():
    """S3's clock tells seconds: what changed in this one may still be changing."""
    time.sleep(1 - time.time() % 1)


class Lake:
    """Its name is its Glue database, its folder in the landing bucket and, with `curated-` in front, its curated bucket."""

    def __init__(self, daymark, aws, work, name):
        self.daymark, self.aws, self.name = daymark, aws, name
        self.folder = work / name
        self.curated = f"curated-{name}"
        self.s3 = s3_client(aws)
        self.s3.create_bucket(Bucket="landing")
        self.s3.create_bucket(Bucket=self.curated)
        boto3.client("glue", **credentials(aws)).create_database(DatabaseInput={"Name": name})
        self.queue = boto3.client("sqs", **credentials(aws)).create_queue(QueueName=f"parts-{name}")["QueueUrl"]
        shutil.rmtree(self.folder, ignore_errors=True)
        self.sources = self.folder / "landing" / name
        self.sources.mkdir(parents=True)
        # No waiting: neither for quiet nor for tables that the day before had.
        self.settings = {"DAYMARK_QUIET_MINUTES": "0", "DAYMARK_DEADLINE_HOURS": "0", "DAYMARK_LANDING_PREFIX": f"{name}/"}

    def part(self, date, table, text, part="data_0_0_0"):
        """Puts a part where the local program finds it; gives its path below the folder."""
        path = self.sources / date / table / f"{part}.csv.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(text.encode(), mtime=0))
        return path

    def convert(self, first, last, **settings):
        """Converts what is there."""
        run(self.daymark, {**self.settings, **settings}, "backfill", "--dir", self.folder, "--from", first, "--to", last, "--quiet")

    def outputs(self):
        """The Parquet files, by key."""
        root = self.folder / "curated"
        return {path.relative_to(root).as_posix(): path for path in sorted(root.glob("table=*/*/*.parquet"))}

    def put(self, path):
        """Brings a source to the local AWS."""
        key = path.relative_to(self.folder / "landing").as_posix()
        self.s3.put_object(Bucket="landing", Key=key, Body=path.read_bytes())

    def put_all(self):
        """Brings all there is to the local AWS."""
        for key, path in self.outputs().items():
            self.s3.put_object(Bucket=self.curated, Key=key, Body=path.read_bytes())
        for path in sorted(self.sources.rglob("*.csv.gz")):
            self.put(path)

    def sweep(self, first, last, **settings):
        """Has the days judged and published, with the catalog."""
        next_second()
        places = ["--landing", f"s3://landing/{self.name}", "--curated", f"s3://{self.curated}", "--queue-url", self.queue]
        own = {**self.aws, **self.settings, "DAYMARK_GLUE_DATABASE": self.name, **settings}
        return run(self.daymark, own, "backfill", *places, "--from", first, "--to", last, "--quiet", "--no-wait")

    def publish(self, first, last, **settings):
        """All of it."""
        self.convert(first, last, **settings)
        self.put_all()
        return self.sweep(first, last, **settings)
