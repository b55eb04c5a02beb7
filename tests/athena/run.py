#!/usr/bin/env python3
"""Asks what Athena's own engine says of a sample account, against what is true of it.

    run.py --daymark target/debug/daymark --ministack VENV --trino FOLDER --work FOLDER [--quick]

A sample account is converted, swept and published by the product, which writes the Glue catalog too: nothing here makes a
table or a view. Then real Trino, beside a local AWS, reads every table and every view whole, asks every query of
queries/, and makes views as `daymark ddl` prints them. Each is printed with its number of rows; a view without rows, a row that is not as
the sample's truth has it, and a table, view or query that one side knows and the other does not are failures. After that come schemas that change, days that lack
a table, tables that repeat rows, types with more properties than a view has room for, days that are published while they are read,
and what a question costs as days go by.

--quick publishes one day, asks one table, view and query of each kind, and leaves out what comes after them.

Exit status: 0 all as it should be, 1 something is not, 3 Trino could not be downloaded and nothing was tested.
"""

import argparse
import contextlib
import datetime
import pathlib
import shutil
import sys
import time

import boto3

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
import beside  # noqa: E402
import ministack  # noqa: E402

import absent  # noqa: E402
import ddl  # noqa: E402
import engine  # noqa: E402
import evolution  # noqa: E402
import gaps  # noqa: E402
import growth  # noqa: E402
import publications  # noqa: E402
import wide  # noqa: E402
from checks import Report, check_queries, check_tables, check_views  # noqa: E402
from lake import Lake, credentials, next_second, run, s3_client  # noqa: E402
from stored import Stored  # noqa: E402
from truth import Truth  # noqa: E402

DATABASE = "daymark"
# Two whole days; on a third the sample breaks a part on purpose.
DAYS = 2
# What --quick asks: one of each kind, and of kinds that go by the newest day, the same of all days and of that one.
QUICK_TABLES = ["daymark_latest", "daymark_parts", "events_visited_page", "objects", "objects_live"]
QUICK_VIEWS = [
    "associations_contacts_to_companies", "daymark_parts_latest", "events_visited_page_typed", "objects_contacts", "owners_latest",
    "property_history_current",
]
QUICK_VIEWS += [f"{view}_latest" for view in QUICK_VIEWS if not view.endswith("_latest")]
# Of what `daymark ddl` prints, what Trino is given.
DDL_VIEWS = [view for view in QUICK_VIEWS if not view.startswith("daymark_parts")]
QUICK_QUERIES = ["companies_deals", "deals_won_by_month", "sync_ledger"]


def main():
    options = arguments()
    home = engine.fetched(options.trino)
    begun = time.monotonic()

    def step(what):
        print(f"{what} after {time.monotonic() - begun:.0f} s", flush=True)

    tables, views, queries = (QUICK_TABLES, QUICK_VIEWS, QUICK_QUERIES) if options.quick else (None, None, None)
    with contextlib.ExitStack() as stack:
        (port,) = beside.free_ports(1)
        stack.enter_context(beside.server(*ministack.server(options.ministack, port)))
        aws = ministack.aws(f"http://127.0.0.1:{port}")
        truth = publish(options, aws)
        step("published")
        asked = stack.enter_context(engine.running(home, options.work / "trino", aws, DATABASE))
        step("Trino started")
        report, stored = Report(), Stored(truth, aws, DATABASE)
        check_tables(asked, truth, stored, report, tables)
        check_views(asked, truth, stored, report, aws, DATABASE, views)
        check_queries(asked, truth, stored, report, queries)
        ddl.check(asked, ddl.printed(options.daymark, aws, DATABASE, DDL_VIEWS), truth, report, DDL_VIEWS, aws, DATABASE)
        tests = [
            ("evolution", evolution), ("absent", absent), ("gaps", gaps), ("wide", wide), ("growth", growth),
            ("publications", publications),
        ]
        wished = [] if options.quick else dict(tests)
        for name, test in tests:
            if name in (wished if options.only is None else options.only):
                test.check(asked.of, Lake(options.daymark, aws, options.work, name), report)
    print(f"{report.count} tables, views and queries, {report.failures} failures, {time.monotonic() - begun:.0f} s")
    return 1 if report.failures else 0


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--daymark", type=pathlib.Path, required=True, help="the program")
    parser.add_argument("--ministack", type=pathlib.Path, required=True, help="virtual environment with MiniStack")
    parser.add_argument("--trino", type=pathlib.Path, required=True, help="where Trino is, or goes")
    parser.add_argument("--work", type=pathlib.Path, required=True, help="folder for the sample, made anew")
    parser.add_argument("--quick", action="store_true", help="one day, one of each kind")
    parser.add_argument("--only", nargs="*", help="of the tests after the sample's, these")
    parser.add_argument("--size", default="500KB", help="of the sample (%(default)s)")
    return parser.parse_args()


def publish(options, aws):
    """Has the product convert a sample, publish it and write the catalog. Gives the sample's truth."""
    shutil.rmtree(options.work, ignore_errors=True)
    # The days before today: no table has partitions beyond tomorrow.
    days = 1 if options.quick else DAYS
    first = datetime.date.today() - datetime.timedelta(days=days)
    last = first + datetime.timedelta(days=days - 1)
    run(options.daymark, {}, "sample", options.work, "--size", options.size, "--days", days, "--first-day", first, "--quiet")
    span = ["--from", first, "--to", last, "--quiet"]
    run(options.daymark, {}, "backfill", "--dir", options.work, *span)
    # What was converted locally goes to the buckets of the same names, where the next sweeps find it.
    s3 = s3_client(aws)
    for bucket in ("landing", "curated"):
        s3.create_bucket(Bucket=bucket)
        for path in sorted((options.work / bucket).rglob("*")):
            if path.is_file() and not hidden(path.relative_to(options.work / bucket)):
                key = path.relative_to(options.work / bucket).as_posix()
                s3.put_object(Bucket=bucket, Key=key, Body=path.read_bytes())
    boto3.client("glue", **credentials(aws)).create_database(DatabaseInput={"Name": DATABASE})
    queue = boto3.client("sqs", **credentials(aws)).create_queue(QueueName="parts")["QueueUrl"]
    settings = {**aws, "DAYMARK_GLUE_DATABASE": DATABASE, "DAYMARK_QUIET_MINUTES": "0"}
    places = ["--landing", "s3://landing/hubspot", "--curated", "s3://curated", "--queue-url", queue]
    next_second()
    print(run(options.daymark, settings, "backfill", *places, *span, "--no-wait"), flush=True)
    return Truth(options.work / "truth")


def hidden(path):
    """What the local server keeps for itself."""
    return any(name.startswith(".") for name in path.parts)


if __name__ == "__main__":
    sys.exit(main())
