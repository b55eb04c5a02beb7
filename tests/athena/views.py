"""What each view has to hold, computed from a sample's truth by the rules of SEMANTICS.md and nothing else.

Names come from the definitions of the newest day, as HubSpot builds them; values from the rows of each day.
"""

import collections
import datetime
import decimal
import json
import math
import re

DEFINITIONS = "object_and_event_type_definitions"
EPOCH = datetime.datetime(1970, 1, 1)


def word(label):
    """A label in a view's name."""
    return re.sub("[^a-z0-9_]", "_", label.strip().lower())


def plural(kind):
    return word(kind["plurallabel"] or kind["singularlabel"] + "s")


# HubSpot's types that the sample calls otherwise than their views are called: these have two.
HUBSPOTS = {"0-101": "commerce_payments"}


def text(found):
    """A property's value as text."""
    if found is None or isinstance(found, str):
        return found
    if isinstance(found, (bool, list, dict)):
        return json.dumps(found, separators=(",", ":"))
    return str(found)


def number(found):
    try:
        return float(decimal.Decimal(found))
    except (decimal.InvalidOperation, TypeError):
        return None


def instant(found):
    if found is None:
        return None
    if re.fullmatch("-?[0-9]+", found):
        return EPOCH + datetime.timedelta(milliseconds=int(found))
    try:
        parsed = datetime.datetime.fromisoformat(found)
    except ValueError:
        return None
    return parsed.astimezone(datetime.timezone.utc).replace(tzinfo=None) if parsed.tzinfo else parsed


def day(found):
    parsed = instant(found)
    return parsed and parsed.date()


def flag(found):
    return {"true": True, "false": False}.get((found or "").lower())


TYPED = {"number": number, "datetime": instant, "date": day, "bool": flag}
# Trino's types of what properties are, and of what a sample's columns are; all else is its own name, or text.
OF_PROPERTIES = {"number": "double", "datetime": "timestamp(3)", "date": "date", "bool": "boolean"}
OF_COLUMNS = {"string": "varchar", "json": "varchar", "timestamp": "timestamp(3)"}


class Name(str):
    """A column's name that knows its type in Trino."""

    def __new__(cls, name, kind="varchar"):
        made = super().__new__(cls, name)
        made.kind = kind
        return made


def property_columns(kind, column):
    """The columns of a property, and what makes their values of its text."""
    if kind not in TYPED:
        return [(Name(column), lambda raw: raw)]
    unparsed = column.replace("property_", "property_unparsed_", 1)
    return [(Name(column, OF_PROPERTIES[kind]), TYPED[kind]), (Name(unparsed), lambda raw: raw)]


def newest(rows):
    """The one of several rows that changed last."""
    return max(rows, key=lambda row: [rank(row.get("updatedat")), rank(row.get("ingestedat"))])


def records(rows):
    """Each record once, and each row whose id could not be read."""
    by_id = collections.defaultdict(list)
    for row in rows:
        by_id[row["objecttypeid"], row["objectid"]].append(row)
    for (_, objectid), of_id in by_id.items():
        yield from of_id if objectid is None else [newest(of_id)]


def links(rows):
    """Each link once, and each row of which an id could not be read: rows that differ in INGESTEDAT alone are one link."""
    by_link = collections.defaultdict(list)
    for row in rows:
        by_link[tuple(found for name, found in sorted(row.items()) if name != "ingestedat")].append(row)
    for of_link in by_link.values():
        yield from of_link if None in (of_link[0]["fromobjectid"], of_link[0]["toobjectid"]) else [newest(of_link)]


class Views:
    """The views of a sample: by name, the columns and rows that each must have."""

    def __init__(self, truth):
        self.truth = truth
        newest = truth.newest
        self.kinds = {row["objecttypeid"]: row for row in truth.rows(DEFINITIONS, newest)}
        self.properties = collections.defaultdict(list)
        for row in truth.rows("property_definitions", newest):
            self.properties[row["objecttypeid"]].append((row["name"], row["type"]))
        self.pairs = {
            (row["fromobjecttypeid"], row["toobjecttypeid"]): (row["fromobjecttype"], row["toobjecttype"])
            for row in truth.rows("association_definitions", newest)
        }

    def all(self):
        """Names, and what makes their columns and rows."""
        views = {}
        for type_id, kind in self.kinds.items():
            if type_id[:2] in ("0-", "2-"):
                for name in {plural(kind), HUBSPOTS.get(type_id, plural(kind))}:
                    views[f"objects_{name}"] = lambda days, type_id=type_id: self.objects(type_id, days)
        for pair in self.pairs:
            name = "associations_{}_to_{}".format(*(plural(self.kinds[end]) for end in pair))
            views[name] = lambda days, pair=pair: self.links(pair, days)
        for table in self.truth.tables:
            if table.startswith("events_"):
                views[f"{table}_typed"] = lambda days, table=table: self.events(table, days)
        views["property_history_current"] = self.history_current
        newest = [self.truth.newest]
        every = {name: lambda make=make: make(self.truth.days) for name, make in views.items()}
        every |= {f"{name}_latest": lambda make=make: make(newest) for name, make in views.items()}
        for table in self.truth.tables:
            every[f"{table}_latest"] = lambda table=table: self.table(table, newest)
        return every

    def own(self, table):
        """A table's own columns."""
        return [Name(name, OF_COLUMNS.get(kind, kind)) for name, kind in self.truth.columns[table]]

    def table(self, table, days):
        columns = [*self.own(table), Name("date")]
        return columns, [tuple(row[name] for name in columns) for row in self.truth.all_rows(table, days)]

    def objects(self, type_id, days):
        base = self.own("objects")
        properties = [
            (name, property_columns(kind, f"property_{name}")) for name, kind in sorted(self.properties[type_id])
        ]
        columns = [column for _, made in properties for column, _ in made]
        rows = []
        for date in days:
            values = {}
            for row in records(self.truth.rows("object_with_object_properties", date)):
                if row["objecttypeid"] == type_id and row["objectid"] is not None:
                    values[row["objectid"]] = parsed(row["properties"])
            for record in records(self.truth.rows("objects", date)):
                if record["objecttypeid"] != type_id:
                    continue
                of_record = values.get(record["objectid"], {})
                row = [record[name] for name in base]
                for name, made in properties:
                    row += [make(text(of_record.get(name))) for _, make in made]
                rows.append((*row, date))
        return [*base, *columns, Name("date")], rows

    def links(self, pair, days):
        ends = [Name(f"{name.lower()}_objectid", "bigint") for name in self.pairs[pair]]
        own = [
            name for name in self.own("associations")
            if name in ("combinedassociationtypeid", "associationcategory", "associationtypeid", "ingestedat")
        ]
        told = [
            name for name in self.own("association_definitions") if name in ("name", "label", "ismainassociationdefinition")
        ]
        rows = []
        for date in days:
            definitions = {
                row["combinedassociationtypeid"]: row for row in self.truth.rows("association_definitions", date)
            }
            for link in links(self.truth.rows("associations", date)):
                if (link["fromobjecttypeid"], link["toobjecttypeid"]) == pair:
                    definition = definitions.get(link["combinedassociationtypeid"], dict.fromkeys(told))
                    row = [link["fromobjectid"], link["toobjectid"], *(link[name] for name in own)]
                    rows.append((*row, *(definition[name] for name in told), date))
        return [*ends, *own, *told, Name("date")], rows

    def events(self, table, days):
        """Typed where the definitions of the event that the table is named after say more than text."""
        bare = table.removeprefix("events_")
        ids = [
            type_id for type_id, kind in self.kinds.items()
            if re.sub("^(e|pe[0-9]+)_", "", kind["name"]) == bare
        ]
        kinds = dict(self.properties[ids[0]]) if ids else {}
        typed = {
            name: kinds[name.removeprefix("property_")] for name, _ in self.truth.columns[table]
            if kinds.get(name.removeprefix("property_")) in TYPED and name.startswith("property_")
        }
        same = [name for name in self.own(table) if name not in typed]
        properties = [(name, property_columns(typed[name], name)) for name in sorted(typed)]
        columns = [column for _, made in properties for column, _ in made]
        rows = []
        for row in self.truth.all_rows(table, days):
            of_row = [row[name] for name in same]
            for name, made in properties:
                of_row += [make(row[name]) for _, make in made]
            rows.append((*of_row, row["date"]))
        return [*same, *columns, Name("date")], rows

    def history_current(self, days):
        columns = [*self.own("object_properties_history"), Name("date")]
        newest = {}
        for row in self.truth.all_rows("object_properties_history", days):
            key = (row["date"], row["objecttypeid"], row["objectid"], row["name"])
            # Nobody knows whose these are.
            key += (len(newest),) if None in key[2:] else ()
            age = [rank(row["updatedat"]), rank(row["ingestedat"]), rank(row["value"])]
            if key not in newest or age > newest[key][0]:
                newest[key] = (age, tuple(row[name] for name in columns))
        return columns, [row for _, row in newest.values()]


def rank(found):
    """NULL before everything."""
    return (found is not None, found if found is not None else 0)


def parsed(json_text):
    """The properties in a JSON text; none if it is no JSON object."""
    try:
        found = json.loads(json_text, parse_constant=not_strict)
    except (TypeError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def not_strict(constant):
    raise ValueError(constant)


def close(one, other):
    """Whether two values are the same; sums of doubles depend on their order."""
    if isinstance(one, float) and isinstance(other, (int, float)) and not isinstance(other, bool):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=0.0051)
    return one == other and type(one) is type(other)
