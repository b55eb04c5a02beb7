"""Ready queries on days that lack OBJECTS, and on tables that say the same twice."""

import datetime
import pathlib
import re

QUERIES = pathlib.Path(__file__).parents[2] / "queries"
# One won deal of 100 in May and one contact of one company. Every table that names are looked up in has each row twice.
TWICE = {
    "PIPELINES": ("OBJECTTYPEID,PIPELINEID,LABEL", ["0-3,sales,Sales"]),
    "PIPELINE_STAGES": (
        "OBJECTTYPEID,PIPELINEID,STAGEID,METADATA",
        ['0-3,sales,won,"{""isClosed"":""true"",""probability"":""1.0""}"'],
    ),
    "OWNERS": ("OWNERID,FIRSTNAME,LASTNAME", ["7,Ada,Byron"]),
    "LISTS": ("LISTID,NAME", ["5,Friends"]),
    "OBJECTS": ("OBJECTTYPEID,OBJECTID,UPDATEDAT", ["0-1,1,{at}", "0-2,2,{at}"]),
}
ONCE = {
    "OBJECT_AND_EVENT_TYPE_DEFINITIONS": (
        "OBJECTTYPEID,FULLYQUALIFIEDNAME,NAME,PLURALLABEL",
        ["0-1,CONTACT,CONTACT,Contacts", "0-2,COMPANY,COMPANY,Companies", "0-3,DEAL,DEAL,Deals"],
    ),
    "PROPERTY_DEFINITIONS": (
        "OBJECTTYPEID,NAME,TYPE",
        [
            "0-1,email,string", "0-2,name,string", "0-3,amount,number", "0-3,closedate,datetime", "0-3,pipeline,string",
            "0-3,dealstage,string", "0-3,hubspot_owner_id,string",
        ],
    ),
    "ASSOCIATION_DEFINITIONS": (
        "COMBINEDASSOCIATIONTYPEID,FROMOBJECTTYPEID,TOOBJECTTYPEID,NAME,ISMAINASSOCIATIONDEFINITION",
        ["0-1,0-1,0-2,contact_to_company,true", "0-4,0-1,0-3,contact_to_deal,false"],
    ),
    "OBJECT_WITH_OBJECT_PROPERTIES": (
        "OBJECTTYPEID,OBJECTID,PROPERTIES",
        [
            '0-1,1,"{""email"":""a@b""}"', '0-2,2,"{""name"":""Acme""}"',
            '0-3,3,"{""amount"":""100"",""closedate"":""2026-05-02T00:00:00Z"",""pipeline"":""sales"",""dealstage"":""won"",'
            '""hubspot_owner_id"":""7""}"',
        ],
    ),
    "ASSOCIATIONS": (
        "COMBINEDASSOCIATIONTYPEID,FROMOBJECTTYPEID,FROMOBJECTID,TOOBJECTTYPEID,TOOBJECTID",
        ["0-1,0-1,1,0-2,2", "0-4,0-1,1,0-3,3"],
    ),
    "LIST_MEMBERSHIPS": ("LISTID,OBJECTID", ["5,1", "5,2"]),
}


def check(engine_of, lake, report):
    today = datetime.date.today()
    days = [(today - datetime.timedelta(days=back)).isoformat() for back in (4, 3, 2, 1)]
    for number, day in enumerate(days[:2]):
        for table, (header, rows) in (TWICE | ONCE).items():
            again = rows * 2 if table in TWICE else rows
            put(lake, day, table, header, [row.replace("{at}", f"2026-01-0{number + 1} 00:00:00") for row in again])
        # The deal itself comes once; on the first day there is none.
        put(lake, day, "OBJECTS", TWICE["OBJECTS"][0], ["0-3,3,2026-01-02 00:00:00"] * number, "data_0_1_0")
    lake.publish(days[0], days[1])
    asked = engine_of(lake.name)
    hold(asked, report, "deals_won_by_month", [("2026-05", "Sales", "Ada Byron", 1, 100.0)])
    hold(asked, report, "list_growth", [(days[0], 5, "Friends", 2, None), (days[1], 5, "Friends", 2, 0)])
    hold(asked, report, "contacts_companies_deals", [(1, "a@b", "Acme", 1, 100.0)])
    changed = [("0-1", 0, 0, 1), ("0-2", 0, 0, 1), ("0-3", 1, 0, 0)]
    hold(asked, report, "changed_since_yesterday", changed)
    # Two days later nothing is gone: OBJECTS did not come, or came without a row.
    for day in days[2:]:
        put(lake, day, *("OWNERS", *TWICE["OWNERS"]))
    put(lake, days[3], "OBJECTS", TWICE["OBJECTS"][0], [])
    for day in days[2:]:
        lake.publish(day, day)
        ((newest,),), _ = asked.ask("SELECT date FROM daymark_latest")
        hold(asked, report, "changed_since_yesterday", changed, [] if newest == day else [f"{day} is not published"])


def put(lake, day, table, header, rows, part="data_0_0_0"):
    lake.part(day, table, "\n".join([header, *rows, ""]), part)


def hold(asked, report, name, wanted, faults=()):
    sql = (QUERIES / f"{name}.sql").read_text(encoding="utf-8")
    rows, _ = asked.ask(re.sub(r";\s*$", "", sql))
    report("gaps", name, len(rows), [*faults, *([] if rows == wanted else [f"expected {wanted}", f"found {rows}"])])
