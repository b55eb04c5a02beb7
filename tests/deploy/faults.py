"""What goes wrong, on purpose: a killed function, a throttling S3, a broken part, a message that fails five times, damage."""

import contextlib
import gzip
import json
import os
import random
import signal
import threading
import urllib.request

import local
import recorder as recording

HIDDEN_SECONDS = 10
# How often S3 throttles, by method.
THROTTLED = {"GET": 2, "PUT": 3}


class World:
    """All that a fault needs at hand."""

    def __init__(self, endpoint, stack, recorder, account, hubspot, lake, inbox, date):
        self.endpoint, self.stack, self.recorder = endpoint, stack, recorder
        self.account, self.hubspot, self.lake, self.inbox, self.date = account, hubspot, lake, inbox, date
        self.sqs = local.client("sqs", endpoint)
        self.logs = local.client("logs", endpoint)

    def put(self, name, body):
        self.hubspot.put(f"{self.date}/{name}", body)

    def parquet(self, table, stem):
        return [key for key in self.lake.parquet(self.date, table) if f"/{stem}-" in key]

    def wait_for_parquet(self, table, stem, seconds_max=180):
        (key,) = local.until(f"Parquet of {stem}", lambda: self.parquet(table, stem), seconds_max)
        local.Steps.say(key, "is there")

    def queue(self, name):
        wanted = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        url = self.stack.ids[name]
        found = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=wanted)["Attributes"]
        return sum(map(int, found.values()))

    def metrics(self, group):
        """What the functions say to CloudWatch: the lines of their log that are metrics."""
        lines = []
        for page in self.logs.get_paginator("filter_log_events").paginate(logGroupName=group):
            for event in page["events"]:
                for line in event["message"].splitlines():
                    with contextlib.suppress(ValueError):
                        lines += [json.loads(line)] if '"_aws"' in line else []
        return lines


def shorten_visibility(world):
    """Six timeouts are six minutes here: the template's test holds it to that, and nobody has to watch them pass."""
    url = world.stack.ids["PartsQueue"]
    world.sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": str(HIDDEN_SECONDS)})
    local.Steps.say("a message that failed comes back after", f"{HIDDEN_SECONDS} s instead of 360")


def killed(world):
    """SIGKILL while the function waits for its source."""
    held = threading.Event()
    release = threading.Event()
    killed_process = []

    def trap(call):
        if call.is_for("OWNERS/killed.csv.gz", "GET") and not killed_process:
            pid = recording.process_of(call.client_port)
            local.expect(pid, "the function's process has the connection")
            os.kill(pid, signal.SIGKILL)
            killed_process.append(pid)
            held.set()
            release.wait(recording.HOLD_SECONDS_MAX)
        return None

    with world.recorder.trap(trap):
        world.put("OWNERS/killed.csv.gz", world.account.bytes_of("owners"))
        local.until("the function to be killed", held.is_set)
        release.set()
        local.Steps.say(f"process {killed_process[0]} killed in the middle of OWNERS/killed.csv.gz", "SIGKILL")
        world.wait_for_parquet("owners", "killed")


def rules(upstream, port, landing, curated):
    """microburst's configuration: it throttles reads of the source's bucket and writes to the output's."""
    rule = {"service": "s3", "error": {"code": "SlowDown", "status": 503}}
    reads = {**rule, "operation": "GetObject", "resource": landing, "times": THROTTLED["GET"]}
    writes = {**rule, "operation": "PutObject", "resource": curated, "times": THROTTLED["PUT"]}
    return json.dumps({"upstream": f"http://127.0.0.1:{upstream}", "port": port, "rules": [reads, writes]})


def throttled(world, microburst):
    """SlowDown to reads and writes of one part, from a proxy that speaks S3's errors."""
    with microburst(world.recorder.upstream, world.stack.landing[0], world.stack.curated[0]) as port:

        # Only what is to be throttled goes there: what microburst passes on has another host in it than was signed.
        left = dict(THROTTLED)

        def trap(call):
            of_part = call.is_for("OWNERS/throttled.csv.gz", "GET")
            of_output = call.method == "PUT" and "/throttled-" in call.path
            if (of_part or of_output) and left[call.method]:
                left[call.method] -= 1
                return port
            return None

        with world.recorder.trap(trap):
            world.put("OWNERS/throttled.csv.gz", world.account.bytes_of("owners"))
            world.wait_for_parquet("owners", "throttled")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/_microburst/fired", timeout=10) as answer:
            fired = json.loads(answer.read())
    local.Steps.say("microburst fired", json.dumps(fired)[:300])
    local.expect(not any(left.values()), f"throttled requests that never came: {left}")


def poison(world):
    """A part that is cut off: a failure record, the metric that the alarm watches, a blocked day; then the same part, whole."""
    good = world.account.bytes_of("teams")
    world.put("TEAMS/poison.csv.gz", good[:-9])
    (record,) = local.until("a failure record", lambda: world.lake.keys(f"failed/table=teams/date={world.date}/"))
    local.Steps.say(record, "", json.loads(world.lake.read(record))["message"])
    group = world.stack.outputs["LogGroup"]

    def told():
        return [m for m in world.metrics(group) if m.get("PartsFailed")]

    metric = local.until("the metric PartsFailed", told)[0]
    alarm = local.client("cloudwatch", world.endpoint).describe_alarms(AlarmNames=[f"{world.stack.name}-parts-failed"])
    (alarm,) = alarm["MetricAlarms"]
    dimensions = {d["Name"]: d["Value"] for d in alarm["Dimensions"]}
    directive = metric["_aws"]["CloudWatchMetrics"][0]
    local.expect(directive["Namespace"] == alarm["Namespace"], "the alarm's namespace is the metric's")
    local.expect(all(metric[name] == value for name, value in dimensions.items()), f"{dimensions} are the metric's dimensions")
    local.expect(sorted(dimensions) == sorted(directive["Dimensions"][0]), "its dimensions are all of the metric's")
    local.Steps.say("PartsFailed = 1 in the log", alarm["AlarmName"], json.dumps(dimensions))
    event = world.inbox.wait("Day Blocked", world.date)
    local.Steps.say("Day Blocked", "", "; ".join(event["detail"]["reasons"]))
    group = world.stack.outputs["ManifestLogGroup"]
    local.until("the metric DaysBlocked", lambda: [m for m in world.metrics(group) if m.get("DaysBlocked")])
    world.put("TEAMS/poison.csv.gz", good)
    world.wait_for_parquet("teams", "poison")


def dead_letter(world):
    """Five refusals that look passing, and the message waits in the dead-letter queue."""
    refusal = (403, [("Content-Type", "application/xml")], b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>")

    def trap(call):
        return refusal if call.is_for("OWNERS/forbidden.csv.gz", "GET", "HEAD") else None

    with world.recorder.trap(trap):
        world.put("OWNERS/forbidden.csv.gz", world.account.bytes_of("owners"))
        count = local.until("a message in the dead-letter queue", lambda: world.queue("DeadLetterQueue"), 300)
        local.Steps.say("OWNERS/forbidden.csv.gz refused five times", f"{count} in the dead-letter queue")
    # What the sweeps sent again meanwhile is converted now.
    world.wait_for_parquet("owners", "forbidden", 300)


def lost(world):
    """A notification that never comes: a sweep sends the part again."""
    client = local.client("lambda", world.endpoint)
    name = world.stack.ids["ConvertFunction"]
    (mapping,) = client.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]

    def switch(on):
        client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=on)
        state = "Enabled" if on else "Disabled"
        local.until(f"the mapping to be {state}", lambda: client.get_event_source_mapping(UUID=mapping["UUID"])["State"] == state)

    switch(False)
    world.put("OWNERS/lost.csv.gz", world.account.bytes_of("owners"))
    local.until("the notification", lambda: world.queue("PartsQueue"))
    world.sqs.purge_queue(QueueUrl=world.stack.ids["PartsQueue"])
    local.until("an empty queue", lambda: not world.queue("PartsQueue"))
    switch(True)
    local.Steps.say("the notification of OWNERS/lost.csv.gz is purged", "")
    world.wait_for_parquet("owners", "lost", 400)
    group = world.stack.outputs["ManifestLogGroup"]
    local.until("the metric PartsSentAgain", lambda: [m for m in world.metrics(group) if m.get("PartsSentAgain")])


def large(world):
    """A part whose Parquet takes a multipart upload; and one that breaks off behind its middle, so that the upload is aborted."""
    numbers = random.Random(1)
    rows = "".join(f"{n},{numbers.getrandbits(512):0128x}\n" for n in range(250_000))
    body = gzip.compress(("id,noise\n" + rows).encode(), compresslevel=1, mtime=0)
    world.put("NOISE/large.csv.gz", body)
    world.wait_for_parquet("noise", "large", 300)
    world.put("NOISE/broken.csv.gz", body[:-9])
    (record,) = local.until("a failure record", lambda: world.lake.keys(f"failed/table=noise/date={world.date}/"), 300)
    local.Steps.say(record, "", json.loads(world.lake.read(record))["message"])
    uploads = world.lake.s3.list_multipart_uploads(Bucket=world.lake.bucket).get("Uploads", [])
    local.expect(not uploads, f"uploads were left open: {uploads}")
    world.put("NOISE/broken.csv.gz", gzip.compress(b"id,noise\n1,whole\n", mtime=0))
    world.wait_for_parquet("noise", "broken")


def damaged(world):
    """Objects of Daymark's own that somebody overwrote: kept aside, and made anew."""
    world.lake.write("latest/latest.json", b"nonsense")
    world.lake.write("manifest/sweep.json", b"nonsense")


    def both():
        kept = world.lake.keys("set-aside/")
        return kept if len(kept) == 2 else None

    for key in local.until("both to be set aside", both):
        local.Steps.say(key, "is kept")
    anew = local.until("latest.json to be made anew", lambda: world.lake.keys("latest/") and world.lake.read("latest/latest.json"))
    local.expect(json.loads(anew)["date"] == world.account.date, f"latest.json names the newest complete day, not {anew}")


def replaced(world):
    """A part that HubSpot writes anew: with no days of grace, the old Parquet goes as soon as the day is complete again."""
    before = world.parquet("owners", "killed")
    world.inbox.forget()
    world.put("OWNERS/killed.csv.gz", gzip.compress(gzip.decompress(world.account.bytes_of("owners")), mtime=1))
    local.until("the new Parquet", lambda: len(world.parquet("owners", "killed")) == 2)
    event = world.inbox.wait("Day Complete", world.date, 400)
    local.Steps.say("Day Complete", f"revision {event['detail']['revision']}", json.dumps(event["detail"]["totals"]))
    local.until("the old Parquet to go", lambda: not set(before) & set(world.parquet("owners", "killed")), 400)
    local.Steps.say(*before, "is gone")
