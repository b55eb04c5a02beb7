"""A type with more properties than a view has room for, and a type whose view is configured, whole in the engine."""

import base64
import datetime
import decimal
import json

import boto3
from lake import credentials

# More than Athena's limit on a statement has room for.
PROPERTIES = 4000
# Those that a record has. By their names alone they would be the last to be taken in.
USED = {"zz_size": ("number", "12.5"), "zz_when": ("datetime", "1775001600000"), "zz_word": ("string", "red")}
STATEMENT_BYTES_MAX = 262_144
TYPES = "OBJECT_AND_EVENT_TYPE_DEFINITIONS"
KIND = "OBJECTTYPEID,FULLYQUALIFIEDNAME,NAME,PLURALLABEL\n2-7,p1_gadget,gadget,Gadgets\n"
VIEW = "objects_gadgets_latest"


def check(engine_of, lake, report):
    today = datetime.date.today()
    first, last = ((today - datetime.timedelta(days=back)).isoformat() for back in (2, 1))
    unused = "".join(f"2-7,measure_of_what_nobody_fills_in_{n:04},number\n" for n in range(PROPERTIES))
    used = "".join(f"2-7,{name},{kind}\n" for name, (kind, _) in USED.items())
    definitions = f"OBJECTTYPEID,NAME,TYPE\n{unused}{used}"
    lake.part(first, TYPES, KIND)
    lake.part(first, "PROPERTY_DEFINITIONS", definitions)
    lake.part(first, "OBJECTS", "OBJECTTYPEID,OBJECTID\n2-7,1\n2-7,2\n")
    values = json.dumps({name: value for name, (_, value) in USED.items()}).replace('"', '""')
    lake.part(first, "OBJECT_WITH_OBJECT_PROPERTIES", f'OBJECTTYPEID,OBJECTID,PROPERTIES\n2-7,1,"{values}"\n')
    lake.publish(first, first)
    asked = engine_of(lake.name)
    rows, _ = asked.ask(f"SELECT property_zz_size, property_zz_when, property_zz_word FROM {VIEW} ORDER BY objectid")
    wanted = [(12.5, datetime.datetime(2026, 4, 1), "red"), (None, None, None)]
    faults = [] if rows == wanted else [f"expected {wanted}", f"found {rows}"]
    whole, _ = asked.ask(f"SELECT * FROM {VIEW}")
    view = written(lake, VIEW)
    size, columns = len(view["originalSql"].encode()), len(view["columns"])
    print(f"         {VIEW}: {columns} columns, a statement of {size} bytes; {view['comment']}")
    if size > STATEMENT_BYTES_MAX or columns < 500:
        faults.append(f"expected some hundreds of columns in {STATEMENT_BYTES_MAX} bytes")
    if "left out" not in view["comment"]:
        faults.append("expected its comment to say what is left out")
    report("wide", f"{VIEW}, {PROPERTIES} properties", len(whole), faults)

    # On the next day properties come in rows, and the view is what settings say.
    lake.part(last, TYPES, KIND)
    lake.part(last, "PROPERTY_DEFINITIONS", definitions)
    lake.part(last, "OBJECTS", "OBJECTTYPEID,OBJECTID\n2-7,1\n2-7,2\n")
    in_rows = "".join(f"2-7,1,{name},{value}\n" for name, (_, value) in USED.items())
    lake.part(last, "OBJECT_PROPERTIES", f"OBJECTTYPEID,OBJECTID,NAME,VALUE\n{in_rows}2-7,2,zz_size,twelve\n")
    settings = {"decimals": [18, 4], "properties": {"2-7": ["zz_word", "zz_size"]}, "names": {"2-7": "tools"}}
    lake.publish(first, last, DAYMARK_VIEWS=json.dumps(settings))
    rows, _ = asked.ask("SELECT * FROM objects_tools_latest ORDER BY objectid")
    names = [column for column, _ in asked.columns("objects_tools_latest")]
    found = [{name: row[names.index(name)] for name in names if name.startswith("property_")} for row in rows]
    wanted = [
        {"property_zz_word": "red", "property_zz_size": decimal.Decimal("12.5"), "property_unparsed_zz_size": "12.5"},
        {"property_zz_word": None, "property_zz_size": None, "property_unparsed_zz_size": "twelve"},
    ]
    report("wide", "objects_tools_latest, configured", len(rows), [] if found == wanted else [f"expected {wanted}", f"found {found}"])


def written(lake, name):
    """The view as it stands in the catalog."""
    table = boto3.client("glue", **credentials(lake.aws)).get_table(DatabaseName=lake.name, Name=name)["Table"]
    text = table["ViewOriginalText"].removeprefix("/* Presto View: ").removesuffix(" */")
    return json.loads(base64.b64decode(text))
