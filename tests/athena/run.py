#!/usr/bin/env python3
"""Asks what Athena's own engine says of a sample account, against what is true of it.

    run.py --daymark target/debug/daymark --ministack VENV --trino FOLDER --work FOLDER

A sample account is converted, swept and published by the product, which writes the Glue catalog too: nothing here makes a
table or a view. Then real Trino, beside a local AWS, reads every table and every view whole, and asks every query of
queries/. Each is printed with its number of rows; a view without rows, a row that is not as the sample's truth has it, and a
table, view or query that one side knows and the other does not are failures. After that come schemas that change, days that
are published while they are read, and what a question costs as days go by.

Exit status: 0 all as it should be, 1 something is not, 3 Trino could not be downloaded and nothing was tested.
"""

import argparse
import collections
import contextlib
import datetime
import pathlib
import re
import shutil
import sys
import time

import boto3

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
import beside  # noqa: E402
import ministack  # noqa: E402

import engine  # noqa: E402
import evolution  # noqa: E402
import growth  # noqa: E402
import publications  # noqa: E402
from lake import Lake, credentials, run, s3_client  # noqa: E402
from questions import Questions  # noqa: E402
from truth import Truth, same  # noqa: E402
from views import Views, close  # noqa: E402

DATABASE = "daymark"
QUERIES = pathlib.Path(__file__).parents[2] / "queries"
# Two whole days; on a third the sample breaks a part on purpose.
DAYS = 2
NOT_FETCHED = 3


def main():
    options = arguments()
    try:
        home = engine.fetch(options.trino)
    except engine.NotFetched as error:
        print(f"NOT TESTED: Trino could not be downloaded. {error}", file=sys.stderr)
        return NOT_FETCHED
    begun = time.monotonic()
    with contextlib.ExitStack() as stack:
        (port,) = beside.free_ports(1)
        stack.enter_context(beside.server(*ministack.server(options.ministack, port)))
        aws = ministack.aws(f"http://127.0.0.1:{port}")
        truth = publish(options, aws)
        print(f"published after {time.monotonic() - begun:.0f} s", flush=True)
        asked = stack.enter_context(engine.running(home, options.work / "trino", aws, DATABASE))
        report = Report()
        check_tables(asked, truth, report)
        check_views(asked, truth, report, glue_views(aws))
        check_queries(asked, truth, report)
        for name, test in [("evolution", evolution), ("growth", growth), ("publications", publications)]:
            test.check(asked.of, Lake(options.daymark, aws, options.work, name), report)
    print(f"{report.count} tables, views and queries, {report.failures} failures, {time.monotonic() - begun:.0f} s")
    return 1 if report.failures else 0


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--daymark", type=pathlib.Path, required=True, help="the program")
    parser.add_argument("--ministack", type=pathlib.Path, required=True, help="virtual environment with MiniStack")
    parser.add_argument("--trino", type=pathlib.Path, required=True, help="where Trino is, or goes")
    parser.add_argument("--work", type=pathlib.Path, required=True, help="folder for the sample, made anew")
    parser.add_argument("--size", default="500KB", help="of the sample (%(default)s)")
    return parser.parse_args()


# --- The product's turn -----------------------------------------------------------------------------------------------


def publish(options, aws):
    """Has the product convert a sample, publish it and write the catalog. Gives the sample's truth."""
    shutil.rmtree(options.work, ignore_errors=True)
    # The days before today: no table has partitions beyond tomorrow.
    first = datetime.date.today() - datetime.timedelta(days=DAYS)
    last = first + datetime.timedelta(days=DAYS - 1)
    run(options.daymark, {}, "sample", options.work, "--size", options.size, "--days", DAYS, "--first-day", first, "--quiet")
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
    print(run(options.daymark, settings, "backfill", *places, *span, "--no-wait"), flush=True)
    return Truth(options.work / "truth")


def hidden(path):
    """What the local server keeps for itself."""
    return any(name.startswith(".") for name in path.parts)


def glue_views(aws):
    """Names of the views in the catalog."""
    pages = boto3.client("glue", **credentials(aws)).get_paginator("get_tables").paginate(DatabaseName=DATABASE)
    tables = [table for page in pages for table in page["TableList"]]
    return {table["Name"] for table in tables if table.get("TableType") == "VIRTUAL_VIEW"}


# --- The analyst's turn -----------------------------------------------------------------------------------------------


class Report:
    """Says of each table, view and query how many rows it has, and what is wrong with it."""

    def __init__(self):
        self.count = 0
        self.failures = 0

    def __call__(self, kind, name, rows, faults):
        self.count += 1
        self.failures += len(faults)
        print(f"  {kind:6} {name:60} {rows:>8} rows  {'ok' if not faults else 'FAILED'}", flush=True)
        for fault in faults:
            print(f"         {fault}", flush=True)


def read(asked, name):
    """All rows of a table or view, by the names of its columns; or what the engine says against it."""
    columns = [column for column, _ in asked.columns(name)]
    rows, _ = asked.ask(f'SELECT * FROM "{name}"')
    return columns, rows


def check_tables(asked, truth, report):
    for table in truth.tables:
        columns = [name for name, _ in truth.columns[table]]
        wanted = [tuple(row[name] for name in [*columns, "date"]) for row in truth.all_rows(table)]
        for name in (table, f"{table}_live"):
            report("table", name, *compared(asked, name, [*columns, "date"], wanted))
    report("table", "daymark_latest", *compared(asked, "daymark_latest", ["date"], [(truth.newest,)]))
    parts = collections.Counter((part["table"], part["date"], part["rows"]) for part in truth.parts())
    columns, rows = read(asked, "daymark_parts")
    found = [dict(zip(columns, row)) for row in rows]
    found = collections.Counter((row["table_name"], row["date"], row["rows_written"]) for row in found)
    report("table", "daymark_parts", len(rows), [] if found == parts else [f"missing {parts - found}, too many {found - parts}"])


def check_views(asked, truth, report, in_glue):
    wanted = Views(truth).all()
    for name in sorted({*in_glue, *wanted}):
        if name not in in_glue:
            report("view", name, 0, ["the catalog has no such view"])
        elif name == "daymark_parts_latest":
            rows = len(truth.parts(truth.newest))
            found = len(read(asked, name)[1])
            report("view", name, found, [] if found == rows > 0 else [f"expected {rows} rows"])
        elif name not in wanted:
            # A kind of record without definitions has no records either in the sample.
            report("view", name, 0, ["the sample knows no such view"])
        else:
            columns, rows = wanted[name]()
            count, faults = compared(asked, name, columns, rows)
            report("view", name, count, faults or ([] if count else ["it has no rows"]))


def compared(asked, name, columns, wanted):
    """Holds all rows of a table or view against those that it must have, in any order."""
    try:
        found_columns, found = read(asked, name)
    except engine.trino.exceptions.Error as error:
        return 0, [str(error)[:500]]
    if sorted(found_columns) != sorted(columns):
        return len(found), [f"columns differ: expected {columns}, found {found_columns}"]
    order = [found_columns.index(column) for column in columns]
    found = same([tuple(row[place] for place in order) for row in found])
    wanted = same(wanted)
    if found == wanted:
        return found.total(), []
    missing, more = wanted - found, found - wanted
    return found.total(), [
        f"{missing.total()} rows are missing, such as {shown(columns, missing)}",
        f"{more.total()} rows are too many, such as {shown(columns, more)}",
    ]


def shown(columns, rows):
    """One row, shortened: the rows are made up, so they may be told."""
    row = min(rows, key=repr, default=())
    return ", ".join(f"{name}={value!r}" for name, value in zip(columns, row))[:1500]


def check_queries(asked, truth, report):
    questions = Questions(truth).all()
    files = {path.stem: path for path in QUERIES.glob("*.sql")}
    for name in sorted({*questions, *files}):
        if name not in files or name not in questions:
            report("query", name, 0, ["there is no such file" if name not in files else "nothing computes its answer"])
            continue
        parameters, wanted = questions[name]()
        sql = re.sub(r";\s*$", "", files[name].read_text(encoding="utf-8"))
        try:
            found, _ = asked.ask(sql, list(parameters))
        except engine.trino.exceptions.Error as error:
            report("query", name, 0, [str(error)[:500]])
            continue
        faults = [] if found else ["it has no rows"]
        if len(found) != len(wanted):
            faults.append(f"expected {len(wanted)} rows")
        for place, (one, other) in enumerate(zip(found, wanted)):
            if not all(true is ... or close(value, true) for value, true in zip(one, other, strict=True)):
                faults.append(f"row {place + 1}: expected {other}, found {one}")
                break
        report("query", name, len(found), faults)


if __name__ == "__main__":
    sys.exit(main())
