"""What a question to the newest day costs, with 20 days in the lake and with 400."""

import datetime

DAYS = 400
FEW = 20
QUESTIONS = [
    "owners_latest", "things_latest", "daymark_parts_latest", "objects_contacts_latest", "associations_contacts_to_companies_latest",
    "events_lunch_typed_latest", "property_history_current_latest",
]
# What each day has, small: an account of two contacts and a company.
ACCOUNT = {
    "OBJECT_AND_EVENT_TYPE_DEFINITIONS": "OBJECTTYPEID,FULLYQUALIFIEDNAME,NAME,PLURALLABEL,SINGULARLABEL\n"
    "0-1,CONTACT,CONTACT,Contacts,Contact\n0-2,COMPANY,COMPANY,Companies,Company\n6-1,pe1_lunch,pe1_lunch,,Lunch\n",
    "PROPERTY_DEFINITIONS": "OBJECTTYPEID,NAME,TYPE\n0-1,age,number\n6-1,price,number\n",
    "ASSOCIATION_DEFINITIONS": "COMBINEDASSOCIATIONTYPEID,FROMOBJECTTYPEID,TOOBJECTTYPEID,NAME\n0-279,0-1,0-2,contact_to_company\n",
    "OBJECTS": "OBJECTTYPEID,OBJECTID\n0-1,1\n0-1,2\n0-2,3\n",
    "OBJECT_WITH_OBJECT_PROPERTIES": 'OBJECTTYPEID,OBJECTID,PROPERTIES\n0-1,1,"{""age"":""7""}"\n0-1,2,{}\n',
    "ASSOCIATIONS": "COMBINEDASSOCIATIONTYPEID,FROMOBJECTTYPEID,FROMOBJECTID,TOOBJECTTYPEID,TOOBJECTID\n0-279,0-1,1,0-2,3\n",
    "EVENTS_LUNCH": "ID,PROPERTY_PRICE\nx,2\n",
    "OBJECT_PROPERTIES_HISTORY": "OBJECTTYPEID,OBJECTID,NAME,VALUE,UPDATEDAT\n0-1,1,age,6,2026-01-01 00:00:00\n0-1,1,age,7,2026-01-02 00:00:00\n",
    "OWNERS": "OWNERID,EMAIL\n" + "".join(f"{n},{n}@x\n" for n in range(50)),
    "THINGS": "ID,COLOUR\n" + "".join(f"{n},red\n" for n in range(20)),
}
# Of the engine's statistics: what grows if a query looks at days that it does not need.
COUNTED = ["processedRows", "processedBytes", "physicalInputBytes", "totalSplits"]


def check(engine_of, lake, report):
    """The newest day stays the same: 380 earlier ones come behind it."""
    today = datetime.date.today()
    days = [(today - datetime.timedelta(days=back)).isoformat() for back in range(DAYS, 0, -1)]
    costs = []
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
        for name in QUESTIONS:
            rows, stats = asked.ask(f"SELECT * FROM {name}")
            cost[name] = [len(rows), *(stats[member] for member in COUNTED)]
        costs.append(cost)
    for name in QUESTIONS:
        few, many = (cost[name] for cost in costs)
        print(f"         {name}: rows, {', '.join(COUNTED)}: {few} of {FEW} days, {many} of {DAYS} days")
        grown = few[0] != many[0] or any(after > before for before, after in zip(few, many))
        report("growth", name, many[0], ["it grows with days"] if grown or not many[0] else [])
