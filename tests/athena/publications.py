"""A day that is published again and again while somebody asks for it: no error, no mixture of two publications."""

import datetime
import threading

PUBLICATIONS = 200
# Contents that the day has in turn; each of so many rows, in two parts of one table.
CONTENTS = 8
ROWS = 500
PARTS = ["data_0_0_0", "data_0_1_0"]
# Before every so many publications, a source comes that has no Parquet yet: the sweep in between reopens the day.
REOPENED_EVERY = 4
LATE = "{prefix}/{day}/OWNERS/data_0_9_0.csv.gz"
# What stays the same beside it: records whose properties change.
RECORDS = {
    "PROPERTY_DEFINITIONS": "OBJECTTYPEID,NAME,TYPE\n0-1,content,number\n",
    "OBJECTS": "OBJECTTYPEID,OBJECTID\n" + "".join(f"0-1,{n}\n" for n in range(2 * ROWS)),
}
# By what is asked: its column that tells the content, its id, and how many ids there are.
ASKED = {
    "owners": ("email", "ownerid", ROWS), "owners_latest": ("email", "ownerid", ROWS),
    "objects_contacts": ("property_unparsed_content", "objectid", 2 * ROWS),
    "objects_contacts_latest": ("property_unparsed_content", "objectid", 2 * ROWS),
}


def check(engine_of, lake, report):
    day = (datetime.date.today() - datetime.timedelta(days=1)).isoformat()
    contents = []
    for table, text in RECORDS.items():
        lake.part(day, table, text)
    lake.convert(day, day)
    lake.put_all()
    for content in range(CONTENTS):
        text = "OWNERID,EMAIL\n" + "".join(f"{n},{content}\n" for n in range(ROWS))
        sources = {lake.part(day, "OWNERS", text, part): None for part in PARTS}
        for place, part in enumerate(PARTS):
            ids = range(place * ROWS, (place + 1) * ROWS)
            rows = "".join(f'0-1,{n},"{{""content"":""{content}""}}"\n' for n in ids)
            text = f"OBJECTTYPEID,OBJECTID,PROPERTIES\n{rows}"
            sources[lake.part(day, "OBJECT_WITH_OBJECT_PROPERTIES", text, part)] = None
        before = set(lake.outputs())
        lake.convert(day, day)
        outputs = {key: path for key, path in lake.outputs().items() if key not in before}
        contents.append(({path: path.read_bytes() for path in sources}, outputs))
    if any(len(outputs) != 2 * len(PARTS) for _, outputs in contents):
        report("again", "contents", 0, [f"expected {2 * len(PARTS)} files each"])
        return

    def land(sources):
        for path, body in sources.items():
            key = path.relative_to(lake.folder / "landing").as_posix()
            lake.s3.put_object(Bucket="landing", Key=key, Body=body)

    def convert(outputs):
        for key, path in outputs.items():
            lake.s3.put_object(Bucket=lake.curated, Key=key, Body=path.read_bytes())

    land(contents[0][0])
    convert(contents[0][1])
    lake.sweep(day, day)
    reopened = 0
    watch = Watch(engine_of(lake.name), day)
    with watch:
        for number in range(1, PUBLICATIONS + 1):
            sources, outputs = contents[number % CONTENTS]
            convert(outputs)
            if number % REOPENED_EVERY == 0:
                late = LATE.format(prefix=lake.name, day=day)
                lake.s3.put_object(Bucket="landing", Key=late, Body=next(iter(sources.values())))
                reopened += lake.sweep(day, day).count("reopened") > 0
                lake.s3.delete_object(Bucket="landing", Key=late)
            land(sources)
            lake.sweep(day, day)
            if number % 50 == 0:
                print(f"         {number} publications, {watch.queries} queries", flush=True)
    newest = lake.s3.list_objects_v2(Bucket=lake.curated, Prefix=f"manifest/date={day}/r")
    revisions = sum(entry["Key"].endswith(".json") for entry in newest["Contents"])
    faults = watch.faults[:5]
    if revisions < PUBLICATIONS:
        faults.append(f"expected {PUBLICATIONS} revisions or more, found {revisions}")
    if reopened != PUBLICATIONS // REOPENED_EVERY:
        faults.append(f"expected {PUBLICATIONS // REOPENED_EVERY} reopenings, found {reopened}")
    if len(watch.seen) < CONTENTS:
        faults.append(f"of {CONTENTS} contents only {sorted(watch.seen)} were seen")
    print(f"         {revisions} revisions, {reopened} reopenings, {watch.queries} queries, {len(watch.faults)} errors or mixtures")
    report("again", f"owners and contacts of one day, {PUBLICATIONS} times", watch.queries, faults)


class Watch(threading.Thread):
    """Asks in a loop."""

    def __init__(self, asked, day):
        super().__init__()
        self.asked, self.day = asked, day
        self.queries, self.faults, self.seen, self.ended = 0, [], set(), False

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.ended = True
        self.join()

    def run(self):
        names = list(ASKED)
        while not self.ended:
            name = names[self.queries % len(names)]
            content, key, ids_wanted = ASKED[name]
            self.queries += 1
            try:
                found, _ = self.asked.ask(
                    f"SELECT count({content}), min({content}), max({content}), count(DISTINCT {key}) FROM {name} "
                    f"WHERE date = '{self.day}'"
                )
            except Exception as error:  # noqa: BLE001: whatever it is, it is counted
                self.faults.append(f"{name}: {error}"[:500])
                continue
            count, least, most, ids = found[0]
            if (count, ids) != (ROWS * len(PARTS), ids_wanted) or least != most:
                self.faults.append(f"{name}: {found[0]}")
            self.seen.add(least)
