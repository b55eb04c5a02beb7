"""What answers out of the database that `daymark duckdb` writes cost: memory where records are wide, files where days are many."""

import csv
import datetime
import gzip
import json
import pathlib
import re
import sys

DUCKDB = pathlib.Path(sys.executable).parent / "duckdb"
# As wide as ordinary accounts are, and what all of it may take.
RECORDS, PROPERTIES, SET = 3_000, 300, 100
MEMORY = "1GB"
KINDS = ["number", "string", "string", "bool", "datetime"]
# Days that are published, what is asked of one of them, and of how many tables.
DAYS = 30
OF_ONE_DAY = {
    "SELECT email FROM owners WHERE date = '{day}'": 1,
    "SELECT email FROM owners_latest": 1,
    "SELECT objectid, property_x FROM objects_contacts WHERE date = '{day}'": 2,
    "SELECT objectid, property_x FROM objects_contacts_latest": 2,
    "SELECT filename FROM things WHERE date = '{day}'": DAYS,
}


def wide(run, folder):
    """Asks for all columns of all records, and for some of all columns. Gives what is wrong."""
    names = [f"name_{n:04}" for n in range(PROPERTIES)]
    values = json.dumps(dict.fromkeys(names[::PROPERTIES // SET], "1763596800000"))
    day = "2026-11-20"
    land(folder, day, "OBJECT_AND_EVENT_TYPE_DEFINITIONS", [["OBJECTTYPEID", "NAME", "PLURALLABEL"], ["0-1", "CONTACT", "Contacts"]])
    kinds = [["0-1", name, KINDS[n % len(KINDS)]] for n, name in enumerate(names)]
    land(folder, day, "PROPERTY_DEFINITIONS", [["OBJECTTYPEID", "NAME", "TYPE"], *kinds])
    land(folder, day, "OBJECTS", [["OBJECTTYPEID", "OBJECTID"], *(["0-1", n] for n in range(RECORDS))])
    records = (["0-1", n, values] for n in range(RECORDS))
    land(folder, day, "OBJECT_WITH_OBJECT_PROPERTIES", [["OBJECTTYPEID", "OBJECTID", "PROPERTIES"], *records])
    run("backfill", "--dir", folder, "--from", day, "--to", day, "--quiet")
    run("duckdb", folder / "lake.duckdb", "--dir", folder)
    limit = f"SET memory_limit = '{MEMORY}'; SET max_temp_directory_size = '0KB'; SET threads = 2;"
    for question in (
        f"COPY (SELECT * FROM objects_contacts_latest) TO '{folder / 'all.parquet'}'",
        "SELECT * FROM objects_contacts_latest WHERE property_name_0003 = 'true' OR property_name_0006 = '1763596800000' "
        "ORDER BY property_name_0000 DESC LIMIT 10",
    ):
        try:
            run(folder / "lake.duckdb", limit + question, program=DUCKDB)
        except SystemExit as error:
            yield f"{question}\n{error}"


def many(run, folder):
    """By question, how many files are read, of a file a day and table, and how many may be."""
    first = datetime.date(2026, 10, 1)
    days = [str(first + datetime.timedelta(days=n)) for n in range(DAYS)]
    for day in days:
        land(folder, day, "OWNERS", [["OWNERID", "EMAIL"], [1, "a@b"]])
        land(folder, day, "OBJECTS", [["OBJECTTYPEID", "OBJECTID"], ["0-1", 1]])
        land(folder, day, "OBJECT_WITH_OBJECT_PROPERTIES", [["OBJECTTYPEID", "OBJECTID", "PROPERTIES"], ["0-1", 1, '{"x":"1"}']])
        # DuckDB's own name for what tells the file.
        land(folder, day, "THINGS", [["ID", "FILENAME"], [1, "a"]])
    land(folder, days[-1], "PROPERTY_DEFINITIONS", [["OBJECTTYPEID", "NAME", "TYPE"], ["0-1", "x", "string"]])
    run("backfill", "--dir", folder, "--from", days[0], "--to", days[-1], "--quiet")
    run("duckdb", folder / "lake.duckdb", "--dir", folder)
    for question, files in OF_ONE_DAY.items():
        plan = run(folder / "lake.duckdb", f"EXPLAIN ANALYZE {question.format(day=days[3])}", program=DUCKDB)
        yield question, sum(map(int, re.findall(r"Total Files Read: (\d+)", plan))), files


def land(folder, day, table, rows):
    path = folder / "landing" / "hubspot" / day / table / "data_0_0_0.csv.gz"
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(path, "wt", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
