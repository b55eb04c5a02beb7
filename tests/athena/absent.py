"""Days that lack a table that views prefer: each day is read from the table that it has, whatever the newest day has."""

import datetime
import json

T = "OBJECT_AND_EVENT_TYPE_DEFINITIONS"
ACCOUNT = {
    T: "OBJECTTYPEID,FULLYQUALIFIEDNAME,NAME,PLURALLABEL\n0-1,CONTACT,CONTACT,Contacts\n0-2,COMPANY,COMPANY,Companies\n",
    "PROPERTY_DEFINITIONS": "OBJECTTYPEID,NAME,TYPE\n0-1,email,string\n0-1,age,number\n",
    "ASSOCIATION_DEFINITIONS": "COMBINEDASSOCIATIONTYPEID,FROMOBJECTTYPEID,TOOBJECTTYPEID,NAME,ISMAINASSOCIATIONDEFINITION\n0-1,0-1,0-2,main,true\n",
    "ASSOCIATIONS": "COMBINEDASSOCIATIONTYPEID,FROMOBJECTTYPEID,FROMOBJECTID,TOOBJECTTYPEID,TOOBJECTID\n0-1,0-1,1,0-2,9\n",
    "OBJECTS": "OBJECTTYPEID,OBJECTID,UPDATEDAT,SHADE\n0-1,1,2026-11-01 00:00:00,red\n0-1,2,2026-11-01 00:00:00,blue\n",
    "OBJECT_WITH_OBJECT_PROPERTIES": 'OBJECTTYPEID,OBJECTID,PROPERTIES\n0-1,1,"{""email"":""a@b"",""age"":""7""}"\n',
}
# Of each property an older value is there too, before or behind the newer one.
ROWS = (
    "OBJECTTYPEID,OBJECTID,NAME,VALUE,UPDATEDAT\n0-1,1,age,6,2026-10-01 00:00:00\n0-1,1,email,a@b,2026-11-01 00:00:00\n"
    "0-1,1,age,7,2026-11-01 00:00:00\n0-1,1,email,old@b,\n"
)
THEN = datetime.datetime(2026, 11, 1)
OBJECTS = "SELECT objectid, updatedat, shade, property_email, property_age, date FROM objects_contacts{} ORDER BY date, objectid"
LINKS = "SELECT name, ismainassociationdefinition, date FROM associations_contacts_to_companies{} ORDER BY date"


def check(engine_of, lake, report):
    today = datetime.date.today()
    days = [(today - datetime.timedelta(days=back)).isoformat() for back in (4, 3, 2, 1)]
    whole, without_records, in_rows, again = days
    lacks = {
        whole: {},
        # Of the second contact nothing is known then, and of the first no shade: the other table has no such column.
        without_records: {"OBJECTS": None},
        in_rows: {"OBJECT_WITH_OBJECT_PROPERTIES": None, "OBJECT_PROPERTIES": ROWS, "ASSOCIATION_DEFINITIONS": None},
        again: {T: None},
    }
    records = []
    for day in days:
        for table, text in {**ACCOUNT, **lacks[day]}.items():
            if text:
                lake.part(day, table, text)
        lake.publish(days[0], day)
        asked = engine_of(lake.name)
        if day == without_records:
            of_day = [(1, None, None, "a@b", 7.0, day)]
        else:
            of_day = [(1, THEN, "red", "a@b", 7.0, day), (2, THEN, "blue", None, None, day)]
        records += of_day
        links = [("main", True, it) for it in days[: days.index(day) + 1]]
        for sql, suffix, wanted in [
            (OBJECTS, "", records), (OBJECTS, "_latest", of_day), (LINKS, "", links), (LINKS, "_latest", links[-1:]),
        ]:
            found, _ = asked.ask(sql.format(suffix))
            view = sql.split("FROM ")[1].split("{")[0] + suffix
            report("gaps", f"{view}, {day}", len(found), [] if found == wanted else [f"expected {wanted}", f"found {found}"])
    # Where one day is asked for, the others' files stay closed, but for those that define the links of a day without.
    for view, others in (("objects_contacts", set()), ("associations_contacts_to_companies", {without_records})):
        for day in days:
            tables, faults = opened(asked, view, day, {day} | others)
            report("gaps", f"{view} of {day}, tables", tables, faults)
    # Whoever counts records opens no properties: these are most of what there is to read.
    ((plan,),) = asked.ask("EXPLAIN SELECT count(*) FROM objects_contacts_latest")[0]
    for column, is_read in (("objectid", True), ("properties", False)):
        is_there = f"{column}:" in plan
        report("gaps", f"{column} of objects_contacts_latest, counted", 1, [] if is_there is is_read else [plan])


def opened(asked, view, day, allowed):
    """How many tables the engine's plan reads, and what of them beyond these days."""
    ((plan,),) = asked.ask(f"EXPLAIN (TYPE IO, FORMAT JSON) SELECT * FROM {view} WHERE date = '{day}'")[0]
    faults = []
    tables = json.loads(plan)["inputTableColumnInfos"]
    for table in tables:
        name = table["table"]["schemaTable"]["table"]
        of_date = [c for c in table["constraint"]["columnConstraints"] if c["columnName"] == "date"]
        if not of_date:
            faults.append(f"{name} is read whole")
        for constraint in of_date:
            for span in constraint["domain"]["ranges"]:
                if span["low"].get("value") != span["high"].get("value") or span["low"].get("value") not in allowed:
                    faults.append(f"{name} is read from {span['low']} to {span['high']}")
    return len(tables), faults
