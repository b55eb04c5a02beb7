"""What is true of a sample: its rows, as its generator wrote them, without Parquet, SQL, or any code of the product."""

import collections
import datetime
import gzip
import json
import pathlib


class Truth:
    """The rows of the days of a sample."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.expected = json.loads((self.folder / "expected.json").read_text(encoding="utf-8"))
        self.days = sorted(path.name.removeprefix("date=") for path in self.folder.glob("date=*"))
        self.newest = self.days[-1]
        self.columns = {
            table: [(column["name"], column["type"]) for column in columns]
            for table, columns in self.expected["tables"].items()
        }
        self._rows = {}

    @property
    def tables(self):
        return sorted(self.columns)

    def rows(self, table, date):
        """A table's rows of a day, as dictionaries of values as Trino's client gives them; of no day, no rows."""
        if (table, date) not in self._rows:
            path = self.folder / f"date={date}" / f"{table}.jsonl.gz"
            rows = []
            if path.exists():
                types = dict(self.columns[table])
                with gzip.open(path, "rt", encoding="utf-8", newline="\n") as lines:
                    for line in lines:
                        row = json.loads(line)
                        rows.append({name: value(row.get(name), kind) for name, kind in types.items()})
            self._rows[table, date] = rows
        return self._rows[table, date]

    def all_rows(self, table, days=None):
        """A table's rows of all days, with their date."""
        for date in days or self.days:
            for row in self.rows(table, date):
                yield {**row, "date": date}

    def parts(self, date=None):
        """What is expected of parts that were not refused."""
        return [
            part for part in self.expected["parts"]
            if part["refused"] is None and date in (None, part["date"])
        ]


def value(found, kind):
    if found is None or kind != "timestamp":
        return found
    return datetime.datetime.fromisoformat(found.replace("Z", "+00:00")).replace(tzinfo=None)


def same(rows):
    """Rows as they are compared where order says nothing: each as often as it is there."""
    return collections.Counter(map(tuple, rows))
