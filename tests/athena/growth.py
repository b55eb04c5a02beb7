"""What a question to the newest day costs, with 20 days in the lake and with 400."""

import datetime

DAYS = 400
FEW = 20
QUESTIONS = ["owners_latest", "things_latest", "daymark_parts_latest"]
# Of the engine's statistics: what grows if a query looks at days that it does not need.
COUNTED = ["processedRows", "processedBytes", "totalSplits"]


def check(engine_of, lake, report):
    """The newest day stays the same: 380 earlier ones come behind it."""
    today = datetime.date.today()
    days = [(today - datetime.timedelta(days=back)).isoformat() for back in range(DAYS, 0, -1)]
    costs = []
    for count in (FEW, DAYS):
        for day in days[-count:]:
            lake.part(day, "OWNERS", "OWNERID,EMAIL\n" + "".join(f"{n},{n}@x\n" for n in range(50)))
            lake.part(day, "THINGS", "ID,COLOUR\n" + "".join(f"{n},red\n" for n in range(20)))
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
