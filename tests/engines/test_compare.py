"""Shows that compare.py finds what differs: writes Parquet from truth, mutates it, and expects a failure each time.

Usage: test_compare.py SAMPLE, a directory that `daymark sample` wrote. Exit status 1 if a mutation is not found.
"""

import gzip
import itertools
import pathlib
import shutil
import subprocess
import sys
import tempfile

import pyarrow
import pyarrow.parquet

import compare

TYPES = {
    "string": pyarrow.string(),
    "json": pyarrow.string(),
    "bigint": pyarrow.int64(),
    "boolean": pyarrow.bool_(),
    "timestamp": pyarrow.timestamp("ms", tz="UTC"),
}


# Rows of the table that are compared: enough to have every kind of cell that is mutated.
ROWS = 2_000


def main(sample):
    expected = compare.json.loads((sample / "truth/expected.json").read_text(encoding="utf-8"))
    date, table = expected["days"][0], "object_properties"
    columns = [(column["name"], column["type"]) for column in expected["tables"][table]]
    asked = ["--table", table, "--date", date]
    failures = 0
    with tempfile.TemporaryDirectory() as scratch:
        tree, truth = pathlib.Path(scratch, "curated"), pathlib.Path(scratch, "truth")
        (truth / f"date={date}").mkdir(parents=True)
        shutil.copyfile(sample / "truth/expected.json", truth / "expected.json")
        name = f"date={date}/{table}.jsonl.gz"
        with gzip.open(sample / "truth" / name, "rt", newline="\n") as lines, gzip.open(truth / name, "wt", newline="\n") as few:
            few.writelines(itertools.islice(lines, ROWS))
        rows = list(compare.truth_rows(truth / name, columns))
        write(tree, table, date, columns, rows[::-1])
        failures += expect(tree, truth, 0, "truth itself", asked)
        for name, mutate in MUTATIONS.items():
            mutated_columns, mutated = mutate(columns, [list(row) for row in rows])
            write(tree, table, date, mutated_columns, mutated)
            for engine in compare.ENGINES:
                failures += expect(tree, truth, 1, name, ["--engine", engine, *asked])
        write(tree, table, date, columns, rows)
        write(tree, "unknown", date, columns, rows)
        failures += expect(tree, truth, 1, "a table that truth does not know", ["--date", date, "--table", "unknown"])
        (tree / f"table={table}/date={date}/a.parquet").unlink()
        failures += expect(tree, truth, 1, "a table without files", asked)
    return 1 if failures else 0


def write(tree, table, date, columns, rows):
    folder = tree / f"table={table}" / f"date={date}"
    folder.mkdir(parents=True, exist_ok=True)
    cells = list(zip(*rows))
    arrays = [pyarrow.array(values, pyarrow.int64() if kind == "timestamp" else TYPES[kind]).cast(TYPES[kind])
              for values, (_, kind) in zip(cells, columns)]
    pyarrow.parquet.write_table(pyarrow.table(arrays, names=[name for name, _ in columns]), folder / "a.parquet")


def expect(tree, truth, status, name, arguments):
    command = [sys.executable, compare.__file__, tree, truth, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    good = done.returncode == status
    print(f"{'ok   ' if good else 'WRONG'} {name} {' '.join(arguments[:2])}: {done.stdout.splitlines()[0][:200] if status else done.stdout.splitlines()[-1]}")
    if not good:
        print(done.stdout, done.stderr)
    return 0 if good else 1


def cell(column, matches, value):
    def mutate(columns, rows):
        place = [name for name, _ in columns].index(column)
        row = next(row for row in rows if matches(row[place]))
        row[place] = value(row[place])
        return columns, rows

    return mutate


def rename(columns, rows):
    return [(name.replace("value", "val"), kind) for name, kind in columns], rows


def retype(columns, rows):
    place = [name for name, _ in columns].index("objectid")
    for row in rows:
        row[place] = None if row[place] is None else str(row[place])
    return [(name, "string" if name == "objectid" else kind) for name, kind in columns], rows


MUTATIONS = {
    "empty becomes NULL": cell("value", lambda text: text == "", lambda _: None),
    "NULL becomes empty": cell("value", lambda text: text is None, lambda _: ""),
    "composed becomes decomposed": cell("value", lambda text: text and "é" in text, lambda text: text.replace("é", "e\u0301")),
    "a line break becomes another": cell("value", lambda text: text and "\r\n" in text, lambda text: text.replace("\r\n", "\n")),
    "an instant is off by a millisecond": cell("updatedat", lambda at: at is not None, lambda at: at + 1),
    "a number is off by one": cell("objectid", lambda number: number is not None, lambda number: number + 1),
    "a row is lost": lambda columns, rows: (columns, rows[1:]),
    "a row comes twice": lambda columns, rows: (columns, [*rows, rows[0]]),
    "a row comes in another's place": lambda columns, rows: (columns, [rows[1], *rows[1:]]),
    "a column has another name": rename,
    "a column has another type": retype,
}

if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(pathlib.Path(sys.argv[1])))
