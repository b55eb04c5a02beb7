#!/usr/bin/env python3
"""Holds the database that `daymark duckdb` writes against what is true of a sample account.

    lake_in_duckdb.py DAYMARK FOLDER

A sample is made below FOLDER, converted and published. Then DuckDB's own program makes the database; every table and every view
in it is read whole and compared with the sample's truth, as the views of Athena are. A new file, a day that is left out,
a database that has something else in it already, and records that come twice are tried too.
"""

import datetime
import gzip
import json
import os
import pathlib
import shutil
import subprocess
import sys

import duckdb

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "athena"))
import costs  # noqa: E402
import damage  # noqa: E402
from truth import Truth, same  # noqa: E402
from views import Views  # noqa: E402

DAYS = 2
# A day is complete as soon as it is converted.
QUIET = {"DAYMARK_QUIET_MINUTES": "0"}
# A folder that the lake is in tells nothing of its files' days.
ABOVE = "date=2020-01-01"
# Texts that an account may have where an instant is expected, and what views make of them.
INSTANTS = {
    "1775001600123": "2026-04-01 00:00:00.123",
    "-1": "1969-12-31 23:59:59.999",
    "2026-11-20": "2026-11-20 00:00:00",
    "2026-11-20T01:02": "2026-11-20 01:02:00",
    "2026-11-20 01:02:03": "2026-11-20 01:02:03",
    "2026-11-20T01:02:03.123999Z": "2026-11-20 01:02:03.123",
    "1969-12-31T23:59:59.9999": "1969-12-31 23:59:59.999",
    "2026-11-20 01:02:03+01": "2026-11-20 00:02:03",
    "2026-11-20T01:02:03-0530": "2026-11-20 06:32:03",
    "2026-11-20T01:02:03+14:00": "2026-11-19 11:02:03",
    "2026-11-20 01:02:03.123 +0000": "2026-11-20 01:02:03.123",
    "2026-11-20 01:02:03 Z": "2026-11-20 01:02:03",
    "2026-11-20T01:02Z": "2026-11-20 01:02:00",
    "2026-11-20 01:02 +00:00": "2026-11-20 01:02:00",
    "2026-11-20T01:02-0530": "2026-11-20 06:32:00",
    "2026-11-20T01": "2026-11-20 01:00:00",
    "2026-11-20T01Z": "2026-11-20 01:00:00",
    "2026-11-20T01+02": "2026-11-19 23:00:00",
} | dict.fromkeys([
    "", " 2026-11-20", "2026-11-20T1Z", "2026-11-20T", "2026-11-20T24Z", "2026-11-20T01:2", "2026-11", "2026-11-31", "2026/11/20", "2026-11-20 (BC)", "2026-11-20T24:00:00", "2026-11-20T23:59:60",
    "2026-11-20 01:02:03 Europe/Berlin", "2026-11-20T01:02:03+15:00", "2026-11-20T01:02:03+01:02:03", "infinity", "epoch", "now",
    "12026-01-01", "999999999999999", "1775001600000.5",
])

TEXTS = ", ".join(f"('{text}')" for text in INSTANTS)
AS_INSTANTS = f"SELECT t, CAST(daymark_instant(t) AS VARCHAR) FROM (VALUES {TEXTS}) AS texts(t)"


def main(daymark, folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder = folder / ABOVE
    folder.mkdir(parents=True)

    def attempt(*rest, program=daymark):
        # The program `duckdb` is beside this Python.
        path = f"{pathlib.Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        command = [str(part) for part in (program, *rest)]
        return command, subprocess.run(command, capture_output=True, text=True, env={**os.environ, **QUIET, "PATH": path})

    def run(*rest, program=daymark):
        command, done = attempt(*rest, program=program)
        if done.returncode != 0:
            sys.exit(f"{' '.join(command)}: status {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        return done.stdout

    def tried(*rest):
        _, done = attempt(*rest)
        return done.returncode, done.stderr

    run("sample", folder, "--size", "500KB", "--days", DAYS, "--first-day", "2026-11-20", "--quiet")
    run("backfill", "--dir", folder, "--from", "2026-11-20", "--to", "2026-11-21", "--quiet")
    truth = Truth(folder / "truth")
    file = folder / "lake.duckdb"
    run(file, "CREATE TABLE mine AS SELECT 1 AS one", program=pathlib.Path(sys.executable).parent / "duckdb")
    run("duckdb", file, "--dir", folder)
    # Views that are there are replaced; what is somebody else's stays.
    run("duckdb", file, "--dir", folder)
    failures = Failures()
    with duckdb.connect(str(file), read_only=True) as database:
        failures.check("mine", database.sql("SELECT one FROM mine").fetchall() == [(1,)], "it is not as it was")
        database.execute("SET TimeZone = 'America/New_York'")
        compare(database, truth, failures)
        versions = {"its package": database.sql(AS_INSTANTS).fetchall()}
    # The program is of another version.
    versions["its program"] = [row.values() for row in json.loads(run("-readonly", "-json", file, AS_INSTANTS, program=costs.DUCKDB))]
    for version, rows in versions.items():
        for text, found in rows:
            wanted = INSTANTS[text]
            failures.check(f"{text!r} as an instant by {version}", found == wanted, f"expected {wanted}, found {found}")
        failures.check(f"instants by {version}", len(rows) == len(INSTANTS), f"expected {len(INSTANTS)}, found {len(rows)}")
    script = folder / "newest.sql"
    run("duckdb", script, "--dir", folder, "--from", truth.newest)
    with duckdb.connect() as database:
        database.execute(script.read_text(encoding="utf-8"))
        days = database.sql("SELECT DISTINCT date FROM objects").fetchall()
        failures.check("--from", days == [(truth.newest,)], f"found {days}")
    failures.check("a day whose revision is damaged", refuses_damage(run, folder), "it was left out without a word")
    for day, wanted in repeated(run, folder / "repeated"):
        failures.check(f"records that come twice, {day}", wanted[0] == wanted[1], f"expected {wanted[1]}, found {wanted[0]}")
    for name, found, wanted in headers(run, folder / "headers"):
        failures.check(f"a day with a header alone, {name}", found == wanted, f"expected {wanted}, found {found}")
    for holds, seen in damage.check(tried, folder / "damage"):
        failures.check("a lake that is not whole", holds, seen)
    faults = list(costs.wide(run, folder / "wide"))
    failures.check("wide records", not faults, "\n".join(faults))
    for question, files, wanted in costs.many(run, folder / "many"):
        failures.check(question, files == wanted, f"expected {wanted} files to be read, found {files}")
    print(f"DuckDB: {failures.checked} tables, views and instants, {failures.count} failures")
    return 1 if failures.count else 0


# Each row comes twice, and an older one of each record, property and link before or behind the newer. On the second day properties are
# in a row each.
TWICE = {
    "OBJECT_AND_EVENT_TYPE_DEFINITIONS": ["OBJECTTYPEID,NAME,PLURALLABEL", "0-3,DEAL,Opportunities"],
    "PROPERTY_DEFINITIONS": ["OBJECTTYPEID,NAME,TYPE", "0-3,amount,number", "0-3,dealname,string"],
    "ASSOCIATION_DEFINITIONS": ["COMBINEDASSOCIATIONTYPEID,FROMOBJECTTYPEID,TOOBJECTTYPEID,NAME", "0-451,0-3,0-3,deal_to_deal"],
    # The last tells of one end only, so that it may be several links.
    "ASSOCIATIONS": [
        "COMBINEDASSOCIATIONTYPEID,FROMOBJECTTYPEID,FROMOBJECTID,TOOBJECTTYPEID,TOOBJECTID,INGESTEDAT",
        "0-451,0-3,1,0-3,2,2026-11-01 00:00:00", "0-451,0-3,1,0-3,2,2026-11-02 00:00:00", "0-452,0-3,1,0-3,2,",
        "0-451,0-3,1,0-3,,",
    ],
    "OBJECTS": ["OBJECTTYPEID,OBJECTID,UPDATEDAT", "0-3,1,2026-11-02 00:00:00", "0-3,1,2026-11-01 00:00:00"],
    "OBJECT_WITH_OBJECT_PROPERTIES": [
        "OBJECTTYPEID,OBJECTID,UPDATEDAT,PROPERTIES",
        '0-3,1,2026-11-01 00:00:00,"{""amount"":""1"",""dealname"":""old""}"',
        '0-3,1,2026-11-02 00:00:00,"{""amount"":""2"",""dealname"":""new""}"',
        '0-3,1,,"{""amount"":""3"",""dealname"":""none""}"',
    ],
    # Nobody knows whose the last two are, nor of what property the one before them is.
    "OBJECT_PROPERTIES_HISTORY": [
        "OBJECTTYPEID,OBJECTID,NAME,VALUE,UPDATEDAT", "0-3,1,amount,1,2026-11-01 00:00:00", "0-3,1,amount,2,2026-11-02 00:00:00",
        "0-3,1,,3,2026-11-01 00:00:00", "0-3,,amount,4,2026-11-01 00:00:00", "0-3,,amount,5,2026-11-02 00:00:00",
    ],
}
IN_ROWS = [
    "OBJECTTYPEID,OBJECTID,NAME,VALUE,UPDATEDAT", "0-3,1,amount,1,2026-11-01 00:00:00", "0-3,1,dealname,new,2026-11-02 00:00:00",
    "0-3,1,amount,2,2026-11-02 00:00:00", "0-3,1,dealname,old,2026-11-01 00:00:00",
]


def repeated(run, folder):
    """By day, what the views of an account have that says everything twice, and what they must have."""
    for day in ("2026-11-20", "2026-11-21"):
        for table, (header, *rows) in TWICE.items():
            if (day, table) == ("2026-11-21", "OBJECT_WITH_OBJECT_PROPERTIES"):
                table, (header, *rows) = "OBJECT_PROPERTIES", IN_ROWS
            path = folder / "landing" / "hubspot" / day / table / "data_0_0_0.csv.gz"
            path.parent.mkdir(parents=True)
            path.write_bytes(gzip.compress("\n".join([header, *rows, *rows, ""]).encode()))
    run("backfill", "--dir", folder, "--from", "2026-11-20", "--to", "2026-11-20", "--quiet")
    # The second day lacks a table of the first, and is not waited for.
    os.environ["DAYMARK_DEADLINE_HOURS"] = "0"
    run("backfill", "--dir", folder, "--from", "2026-11-20", "--to", "2026-11-21", "--quiet")
    run("duckdb", folder / "lake.sql", "--dir", folder)
    with duckdb.connect() as database:
        database.execute((folder / "lake.sql").read_text(encoding="utf-8"))
        for view in ("objects_deals", "objects_opportunities"):
            found = database.sql(f"SELECT date, objectid, updatedat, property_amount, property_dealname FROM {view}").fetchall()
            for day in ("2026-11-20", "2026-11-21"):
                rows = [row[1:] for row in found if row[0] == day]
                yield f"{view} of {day}", (rows, [(1, datetime.datetime(2026, 11, 2), 2.0, "new")])
        for day in ("2026-11-20", "2026-11-21"):
            rows = database.execute(
                "SELECT from_deal_objectid, to_deal_objectid, ingestedat, name FROM associations_deals_to_deals WHERE date = $1 "
                "ORDER BY ALL", [day]
            ).fetchall()
            newest = datetime.datetime(2026, 11, 2)
            links = [(1, 2, newest, "deal_to_deal"), (1, 2, None, None), *[(1, None, None, "deal_to_deal")] * 2]
            yield f"links of {day}", (rows, links)
            rows = database.execute("SELECT objectid, value FROM property_history_current WHERE date = $1 ORDER BY 2", [day]).fetchall()
            yield f"history of {day}", (rows, [(1, "2"), *[(1, "3")] * 2, *[(None, "4")] * 2, *[(None, "5")] * 2])


# By day, which table is a header alone, and which one says the same.
HEADERS = {
    "2026-11-20": ("OBJECT_WITH_OBJECT_PROPERTIES", "OBJECT_PROPERTIES"),
    "2026-11-21": ("OBJECTS", "OBJECT_WITH_OBJECT_PROPERTIES"),
}


def headers(run, folder):
    """What views have of days on which a table has no row, and another tells the same; and what they must have."""
    tables = {
        "OBJECTS": [["OBJECTTYPEID", "OBJECTID"], ["0-1", 1]],
        "OBJECT_WITH_OBJECT_PROPERTIES": [["OBJECTTYPEID", "OBJECTID", "PROPERTIES"], ["0-1", 1, '{"email":"a@b"}']],
        "OBJECT_PROPERTIES": [["OBJECTTYPEID", "OBJECTID", "NAME", "VALUE"], ["0-1", 1, "email", "a@b"]],
    }
    for day, (header, other) in HEADERS.items():
        costs.land(folder, day, "PROPERTY_DEFINITIONS", [["OBJECTTYPEID", "NAME", "TYPE"], ["0-1", "email", "string"]])
        for table in {"OBJECTS", header, other}:
            rows = tables[table]
            costs.land(folder, day, table, rows[:1] if table == header else rows)
        run("backfill", "--dir", folder, "--from", day, "--to", day, "--quiet")
        run("duckdb", folder / "lake.sql", "--dir", folder)
        with duckdb.connect() as database:
            database.execute((folder / "lake.sql").read_text(encoding="utf-8"))
            for view in ("objects_contacts", "objects_contacts_latest"):
                rows = database.sql(f"SELECT date, objectid, property_email FROM {view} ORDER BY date").fetchall()
                days = [day] if view.endswith("_latest") else [date for date in HEADERS if date <= day]
                yield f"{view} on {day}", rows, [(date, 1, "a@b") for date in days]


def refuses_damage(run, folder):
    """Whether a published revision that cannot be read is an error: without it a day would be missing."""
    day = folder / "curated" / "manifest" / "date=2026-11-20"
    newest = json.loads((day / "manifest.json").read_text(encoding="utf-8"))
    # Of a release whose revisions had no checksum of their history.
    newest["version"] = 2
    for member in ("content", "content_sha256", "history_sha256"):
        del newest[member]
    progress = "output_bytes parts parts_converted parts_failed parts_outdated parts_waiting source_bytes tables"
    newest["history"] |= {"revision": 2, "state": "reopened", "progress": dict.fromkeys(progress.split(), 0)}
    (day / "manifest.json").write_text(json.dumps(newest), encoding="utf-8")
    (day / "r000001.json").write_text("damaged", encoding="utf-8")
    try:
        run("duckdb", folder / "damaged.sql", "--dir", folder)
    except SystemExit as error:
        return "r000001.json" in str(error)
    return False


def compare(database, truth, failures):
    wanted = {}
    for table in truth.tables:
        columns = [name for name, _ in truth.columns[table]]
        rows = [tuple(row[name] for name in [*columns, "date"]) for row in truth.all_rows(table)]
        wanted[table] = wanted[f"{table}_live"] = ([*columns, "date"], rows)
    wanted |= {name: make() for name, make in Views(truth).all().items()}
    wanted["daymark_latest"] = (["date"], [(truth.newest,)])
    found = {
        name for (name,) in database.sql(
            "SELECT view_name FROM duckdb_views() WHERE NOT internal AND schema_name = 'main'"
        ).fetchall()
    }
    parts = {"daymark_parts": len(truth.parts()), "daymark_parts_latest": len(truth.parts(truth.newest))}
    for name in sorted({*found, *wanted} - {*parts}):
        if name not in found or name not in wanted:
            failures.check(name, False, "only one side has it")
            continue
        columns, rows = wanted[name]
        answer = database.sql(f'SELECT * FROM "{name}"')
        if sorted(answer.columns) != sorted(columns):
            failures.check(name, False, f"columns differ: expected {columns}, found {answer.columns}")
            continue
        order = [answer.columns.index(column) for column in columns]
        got = same([tuple(row[place] for place in order) for row in answer.fetchall()])
        rows = same(rows)
        missing, more = rows - got, got - rows
        failures.check(name, not missing and not more and rows, f"missing {shown(missing)}\n  too many {shown(more)}")
    for name, count in parts.items():
        [(found_count,)] = database.sql(f"SELECT count(*) FROM {name}").fetchall()
        failures.check(name, found_count == count, f"expected {count} rows, found {found_count}")


def shown(rows):
    return f"{rows.total()}, such as {min(rows, key=repr, default=())}"[:1500]


class Failures:
    def __init__(self):
        self.checked = self.count = 0

    def check(self, name, holds, why):
        self.checked += 1
        if not holds:
            self.count += 1
            print(f"{name}: {why}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])))
