#!/usr/bin/env python3
"""Asks the database that `daymark duckdb` writes over S3, the files being in a real S3 server, what is true of a sample account.

    lake_in_duckdb_s3.py DAYMARK FOLDER

It runs beside an S3 server that tests/seaweedfs.py starts, and that answers nobody without its keys. A sample is made below FOLDER,
converted, published and put into two buckets. The product makes the database; then tables, views and a ready query are asked
with the secret that README.md and the program's help tell to make, of all days and of the newest, and held against the sample's
truth. With nobody's keys the same has to be refused, and no key may be in the file.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys

import boto3
import duckdb
import duckdb_extension_aws
import duckdb_extension_httpfs

ROOT = pathlib.Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests/athena"))
from questions import Questions  # noqa: E402
from truth import Truth, same  # noqa: E402
from views import Views, close  # noqa: E402

FIRST, LAST = "2026-11-20", "2026-11-21"
# What the lake's buckets are called locally; the lists of files of `_live` tables name the second.
BUCKETS = ("landing", "curated")
REGION = "eu-central-1"
TABLES = ["events_visited_page", "objects"]
VIEWS = ["associations_contacts_to_companies", "events_visited_page_typed", "objects_contacts", "property_history_current"]
QUERY = "companies_deals"
# What the examples call the server, and how they have DuckDB find the user's keys.
EXAMPLE, CHAIN = "localhost:8333", "PROVIDER credential_chain, "


def main(daymark, folder):
    found = {name: os.environ.pop(f"DAYMARK_S3_{name}") for name in ("ENDPOINT", "ACCESS_KEY", "SECRET_KEY")}
    keys = [found["ACCESS_KEY"], found["SECRET_KEY"]]
    os.environ |= {
        "AWS_ENDPOINT_URL": found["ENDPOINT"], "AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": keys[0], "AWS_SECRET_ACCESS_KEY": keys[1], "DAYMARK_QUIET_MINUTES": "0",
        # The program `duckdb` is beside this Python.
        "PATH": f"{pathlib.Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(folder / "home"),
    }
    shutil.rmtree(folder, ignore_errors=True)
    extensions(folder / "home")
    account = folder / "account"
    run(daymark, "sample", account, "--size", "300KB", "--days", 2, "--first-day", FIRST, "--quiet")
    run(daymark, "backfill", "--dir", account, "--from", FIRST, "--to", LAST, "--quiet")
    put(account)
    file = folder / "lake.duckdb"
    run(daymark, "duckdb", file, "--landing", "s3://landing/hubspot", "--curated", "s3://curated")

    faults = [f"{key}: a key is in the database" for key in keys if key.encode() in file.read_bytes()]
    told = secret((ROOT / "README.md").read_text(encoding="utf-8"), "README.md")
    if secret(run(daymark, "duckdb", "--help"), "the help") != told:
        faults.append("README.md and the program's help make other secrets")
    told = told.replace(EXAMPLE, found["ENDPOINT"].partition("://")[2])
    with duckdb.connect(str(file), read_only=True) as database:
        database.execute(told.replace(CHAIN, "KEY_ID 'nobody', SECRET 'none', "))
        try:
            rows = database.sql("FROM owners_latest").fetchall()
            faults.append(f"with nobody's keys: expected to be refused, found {len(rows)} rows")
        except duckdb.HTTPException as error:
            if "403" not in str(error):
                faults.append(f"with nobody's keys: {error}")
    with duckdb.connect(str(file), read_only=True) as database:
        database.execute(told)
        faults += compared(database, Truth(account / "truth"))
    for fault in faults:
        print(fault)
    print(f"DuckDB over S3: {len(faults)} faults")
    return 1 if faults else 0


def run(*command):
    command = [str(part) for part in command]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}: status {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


def extensions(home):
    """Puts DuckDB's extensions where it would have downloaded them to."""
    [(platform,)] = duckdb.sql("PRAGMA platform").fetchall()
    for package in (duckdb_extension_aws, duckdb_extension_httpfs):
        for path in (pathlib.Path(package.__file__).parent / "extensions").glob("*/*.duckdb_extension"):
            there = home / ".duckdb/extensions" / path.parent.name / platform
            there.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, there)


def put(folder):
    """Puts the lake into the server's buckets."""
    s3 = boto3.client("s3")
    for bucket in BUCKETS:
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        for path in sorted((folder / bucket).rglob("*")):
            key = path.relative_to(folder / bucket)
            # What begins with a dot the local server keeps for itself.
            if path.is_file() and not any(name.startswith(".") for name in key.parts):
                s3.put_object(Bucket=bucket, Key=key.as_posix(), Body=path.read_bytes())


def secret(text, where):
    """The statement that is told for a server that is not AWS'."""
    found = re.search(f"CREATE SECRET \\([^)]*{EXAMPLE}[^)]*\\)", " ".join(text.split()))
    if not found or CHAIN not in found[0]:
        sys.exit(f"{where}: expected CREATE SECRET ({CHAIN}… ENDPOINT '{EXAMPLE}' …)")
    return found[0]


def compared(database, truth):
    views = Views(truth)
    wanted = views.all()
    for table in TABLES:
        wanted[table] = wanted[f"{table}_live"] = lambda table=table: views.table(table, truth.days)
    names = [*TABLES, *(f"{table}_live" for table in TABLES), *VIEWS]
    for name in [*names, *(f"{name}_latest" for name in (*TABLES, *VIEWS))]:
        columns, rows = wanted[name]()
        answer = database.sql(f'SELECT {", ".join(columns)} FROM "{name}"').fetchall()
        missing, more = same(rows) - same(answer), same(answer) - same(rows)
        if missing or more or not rows:
            yield f"{name}: of {len(rows)} rows {missing.total()} are missing, {more.total()} are too many"
    _, wanted = getattr(Questions(truth, None), QUERY)()
    found = database.execute((ROOT / "queries" / f"{QUERY}.sql").read_text(encoding="utf-8")).fetchall()
    same_rows = [all(map(close, one, other)) for one, other in zip(found, wanted)]
    if len(found) != len(wanted) or not all(same_rows) or not wanted:
        yield f"{QUERY}: expected {wanted[:2]} … ({len(wanted)} rows), found {found[:2]} … ({len(found)})"


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()))
