"""A second stack, on a bucket that is there already and has a notification of its own: news come over EventBridge, Parquet goes to
another folder of the same bucket, and everything that the stack makes is under a key of its own."""

import json

import day
import granted
import local
import stack as stacks

BUCKET = "owned-by-somebody"
PARAMETERS = {
    "BucketPrefix": "second",
    "ExistingLandingBucket": BUCKET,
    "LandingPrefix": "export/hubspot/",
    "CuratedIn": "landing-bucket",
    "GlueDatabase": "second",
    "KmsKeyArn": "create",
    "NotifyTopic": "no",
}


def bucket(endpoint):
    """With a notification of the owner's, for all of it, and EventBridge off."""
    s3, sqs = local.client("s3", endpoint), local.client("sqs", endpoint)
    s3.create_bucket(Bucket=BUCKET)
    url = sqs.create_queue(QueueName="owners-own")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    allow = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    own = {"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}
    configuration = {"QueueConfigurations": [own]}
    s3.put_bucket_notification_configuration(Bucket=BUCKET, NotificationConfiguration=configuration)
    return s3


def deployed(sam, daymark, environment, template, endpoint, recorder, account):
    s3 = bucket(endpoint)
    stack = stacks.deploy(sam, endpoint, environment, template, name="daymark-second", **PARAMETERS)
    for name in ("LandingBucket", "CuratedBucket", "Topic"):
        local.expect(name not in stack.ids, f"{name} is not made")
    for name in ("Key", "LandingRule", "PartsQueue", "ConvertFunction", "HubSpotAccessRole"):
        local.Steps.say(name, "is made", stack.ids[name])
    schedules = [found["Name"] for found in local.client("scheduler", endpoint).list_schedules()["Schedules"]]
    local.expect(len(schedules) == 2 and stack.outputs["ManifestSchedule"] in schedules, "each stack has a schedule of its own")
    # It has a fault until --fix has mended it, so its status is not asked for.
    print(local.run([daymark, "doctor", "--stack", stack.name, "--fix"], environment, statuses=(0, 1)).rstrip())
    told = s3.get_bucket_notification_configuration(Bucket=BUCKET)
    local.expect(len(told.get("QueueConfigurations", [])) == 1, "the owner's notification is still there")
    local.expect("EventBridgeConfiguration" in told, "EventBridge is on")
    lake = day.Lake(endpoint, stack)
    recorder.calls.clear()
    date = day.days_ago(2)
    s3.put_object(Bucket=BUCKET, Key=f"other/{date}/OWNERS/not-ours.csv.gz", Body=account.bytes_of("owners"))
    s3.put_object(Bucket=BUCKET, Key=f"export/hubspot/{date}/OWNERS/a b+ü.csv.gz", Body=account.bytes_of("owners"))
    (key,) = local.until("Parquet", lambda: lake.parquet(date, "owners"))
    local.Steps.say(key, "is there")
    granted.check(recorder, stack, endpoint, all_of_them=False)
