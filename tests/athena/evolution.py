"""Schemas that change from day to day: every query over all days still answers."""

import datetime

from gaps import hold

# What a newer release, or a user's own catalog, says of a column and a table that were unknown before. What was published
# as text stays text.
LEARNED = """
[[table]]
name = "OWNERS"
[[table.columns]]
name = "NICKNAME"
type = "string"
comment = "What friends say."

[[table]]
name = "THINGS"
comment = "Things."
[[table.columns]]
name = "ID"
type = "string"
[[table.columns]]
name = "COLOUR"
type = "string"
[[table.columns]]
name = "WEIGHT"
type = "double"
"""


def check(engine_of, lake, report):
    """A new column on day 2, a missing one on day 3, a table of events that comes on day 2, on day 4 a catalog that knows more."""
    today = datetime.date.today()
    days = [(today - datetime.timedelta(days=back)).isoformat() for back in (4, 3, 2, 1)]
    first, last = days[0], days[-1]
    lake.part(days[0], "OWNERS", "OWNERID,EMAIL\n1,a@b\n2,\n")
    lake.part(days[0], "THINGS", "ID,COLOUR\n7,red\n")
    lake.publish(first, last)
    lake.part(days[1], "OWNERS", "OWNERID,EMAIL,NICKNAME\n1,a@b,Al\n")
    lake.part(days[1], "EVENTS_LUNCH", "ID,DISH\nx,soup\n")
    lake.part(days[1], "THINGS", "ID,COLOUR\n7,blue\n")
    lake.publish(first, last)
    lake.part(days[2], "OWNERS", "OWNERID,NICKNAME\n1,Bo\n3,Cy\n")
    lake.part(days[2], "THINGS", "COLOUR,ID\nred,8\n")
    lake.publish(first, last)
    lake.part(days[3], "OWNERS", "OWNERID,NICKNAME,EMAIL\n4,Di,d@e\n")
    lake.part(days[3], "THINGS", "ID,COLOUR,WEIGHT\n9,green,1.5\n")
    lake.publish(first, last, DAYMARK_CATALOG=LEARNED)
    asked = engine_of(lake.name)
    owners = [
        (1, "a@b", None, days[0]), (2, None, None, days[0]), (1, "a@b", "Al", days[1]),
        (1, None, "Bo", days[2]), (3, None, "Cy", days[2]), (4, "d@e", "Di", days[3]),
    ]
    things = [
        ("7", "red", None, days[0]), ("7", "blue", None, days[1]), ("8", "red", None, days[2]), ("9", "green", 1.5, days[3]),
    ]
    for name, sql, wanted in [
        ("owners", "SELECT ownerid, email, nickname, date FROM {} ORDER BY date, ownerid", owners),
        ("things", "SELECT id, colour, weight, date FROM {} ORDER BY date, id", things),
        ("events_lunch", "SELECT id, dish, NULL, date FROM {} ORDER BY date", [("x", "soup", None, days[1])]),
    ]:
        for suffix in ("", "_live"):
            found, _ = asked.ask(sql.format(name + suffix))
            report("change", name + suffix, len(found), [] if found == wanted else [f"expected {wanted}", f"found {found}"])
    found, _ = asked.ask("SELECT nickname FROM owners_latest")
    report("change", "owners_latest", len(found), [] if found == [("Di",)] else [f"found {found}"])
    account(engine_of, lake, report, days)
    odd(engine_of, lake, report, days)
    # Every column, by every day, also where its files have it not.
    for name in ("owners", "things", "events_lunch", "owners_latest", "things_latest", "events_lunch_typed", "daymark_parts"):
        rows, _ = asked.ask(f"SELECT * FROM {name}")
        report("change", f"{name}, whole", len(rows), [])


TYPES = "OBJECT_AND_EVENT_TYPE_DEFINITIONS"
CONTACTS = "OBJECTTYPEID,FULLYQUALIFIEDNAME,NAME,PLURALLABEL\n0-1,CONTACT,CONTACT,Contacts\n"
# What an account's definitions, records and links are on three days: on the second a property comes, a column of records and one of
# links, and a type of record; on the third the property has another type, and the columns are gone.
ACCOUNT = [
    {
        TYPES: CONTACTS,
        "PROPERTY_DEFINITIONS": "OBJECTTYPEID,NAME,TYPE\n0-1,lifecyclestage,string\n",
        "ASSOCIATION_DEFINITIONS": "COMBINEDASSOCIATIONTYPEID,FROMOBJECTTYPEID,TOOBJECTTYPEID,NAME\n0-1,0-1,0-2,to_company\n",
        "OBJECTS": "OBJECTTYPEID,OBJECTID\n0-1,1\n",
        "OBJECT_WITH_OBJECT_PROPERTIES": 'OBJECTTYPEID,OBJECTID,PROPERTIES\n0-1,1,"{""lifecyclestage"":""lead""}"\n',
        "ASSOCIATIONS": "COMBINEDASSOCIATIONTYPEID,FROMOBJECTTYPEID,FROMOBJECTID,TOOBJECTTYPEID,TOOBJECTID\n0-1,0-1,1,0-2,9\n",
    },
    {
        TYPES: CONTACTS + "2-7,p1_boat,boat,Boats\n",
        "PROPERTY_DEFINITIONS": "OBJECTTYPEID,NAME,TYPE\n0-1,lifecyclestage,string\n0-1,age,string\n2-7,length,number\n",
        "ASSOCIATION_DEFINITIONS": "COMBINEDASSOCIATIONTYPEID,FROMOBJECTTYPEID,TOOBJECTTYPEID,NAME,LABEL\n"
        "0-1,0-1,0-2,to_company,Firm\n1-5,0-1,2-7,sails,\n",
        "OBJECTS": "OBJECTTYPEID,OBJECTID,SHADE\n0-1,1,red\n2-7,5,\n",
        "OBJECT_WITH_OBJECT_PROPERTIES": "OBJECTTYPEID,OBJECTID,PROPERTIES\n"
        '0-1,1,"{""lifecyclestage"":""customer"",""age"":""7""}"\n2-7,5,"{""length"":""12.5""}"\n',
        "ASSOCIATIONS": "COMBINEDASSOCIATIONTYPEID,FROMOBJECTTYPEID,FROMOBJECTID,TOOBJECTTYPEID,TOOBJECTID,SINCE\n"
        "0-1,0-1,1,0-2,9,May\n1-5,0-1,1,2-7,5,\n",
    },
    {
        TYPES: CONTACTS + "2-7,p1_boat,boat,Boats\n",
        "PROPERTY_DEFINITIONS": "OBJECTTYPEID,NAME,TYPE\n0-1,lifecyclestage,string\n0-1,age,number\n2-7,length,number\n",
        "ASSOCIATION_DEFINITIONS": "COMBINEDASSOCIATIONTYPEID,FROMOBJECTTYPEID,TOOBJECTTYPEID,NAME\n0-1,0-1,0-2,to_company\n",
        "OBJECTS": "OBJECTID,OBJECTTYPEID\n1,0-1\n",
        "OBJECT_WITH_OBJECT_PROPERTIES": 'OBJECTTYPEID,OBJECTID,PROPERTIES\n0-1,1,"{""age"":""eight""}"\n',
        "ASSOCIATIONS": "COMBINEDASSOCIATIONTYPEID,FROMOBJECTTYPEID,FROMOBJECTID,TOOBJECTTYPEID,TOOBJECTID\n0-1,0-1,1,0-2,9\n",
    },
]


def account(engine_of, lake, report, days):
    """Views of records and links, and a ready query, over all days of an account whose definitions change."""
    for day, tables in zip(days, ACCOUNT):
        for table, text in tables.items():
            lake.part(day, table, text)
        lake.publish(days[0], day, DAYMARK_CATALOG=LEARNED)
    lake.publish(days[0], days[3], DAYMARK_CATALOG=LEARNED)
    asked = engine_of(lake.name)
    one, two, three, _ = days
    for name, columns, wanted in [
        (
            "objects_contacts", "objectid, shade, property_lifecyclestage, property_age, property_unparsed_age",
            [(1, None, "lead", None, None, one), (1, "red", "customer", 7.0, "7", two), (1, None, None, None, "eight", three)],
        ),
        ("objects_boats", "objectid, property_length", [(5, 12.5, two)]),
        (
            "associations_contacts_to_companies", "contact_objectid, company_objectid, name, label, since",
            [
                (1, 9, "to_company", None, None, one), (1, 9, "to_company", "Firm", "May", two),
                (1, 9, "to_company", None, None, three),
            ],
        ),
    ]:
        found, _ = asked.ask(f"SELECT {columns}, date FROM {name} ORDER BY date")
        report("change", f"{name}, all days", len(found), [] if found == wanted else [f"expected {wanted}", f"found {found}"])
        report("change", f"{name}, whole", len(asked.ask(f"SELECT * FROM {name}")[0]), [])
    stages = [
        (one, "lead", 1, None), (two, "customer", 1, 1), (two, "lead", 0, -1), (three, "(none)", 1, 1), (three, "customer", 0, -1),
    ]
    hold(asked, report, "contacts_by_lifecycle_stage", stages)


# Of dates and numbers: what each text is as a timestamp.
ODD = {
    "2026-11-20T01:02:03+01:00": "2026-11-20 00:02:03.000", "2026-11-20T01:02:03.500Z": "2026-11-20 01:02:03.500",
    "2026-11-20": "2026-11-20 00:00:00.000", "2026-11-20T01:02:03+14:00": "2026-11-19 11:02:03.000", "2026-11-20 01:02:03-0330": "2026-11-20 04:32:03.000",
    "1775001600000": "2026-04-01 00:00:00.000", "-1000": "1969-12-31 23:59:59.000", "2026-11-20T01:02:03+15:00": None,
    "2026-11-20T01:02:03-23:59": None, "2026-11-20T01:02:03+01:02:03": None, "2026-11-20T01:02:03+14:01": None,
    "2026-11-20 01:02:03.123 +0000": "2026-11-20 01:02:03.123", "2026-11-20 01:02:03.123 -0800": "2026-11-20 09:02:03.123",
    "2026-11-20 01:02:03.123 Z": "2026-11-20 01:02:03.123", "2026-11-20T01:02:03 +01:00": "2026-11-20 00:02:03.000",
    "2026-11-20 01:02:03 +15:00": None, "2026-11-20T01:02:03 + 15:00": None, "2026-11-20 01:02:03  Z": None, "2026-11-20T01:02:03+1500": None,
    "99999999999999999": None, "99999999999999999999": None, "soon": None,
}


def odd(engine_of, lake, report, days):
    """What is no instant is NULL, with its text beside it, and fails no query."""
    rows = "".join(f'0-1,{n},"{{""born"":""{text}""}}"\n' for n, text in enumerate(ODD))
    lake.part(days[3], "OBJECT_AND_EVENT_TYPE_DEFINITIONS", "OBJECTTYPEID,FULLYQUALIFIEDNAME,NAME,PLURALLABEL\n0-1,CONTACT,CONTACT,Contacts\n")
    lake.part(days[3], "PROPERTY_DEFINITIONS", "OBJECTTYPEID,NAME,TYPE\n0-1,born,datetime\n")
    lake.part(days[3], "OBJECTS", "OBJECTTYPEID,OBJECTID\n" + "".join(f"0-1,{n}\n" for n in range(len(ODD))))
    lake.part(days[3], "OBJECT_WITH_OBJECT_PROPERTIES", "OBJECTTYPEID,OBJECTID,PROPERTIES\n" + rows)
    lake.publish(days[0], days[3], DAYMARK_CATALOG=LEARNED)
    found, _ = engine_of(lake.name).ask(
        "SELECT property_unparsed_born, CAST(property_born AS varchar) FROM objects_contacts_latest ORDER BY objectid"
    )
    faults = [f"{text}: expected {ODD[text]}, found {born}" for text, born in found if born != ODD[text]]
    if len(found) != len(ODD):
        faults.append(f"expected {len(ODD)} rows")
    report("change", "objects_contacts_latest, odd instants", len(found), faults)
