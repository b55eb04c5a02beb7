"""What a question to the newest day costs, with 20 days in the lake and with 400: views, and the ready queries about it."""

import datetime
import pathlib
import re

QUERIES = pathlib.Path(__file__).parents[2] / "queries"

DAYS = 400
FEW = 20
QUESTIONS = [
    "owners_latest", "things_latest", "daymark_parts_latest", "objects_contacts_latest", "associations_contacts_to_companies_latest",
    "events_lunch_typed_latest", "property_history_current_latest",
]
# Ready queries about the newest day, or the newest two, with their parameters.
READY = {
    "changed_since_yesterday": (), "companies_deals": (), "contacts_companies_deals": (), "deals_won_by_month": (),
    "email_events_by_campaign": (), "property_changes_of_a_record": ("0-1", 1),
}
# What each day has, small: an account of two contacts, a company and a deal.
ACCOUNT = {
    "OBJECT_AND_EVENT_TYPE_DEFINITIONS": "OBJECTTYPEID,FULLYQUALIFIEDNAME,NAME,PLURALLABEL,SINGULARLABEL\n"
    "0-1,CONTACT,CONTACT,Contacts,Contact\n0-2,COMPANY,COMPANY,Companies,Company\n6-1,pe1_lunch,pe1_lunch,,Lunch\n",
    "PROPERTY_DEFINITIONS": "OBJECTTYPEID,NAME,TYPE\n0-1,age,number\n0-1,email,string\n0-2,name,string\n0-3,amount,number\n"
    "0-3,closedate,datetime\n0-3,pipeline,string\n0-3,dealstage,string\n0-3,hubspot_owner_id,string\n6-1,price,number\n",
    "ASSOCIATION_DEFINITIONS": "COMBINEDASSOCIATIONTYPEID,FROMOBJECTTYPEID,TOOBJECTTYPEID,NAME,ISMAINASSOCIATIONDEFINITION\n"
    "0-279,0-1,0-2,contact_to_company,true\n0-4,0-1,0-3,contact_to_deal,true\n0-6,0-2,0-3,company_to_deal,true\n",
    "OBJECTS": "OBJECTTYPEID,OBJECTID\n0-1,1\n0-1,2\n0-2,3\n0-3,4\n",
    "OBJECT_WITH_OBJECT_PROPERTIES": 'OBJECTTYPEID,OBJECTID,PROPERTIES\n0-1,1,"{""age"":""7""}"\n0-1,2,{}\n'
    '0-3,4,"{""amount"":""9"",""pipeline"":""p"",""dealstage"":""s""}"\n',
    "ASSOCIATIONS": "COMBINEDASSOCIATIONTYPEID,FROMOBJECTTYPEID,FROMOBJECTID,TOOBJECTTYPEID,TOOBJECTID\n0-279,0-1,1,0-2,3\n"
    "0-4,0-1,1,0-3,4\n0-6,0-2,3,0-3,4\n",
    "EVENTS_LUNCH": "ID,PROPERTY_PRICE\nx,2\n",
    "OBJECT_PROPERTIES_HISTORY": "OBJECTTYPEID,OBJECTID,NAME,VALUE,UPDATEDAT\n0-1,1,age,6,2026-01-01 00:00:00\n0-1,1,age,7,2026-01-02 00:00:00\n",
    "OWNERS": "OWNERID,EMAIL\n" + "".join(f"{n},{n}@x\n" for n in range(50)),
    "THINGS": "ID,COLOUR\n" + "".join(f"{n},red\n" for n in range(20)),
}
# What the newest day has beside it, for the queries.
NEWEST = {
    "PIPELINES": "OBJECTTYPEID,PIPELINEID,LABEL\n0-3,p,P\n",
    "PIPELINE_STAGES": 'OBJECTTYPEID,PIPELINEID,STAGEID,METADATA\n0-3,p,s,"{""isClosed"":""true"",""probability"":""1.0""}"\n',
    "EVENTS_OPENED_EMAIL_V2": "ID,OBJECTID,PROPERTY_HS_EMAIL_CAMPAIGN_ID\na,1,8\n",
    "EVENTS_CLICKED_LINK_IN_EMAIL_V2": "ID,OBJECTID,PROPERTY_HS_EMAIL_CAMPAIGN_ID\nb,1,8\n",
}
# How often each question is asked; the least counts.
TIMES = 4
# By how much that may grow all the same: a join is spread over so many more threads at one time than at another. A query that
# looked at all days would have twenty times the days to read.
SPREAD = {"totalSplits": 1.25}
# Of the engine's statistics: what grows if a query looks at days that it does not need.
COUNTED = ["processedRows", "processedBytes", "physicalInputBytes", "totalSplits"]


def check(engine_of, lake, report):
    """The newest day stays the same: 380 earlier ones come behind it."""
    today = datetime.date.today()
    days = [(today - datetime.timedelta(days=back)).isoformat() for back in range(DAYS, 0, -1)]
    costs = []
    questions = {name: (f"SELECT * FROM {name}", ()) for name in QUESTIONS}
    for name, parameters in READY.items():
        sql = (QUERIES / f"{name}.sql").read_text(encoding="utf-8")
        questions[name] = (re.sub(r";\s*$", "", sql), parameters)
    for table, text in NEWEST.items():
        lake.part(days[-1], table, text)
    for count in (FEW, DAYS):
        for day in days[-count:]:
            for table, text in ACCOUNT.items():
                lake.part(day, table, text)
        print(f"         {count} days are converted and published", flush=True)
        lake.publish(days[-count], days[-1])
        asked = engine_of(lake.name)
        (days_there,), = asked.ask("SELECT count(DISTINCT date) FROM owners")[0]
        if days_there != count:
            report("growth", f"{count} days", days_there, [f"expected {count} days"])
            return
        cost = {}
        for name, (sql, parameters) in questions.items():
            # How the engine spreads a query over its threads differs from time to time, and counts as splits.
            asked_for = [asked.ask(sql, list(parameters)) for _ in range(TIMES)]
            cost[name] = [
                len(asked_for[0][0]), *(min(stats[member] for _, stats in asked_for) for member in COUNTED)
            ]
        costs.append(cost)
    for name in questions:
        few, many = (cost[name] for cost in costs)
        print(f"         {name}: rows, {', '.join(COUNTED)}: {few} of {FEW} days, {many} of {DAYS} days")
        most = [before * SPREAD.get(member, 1) for member, before in zip(COUNTED, few[1:])]
        grown = few[0] != many[0] or any(after > limit for limit, after in zip(most, many[1:]))
        report("growth", name, many[0], ["it grows with days"] if grown or not many[0] else [])
