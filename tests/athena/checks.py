"""Every table, view and ready query, asked whole and held against a sample's truth."""

import pathlib
import re

import boto3
import engine
from lake import credentials
from questions import Questions
from stored import LEDGER
from truth import same
from views import Name, Views, close

QUERIES = pathlib.Path(__file__).parents[2] / "queries"


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


def glue_views(aws, database):
    """Names of the views in the catalog."""
    pages = boto3.client("glue", **credentials(aws)).get_paginator("get_tables").paginate(DatabaseName=database)
    tables = [table for page in pages for table in page["TableList"]]
    return {table["Name"] for table in tables if table.get("TableType") == "VIRTUAL_VIEW"}


def read(asked, name):
    """All rows of a table or view, by its columns; or what the engine says against it."""
    columns = [Name(column, kind) for column, kind in asked.columns(name)]
    rows, _ = asked.ask(f'SELECT * FROM "{name}"')
    return columns, rows


def check_tables(asked, truth, stored, report, only=None):
    """`only`: names of those that are asked, here and below; None: all of them."""
    views = Views(truth)
    wanted = {}
    for table in truth.tables:
        wanted[table] = wanted[f"{table}_live"] = lambda table=table: views.table(table, truth.days)
    wanted["daymark_latest"] = lambda: ([Name("date")], [(truth.newest,)])
    wanted["daymark_parts"] = lambda: (LEDGER, stored.rows())
    if len(stored.parts) != len(truth.parts()):
        report("table", "parts in S3", len(stored.parts), [f"expected {len(truth.parts())}"])
    for name in chosen("table", wanted, only, report):
        report("table", name, *compared(asked, name, *wanted[name]()))


def check_views(asked, truth, stored, report, aws, database, only=None):
    in_glue = glue_views(aws, database)
    wanted = Views(truth).all()
    wanted["daymark_parts_latest"] = lambda: (LEDGER, stored.rows(truth.newest))
    # Whichever are asked, all have to be there, and no others.
    asked_for = chosen("view", wanted, only, report)
    for name in sorted({*in_glue, *wanted}):
        if name not in in_glue:
            report("view", name, 0, ["the catalog has no such view"])
        elif name not in wanted:
            # A kind of record without definitions has no records either in the sample.
            report("view", name, 0, ["the sample knows no such view"])
        elif name in asked_for:
            columns, rows = wanted[name]()
            count, faults = compared(asked, name, columns, rows)
            report("view", name, count, faults or ([] if count else ["it has no rows"]))


def chosen(kind, wanted, only, report):
    """Which of these are asked: all, or those of `only`, of which none may be missing here."""
    if only is None:
        return sorted(wanted)
    for name in sorted({*only} - {*wanted}):
        report(kind, name, 0, ["it is to be asked, and the sample knows no such"])
    return sorted({*only} & {*wanted})


def compared(asked, name, columns, wanted):
    """Holds all rows of a table or view against those that it must have, in any order."""
    try:
        found_columns, found = read(asked, name)
    except engine.trino.exceptions.Error as error:
        return 0, [str(error)[:500]]
    if sorted(found_columns) != sorted(columns):
        return len(found), [f"columns differ: expected {columns}, found {found_columns}"]
    kinds = {str(column): column.kind for column in found_columns}
    retyped = [
        f"column {column}: expected {column.kind}, found {kinds[column]}" for column in columns if kinds[column] != column.kind
    ]
    if retyped:
        return len(found), retyped
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


def check_queries(asked, truth, stored, report, only=None):
    questions = Questions(truth, stored).all()
    files = {path.stem: path for path in QUERIES.glob("*.sql")}
    asked_for = chosen("query", questions, only, report)
    for name in sorted({*questions, *files}):
        if name not in files or name not in questions:
            report("query", name, 0, ["there is no such file" if name not in files else "nothing computes its answer"])
            continue
        if name not in asked_for:
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
            if not all(close(value, true) for value, true in zip(one, other, strict=True)):
                faults.append(f"row {place + 1}: expected {other}, found {one}")
                break
        report("query", name, len(found), faults)
