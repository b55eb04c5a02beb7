"""Ready queries on days that lack a table, on tables that say everything twice, and on an account that renamed its deals."""

import datetime
import pathlib
import re

QUERIES = pathlib.Path(__file__).parents[2] / "queries"
# One won deal of 100 in May, one contact of one company. Each row comes twice, as when an unload is tried again.
TWICE = {
    "OBJECT_AND_EVENT_TYPE_DEFINITIONS": (
        "OBJECTTYPEID,FULLYQUALIFIEDNAME,NAME,PLURALLABEL",
        [
            "0-1,CONTACT,CONTACT,Contacts", "0-2,COMPANY,COMPANY,Companies", "0-3,DEAL,DEAL,Opportunities",
            "4-1,e_opened_email_v2,e_opened_email_v2,", "4-2,e_clicked_link_in_email_v2,e_clicked_link_in_email_v2,",
        ],
    ),
    # The two tables of events do not agree on what the id of a campaign is.
    "PROPERTY_DEFINITIONS": (
        "OBJECTTYPEID,NAME,TYPE",
        [
            "0-1,email,string", "0-1,lifecyclestage,string", "0-2,name,string", "0-3,amount,number", "0-3,closedate,datetime",
            "0-3,pipeline,string", "0-3,dealstage,string", "0-3,hubspot_owner_id,string", "4-1,hs_email_campaign_id,number",
            "4-2,hs_email_campaign_id,string",
        ],
    ),
    "ASSOCIATION_DEFINITIONS": (
        "COMBINEDASSOCIATIONTYPEID,FROMOBJECTTYPEID,TOOBJECTTYPEID,NAME,ISMAINASSOCIATIONDEFINITION",
        ["0-1,0-1,0-2,contact_to_company,true", "0-4,0-1,0-3,contact_to_deal,false", "0-6,0-2,0-3,company_to_deal,true"],
    ),
    "PIPELINES": ("OBJECTTYPEID,PIPELINEID,LABEL", ["0-3,sales,Sales"]),
    "PIPELINE_STAGES": (
        "OBJECTTYPEID,PIPELINEID,STAGEID,METADATA",
        ['0-3,sales,won,"{""isClosed"":""true"",""probability"":""1.0""}"'],
    ),
    "OWNERS": ("OWNERID,FIRSTNAME,LASTNAME", ["7,Ada,Byron"]),
    "LISTS": ("LISTID,NAME", ["5,Friends"]),
    "LIST_MEMBERSHIPS": ("LISTID,OBJECTID", ["5,1", "5,2"]),
    # The deal comes on the second day, and so does the time of the company's last change.
    "OBJECTS": ("OBJECTTYPEID,OBJECTID,UPDATEDAT", ["0-1,1,{at}", "0-2,2,{at}", "0-3,3,{at}"]),
    # Of the contact and the company an older row is there too, before or behind the newer one.
    "OBJECT_WITH_OBJECT_PROPERTIES": (
        "OBJECTTYPEID,OBJECTID,UPDATEDAT,PROPERTIES",
        [
            '0-1,1,2025-01-01 00:00:00,"{""email"":""old@b"",""lifecyclestage"":""lead""}"',
            '0-1,1,2026-01-01 00:00:00,"{""email"":""a@b"",""lifecyclestage"":""customer""}"',
            '0-2,2,2026-01-01 00:00:00,"{""name"":""Acme""}"', '0-2,2,,"{""name"":""Old Acme""}"',
            '0-3,3,2026-01-01 00:00:00,"{""amount"":""100"",""closedate"":""2026-05-02T00:00:00Z"",""pipeline"":""sales"",'
            '""dealstage"":""won"",""hubspot_owner_id"":""7""}"',
        ],
    ),
    # One link is there in two ways, of which one came at two times too. Of the last nobody knows whose it is.
    "ASSOCIATIONS": (
        "COMBINEDASSOCIATIONTYPEID,FROMOBJECTTYPEID,FROMOBJECTID,TOOBJECTTYPEID,TOOBJECTID,INGESTEDAT",
        [
            "0-1,0-1,1,0-2,2,2026-01-02 00:00:00", "0-1,0-1,1,0-2,2,2026-01-01 00:00:00", "0-279,0-1,1,0-2,2,2026-01-01 00:00:00",
            "0-4,0-1,1,0-3,3,", "0-6,0-2,2,0-3,3,", "0-1,0-1,,0-2,2,2026-01-01 00:00:00",
        ],
    ),
    # Two values of one instant: the later one is the greater.
    "OBJECT_PROPERTIES_HISTORY": (
        "OBJECTTYPEID,OBJECTID,NAME,VALUE,UPDATEDAT",
        [
            "0-1,1,lifecyclestage,lead,2026-01-01 00:00:00", "0-1,1,lifecyclestage,customer,2026-01-03 00:00:00",
            "0-1,1,lifecyclestage,opportunity,2026-01-02 00:00:00", "0-1,1,lifecyclestage,evangelist,2026-01-03 00:00:00",
        ],
    ),
    "EVENTS_OPENED_EMAIL_V2": ("ID,OBJECTID,PROPERTY_HS_EMAIL_CAMPAIGN_ID", ["a,1,120000000", "b,1,120000000"]),
    "EVENTS_CLICKED_LINK_IN_EMAIL_V2": ("ID,OBJECTID,PROPERTY_HS_EMAIL_CAMPAIGN_ID", ["c,1,120000000", "d,1,none"]),
}

# The links that these are.
FIRST, SECOND = datetime.datetime(2026, 1, 1), datetime.datetime(2026, 1, 2)
LINKS = [
    (1, 2, "0-1", SECOND, "contact_to_company"), (1, 2, "0-279", FIRST, None), (None, 2, "0-1", FIRST, "contact_to_company"),
    (None, 2, "0-1", FIRST, "contact_to_company"),
]
OF_LINKS = "contact_objectid, company_objectid, combinedassociationtypeid, ingestedat, name"

# What is asked of each view.
VALUES = {"contacts": "property_email", "companies": "property_name", "deals": "property_amount", "opportunities": "property_amount"}


def check(engine_of, lake, report):
    today = datetime.date.today()
    bare, *days = [(today - datetime.timedelta(days=back)).isoformat() for back in (5, 4, 3, 2, 1)]
    # A day with records, and nothing of their properties.
    for table in ("OBJECTS", "OWNERS"):
        put(lake, bare, table, *TWICE[table], "2026-01-01")
    for number, day in enumerate(days[:2]):
        for table, (header, rows) in TWICE.items():
            rows = ["0-1,1,{at}", "0-2,2,"] if (table, number) == ("OBJECTS", 0) else rows
            put(lake, day, table, header, rows, f"2026-01-0{number + 1}")
    lake.publish(bare, days[1])
    asked = engine_of(lake.name)
    for view, wanted in [
        ("objects_contacts_latest", [(1, "a@b")]), ("objects_companies_latest", [(2, "Acme")]),
        ("objects_deals_latest", [(3, 100.0)]), ("objects_opportunities_latest", [(3, 100.0)]),
    ]:
        rows, _ = asked.ask(f"SELECT objectid, {VALUES[view.split('_')[1]]} FROM {view}")
        report("gaps", view, len(rows), [] if rows == wanted else [f"expected {wanted}", f"found {rows}"])
    for view, of_days in (("associations_contacts_to_companies", 2), ("associations_contacts_to_companies_latest", 1)):
        rows, _ = asked.ask(f"SELECT {OF_LINKS} FROM {view} ORDER BY 1, 3, date")
        wanted = [link for link in LINKS for _ in range(of_days)]
        report("gaps", view, len(rows), [] if rows == wanted else [f"expected {wanted}", f"found {rows}"])
    hold(asked, report, "deals_won_by_month", [("2026-05", "Sales", "Ada Byron", 1, 100.0)])
    hold(asked, report, "list_growth", [(days[0], 5, "Friends", 2, None), (days[1], 5, "Friends", 2, 0)])
    hold(asked, report, "contacts_companies_deals", [(1, "a@b", "Acme", 1, 100.0)])
    hold(asked, report, "companies_deals", [(2, "Acme", 1, 100.0, 1)])
    hold(asked, report, "contacts_by_lifecycle_stage", [(days[0], "customer", 1, None), (days[1], "customer", 1, 0)])
    hold(asked, report, "email_events_by_campaign", [("120000000", 2, 1, 1, 50.0), ("none", 0, 1, 1, None)])
    stages = ["lead", "opportunity", "customer", "evangelist"]
    changes = [
        (datetime.datetime(2026, 1, day), "lifecyclestage", before, stage)
        for day, before, stage in zip((1, 2, 3, 3), [None, *stages], stages)
    ]
    hold(asked, report, "property_changes_of_a_record", changes, parameters=("0-1", 1))
    changed = [("0-1", 0, 0, 1), ("0-2", 0, 0, 1), ("0-3", 1, 0, 0)]
    hold(asked, report, "changed_since_yesterday", changed)
    # Two days later nothing is gone: OBJECTS did not come, or came without a row.
    for day in days[2:]:
        put(lake, day, "OWNERS", *TWICE["OWNERS"])
    put(lake, days[3], "OBJECTS", TWICE["OBJECTS"][0], [])
    for day in days[2:]:
        lake.publish(day, day)
        ((newest,),), _ = asked.ask("SELECT date FROM daymark_latest")
        hold(asked, report, "changed_since_yesterday", changed, [] if newest == day else [f"{day} is not published"])


def put(lake, day, table, header, rows, at=""):
    rows = [row.replace("{at}", f"{at} 00:00:00") for row in rows]
    lake.part(day, table, "\n".join([header, *rows, *rows, ""]))


def hold(asked, report, name, wanted, faults=(), parameters=()):
    sql = (QUERIES / f"{name}.sql").read_text(encoding="utf-8")
    rows, _ = asked.ask(re.sub(r";\s*$", "", sql), list(parameters))
    report("ready", name, len(rows), [*faults, *([] if rows == wanted else [f"expected {wanted}", f"found {rows}"])])
