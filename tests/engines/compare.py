"""Compares a curated tree with a sample's truth, cell by cell, as DuckDB, pyarrow and Polars each read it.

Each engine opens the Parquet files by itself and hands over its own values. For each table and day the rows must be the
same ones, each as often as in truth, in any order: NULL is not empty, text is equal code point by code point, numbers
are exact, instants are equal to the millisecond in UTC, and columns have the types of truth/expected.json. A column
that a file has not counts as NULL, as it does in Athena.

Memory stays flat: rows are hashed, and only where the sums differ are they read again to name the first difference.
"""

import argparse
import collections
import datetime
import gzip
import hashlib
import json
import pathlib
import re
import sys

BATCH_ROWS = 20_000
# How many differing rows are kept to find the pair that differs least.
KEPT_ROWS_MAX = 2_000
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


class Mismatch(Exception):
    """What an engine sees is not what truth says."""


def main():
    options = parse_arguments()
    expected = json.loads((options.truth / "expected.json").read_text(encoding="utf-8"))
    engines = [ENGINES[name] for name in options.engines]
    wanted = truth_files(options, expected)
    found = curated_files(options)
    failures = 0
    for table, date in sorted(wanted.keys() - found.keys()):
        failures += report_failure("all", table, date, "truth has rows, the curated tree has no file")
    for table, date in sorted(found.keys() - wanted.keys()):
        failures += report_failure("all", table, date, "the curated tree has files that truth does not know")
    if not wanted:
        failures += report_failure("all", "-", "-", "truth has nothing to compare with")
    for table, date in sorted(wanted.keys() & found.keys()):
        columns = [(column["name"], column["type"]) for column in expected["tables"][table]]
        truth = summarise(truth_rows(wanted[table, date], columns))
        for engine in engines:
            failures += compare(engine, table, date, columns, wanted[table, date], truth, found[table, date])
    print(f"{len(wanted)} tables and days, {len(engines)} engines, {failures} failures")
    return 1 if failures else 0


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n\n")[0],
        epilog="Exit status: 0 all equal, 1 something differs, 2 wrong arguments. Example: "
        "compare.py out/curated sample/truth --engine polars --table objects --date 2026-11-20",
    )
    parser.add_argument("curated", type=folder, help="tree with …/table=X/date=D/*.parquet anywhere in it")
    parser.add_argument("truth", type=folder, help="the truth folder of a sample, with expected.json")
    parser.add_argument("--engine", dest="engines", action="append", choices=sorted(ENGINES), help="only this engine; may be repeated")
    parser.add_argument("--table", dest="tables", action="append", help="only this table; may be repeated")
    parser.add_argument("--date", dest="dates", action="append", help="only this day; may be repeated")
    options = parser.parse_args()
    options.engines = options.engines or sorted(ENGINES)
    return options


def folder(text):
    path = pathlib.Path(text)
    if not path.is_dir():
        raise argparse.ArgumentTypeError(f"{text} is no folder")
    return path


def is_asked_for(options, table, date):
    return (not options.tables or table in options.tables) and (not options.dates or date in options.dates)


def truth_files(options, expected):
    """(table, date) to truth file. Every part that has rows must be covered by one."""
    files = {}
    for path in sorted(options.truth.glob("date=*/*.jsonl.gz")):
        key = path.name.removesuffix(".jsonl.gz"), path.parent.name.removeprefix("date=")
        if is_asked_for(options, *key):
            files[key] = path
    for part in expected["parts"]:
        key = part["table"], part["date"]
        if part["refused"] is None and part["rows"] and is_asked_for(options, *key) and key not in files:
            raise SystemExit(f"{options.truth}: no file for table {key[0]}, day {key[1]}")
    return files


def curated_files(options):
    """(table, date) to Parquet files."""
    files = collections.defaultdict(list)
    for path in sorted(options.curated.rglob("*.parquet")):
        match = re.search(r"/table=([^/]+)/date=([^/]+)/[^/]+\.parquet$", path.as_posix())
        if match and is_asked_for(options, *match.groups()):
            files[match.groups()].append(path)
    return files


def compare(engine, table, date, columns, truth_file, truth, files):
    """Prints one line; answers 1 if the engine sees something else."""
    try:
        found = summarise(engine(files, columns))
        if found != truth:
            difference = first_difference(engine, truth_file, files, columns)
            raise Mismatch(f"{truth[0]} rows expected, {found[0]} found; {difference}")
    except Mismatch as mismatch:
        return report_failure(engine.__name__, table, date, mismatch)
    print(f"ok    {engine.__name__:8} {date} {table}: {found[0]} rows")
    return 0


def report_failure(engine, table, date, what):
    print(f"FAIL  {engine:8} {date} {table}: {what}")
    return 1


def summarise(rows):
    """Number of rows and a sum of their hashes: equal for equal rows in any order, each counted as often as it comes."""
    count, total = 0, 0
    for row in rows:
        count += 1
        total += fingerprint(row)
    return count, total % (1 << 128)


def fingerprint(row):
    # repr tells None, '', 0, False and '0' apart, and writes text code point by code point.
    digest = hashlib.blake2b(repr(row).encode("utf-8", "surrogatepass"), digest_size=16).digest()
    return int.from_bytes(digest, "big")


def first_difference(engine, truth_file, files, columns):
    """A missing and an unexpected row that differ least, cell by cell."""
    surplus = collections.Counter(fingerprint(row) for row in truth_rows(truth_file, columns))
    surplus.subtract(fingerprint(row) for row in engine(files, columns))
    missing = rows_of(truth_rows(truth_file, columns), {key for key, count in surplus.items() if count > 0})
    unexpected = rows_of(engine(files, columns), {key for key, count in surplus.items() if count < 0})
    if not missing:
        return f"unexpected row {unexpected[0]!r}"
    if not unexpected:
        return f"missing row {missing[0]!r}"
    first = missing[0]
    nearest = min(unexpected, key=lambda row: sum(a != b for a, b in zip(first, row)))
    cells = [
        f"{name}: expected {a!r}, found {b!r}" for (name, _), a, b in zip(columns, first, nearest) if repr(a) != repr(b)
    ]
    return f"first difference in row {first!r}: " + "; ".join(cells)


def rows_of(rows, keys):
    kept = []
    for row in rows:
        if len(kept) == KEPT_ROWS_MAX:
            break
        if fingerprint(row) in keys:
            kept.append(row)
    return kept


def truth_rows(path, columns):
    """Rows of truth: instants as milliseconds, all else as JSON has it."""
    with gzip.open(path, "rt", encoding="utf-8", newline="\n") as lines:
        for line in lines:
            cells = json.loads(line)
            yield tuple(truth_cell(cells.get(name), kind) for name, kind in columns)


def truth_cell(value, kind):
    if kind != "timestamp" or value is None:
        return value
    instant = datetime.datetime.strptime(value, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=datetime.timezone.utc)
    return milliseconds(instant)


def milliseconds(instant):
    since = instant - EPOCH
    if since.microseconds % 1_000:
        raise Mismatch(f"instant {instant} is finer than a millisecond")
    return (since.days * 86_400 + since.seconds) * 1_000 + since.microseconds // 1_000


def check_types(engine, path, found, columns, allowed):
    """`found` maps column names to the engine's types; `allowed` maps ours to those that will do."""
    for name in found:
        if name not in dict(columns):
            raise Mismatch(f"{path.name}: column {name} is not expected")
    for name, kind in columns:
        if name in found and found[name] not in allowed[kind]:
            raise Mismatch(f"{path.name}: column {name} is {found[name]} in {engine}, expected {' or '.join(allowed[kind])}")


def duckdb(files, columns):
    import duckdb as engine

    allowed = {
        "string": ["VARCHAR"],
        "json": ["VARCHAR", "JSON"],
        "bigint": ["BIGINT"],
        "boolean": ["BOOLEAN"],
        "timestamp": ["TIMESTAMP WITH TIME ZONE"],
    }
    connection = engine.connect()
    for path in files:
        # The folder names would be columns otherwise.
        source = "read_parquet(?, hive_partitioning = false)"
        described = connection.execute(f"DESCRIBE SELECT * FROM {source}", [str(path)]).fetchall()
        found = {row[0]: row[1] for row in described}
        check_types("DuckDB", path, found, columns, allowed)
        selected = ", ".join(duckdb_cell(name, kind) if name in found else "NULL" for name, kind in columns)
        result = connection.execute(f"SELECT {selected} FROM {source}", [str(path)])
        while rows := result.fetchmany(BATCH_ROWS):
            for row in rows:
                yield tuple(
                    exact_milliseconds(value) if kind == "timestamp" else value
                    for value, (_, kind) in zip(row, columns)
                )


def duckdb_cell(name, kind):
    quoted = '"' + name.replace('"', '""') + '"'
    return f"epoch_us({quoted})" if kind == "timestamp" else quoted


def exact_milliseconds(microseconds):
    if microseconds is None:
        return None
    if microseconds % 1_000:
        raise Mismatch("an instant is finer than a millisecond")
    return microseconds // 1_000


def pyarrow(files, columns):
    import pyarrow.parquet

    allowed = {
        "string": ["string", "large_string", "string_view"],
        "json": ["string", "large_string", "string_view", "extension<arrow.json>"],
        "bigint": ["int64"],
        "boolean": ["bool"],
        "timestamp": ["timestamp[ms, tz=UTC]"],
    }
    for path in files:
        with pyarrow.parquet.ParquetFile(path) as file:
            found = {field.name: str(field.type) for field in file.schema_arrow}
            check_types("pyarrow", path, found, columns, allowed)
            for batch in file.iter_batches(batch_size=BATCH_ROWS):
                lists = [pyarrow_cells(batch, name, kind) for name, kind in columns]
                yield from zip(*lists)


def pyarrow_cells(batch, name, kind):
    if name not in batch.schema.names:
        return [None] * batch.num_rows
    cells = batch.column(name)
    return (cells.cast("int64") if kind == "timestamp" else cells).to_pylist()


def polars(files, columns):
    import polars as engine

    allowed = {
        "string": ["String"],
        "json": ["String"],
        "bigint": ["Int64"],
        "boolean": ["Boolean"],
        "timestamp": ["Datetime(time_unit='ms', time_zone='UTC')"],
    }
    for path in files:
        # A file object, so that the folder names do not become columns.
        with open(path, "rb") as source:
            frame = engine.read_parquet(source, use_pyarrow=False)
        found = {name: str(kind) for name, kind in frame.schema.items()}
        check_types("Polars", path, found, columns, allowed)
        selected = [
            (engine.col(name).dt.epoch("ms") if kind == "timestamp" else engine.col(name)).alias(name)
            if name in found
            else engine.lit(None).alias(name)
            for name, kind in columns
        ]
        for batch in frame.iter_slices(BATCH_ROWS):
            yield from batch.select(selected).iter_rows()


ENGINES = {engine.__name__: engine for engine in (duckdb, pyarrow, polars)}

if __name__ == "__main__":
    sys.exit(main())
