"""A day of a made-up account goes the way that HubSpot's goes: put with HubSpot's role, converted and completed by the stack alone."""

import datetime
import json

import botocore.exceptions
import local


def days_ago(count):
    return (datetime.datetime.now(datetime.timezone.utc).date() - datetime.timedelta(days=count)).isoformat()


class Account:
    """The sample, as files."""

    def __init__(self, daymark, folder, date):
        self.date = date
        self.root = folder / "landing"
        local.run([daymark, "sample", folder, "--size", "1MB", "--days", "1", "--first-day", date, "--quiet"])
        self.parts = json.loads((folder / "truth/expected.json").read_text())["parts"]

    def bytes_of(self, table):
        """The first good part of a table."""
        part = next(p for p in self.parts if p["table"] == table and not p["refused"])
        return (self.root / part["key"]).read_bytes()

    def rows(self):
        rows = {}
        for part in self.parts:
            rows[part["table"]] = rows.get(part["table"], 0) + part["rows"]
        return rows


EXTERNAL_ID = "portal-1"


class Shown:
    """What HubSpot's second screen shows, and the keys that only HubSpot has."""

    def __init__(self, arn, keys):
        self.parameters = {"HubSpotUserArn": arn, "HubSpotExternalId": EXTERNAL_ID}
        self.keys = {"aws_access_key_id": keys["AccessKeyId"], "aws_secret_access_key": keys["SecretAccessKey"]}


def shown_by_hubspot(endpoint):
    """A user that may do nothing but take roles whose owners let it."""
    iam = local.client("iam", endpoint)
    arn = iam.create_user(UserName="hubspot")["User"]["Arn"]
    right = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [right]})
    iam.put_user_policy(UserName="hubspot", PolicyName="roles", PolicyDocument=document)
    return Shown(arn, iam.create_access_key(UserName="hubspot")["AccessKey"])


def before_hubspot_has_shown_anything(endpoint, stack):
    """The account itself may take the role, with the placeholder."""
    arn = stack.outputs["HubSpotRoleArn"]
    local.client("sts", endpoint).assume_role(RoleArn=arn, RoleSessionName="check", ExternalId="0000")
    local.Steps.say(arn, "taken by the account itself", "external id 0000")


def connected(before, after):
    for name in ("HubSpotRoleName", "HubSpotRoleArn", "LandingUrl"):
        local.expect(before.outputs[name] == after.outputs[name], f"{name} was {before.outputs[name]}, is {after.outputs[name]}")


class HubSpot:
    """Whoever has HubSpot's role."""

    def __init__(self, endpoint, stack, recorder, shown):
        self.recorder = recorder
        arn = stack.outputs["HubSpotRoleArn"]
        sts = local.client("sts", endpoint, **shown.keys)
        take = {"RoleArn": arn, "RoleSessionName": "sync"}
        # HubSpot's own right to take roles is none of the stack's.
        recorder.aside = True
        keys = sts.assume_role(**take, ExternalId=EXTERNAL_ID)["Credentials"]
        recorder.aside = False
        local.Steps.say(arn, "taken by HubSpot's user", f"external id {EXTERNAL_ID}")
        self.denied("take the role with the placeholder", sts.assume_role, **take, ExternalId="0000")
        recorder.names[keys["AccessKeyId"]] = "HubSpotAccessRole"
        self.credentials = {
            "aws_access_key_id": keys["AccessKeyId"],
            "aws_secret_access_key": keys["SecretAccessKey"],
            "aws_session_token": keys["SessionToken"],
        }
        self.s3 = self.client(endpoint)
        self.bucket, self.prefix = stack.landing
        self.curated = stack.curated

    def client(self, endpoint):
        return local.client("s3", endpoint, **self.credentials)

    def put(self, path, body):
        self.s3.put_object(Bucket=self.bucket, Key=self.prefix + path, Body=body)

    def tries_everything(self):
        """Each right that the article lists, and some that it does not."""
        key = self.prefix + "check.txt"
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=b"hello")
        local.expect(self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read() == b"hello", "reads what it wrote")
        self.s3.list_objects_v2(Bucket=self.bucket, Prefix=self.prefix)
        self.s3.get_bucket_location(Bucket=self.bucket)
        self.s3.delete_object(Bucket=self.bucket, Key=key)
        local.Steps.say("put, get, list, locate, delete", "granted", f"s3://{self.bucket}/{self.prefix}")
        self.denied("put outside of its folder", self.s3.put_object, Bucket=self.bucket, Key="other/x", Body=b"")
        self.denied("list the whole bucket", self.s3.list_objects_v2, Bucket=self.bucket, Prefix="")
        bucket, prefix = self.curated
        self.denied("read the lake", self.s3.get_object, Bucket=bucket, Key=prefix + "latest/latest.json")

    def denied(self, what, call, **arguments):
        self.recorder.aside = True
        try:
            call(**arguments)
        except botocore.exceptions.ClientError as error:
            code = error.response["Error"]["Code"]
            local.expect("AccessDenied" in code, f"{what}: expected AccessDenied, found {code}")
            local.Steps.say(what, "denied")
            return
        finally:
            self.recorder.aside = False
        raise local.Failed(f"{what}: expected AccessDenied, found that it may")


def without_tls(endpoint, stack, hubspot):
    """Buckets and queues refuse whoever comes without TLS, whatever rights he has."""
    owner = local.client("sqs", endpoint)
    for name in ("PartsQueue", "DeadLetterQueue"):
        hubspot.denied(f"without TLS: receive from {name}", owner.receive_message, QueueUrl=stack.ids[name])
    plain = hubspot.client(endpoint)
    hubspot.denied("without TLS: put", plain.put_object, Bucket=hubspot.bucket, Key=hubspot.prefix + "x", Body=b"")


class Lake:
    """What the stack wrote, seen with the account's own rights."""

    def __init__(self, endpoint, stack):
        self.s3 = local.client("s3", endpoint)
        self.bucket, self.prefix = stack.curated

    def keys(self, under=""):
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=self.prefix + under)
        return [found["Key"].removeprefix(self.prefix) for page in pages for found in page.get("Contents", [])]

    def read(self, path):
        return self.s3.get_object(Bucket=self.bucket, Key=self.prefix + path)["Body"].read()

    def write(self, path, body):
        self.s3.put_object(Bucket=self.bucket, Key=self.prefix + path, Body=body)

    def manifest(self, date):
        return json.loads(self.read(f"manifest/date={date}/manifest.json"))

    def parquet(self, date, table):
        return self.keys(f"table={table}/date={date}/")


def first_complete_day(account, hubspot, lake, inbox):
    """From the first PUT to Day Complete."""
    for part in account.parts:
        hubspot.put(part["key"].removeprefix("hubspot/"), (account.root / part["key"]).read_bytes())
    local.Steps.say(f"{len(account.parts)} parts of {account.date} put", "by HubSpot's role")
    event = inbox.wait("Day Complete", account.date)
    detail = event["detail"]
    local.Steps.say("Day Complete", f"revision {detail['revision']}", json.dumps(detail["totals"]))
    for warning in detail["warnings"]:
        local.Steps.say("warning", "", warning)
    tables = lake.manifest(account.date)["content"]["tables"]
    wanted = account.rows()
    print(f"\n  {'table':36} {'files':>5} {'rows':>9}")
    for name, table in sorted(tables.items()):
        rows = sum(part["rows_written"] for part in table["parts"])
        print(f"  {name:36} {len(table['parts']):5} {rows:9,}")
        local.expect(rows == wanted.pop(name, None), f"{name}: {rows} rows are not those of the sample")
        symlink = lake.read(f"published/table={name}/date={account.date}/symlink.txt").decode().split()
        local.expect(len(symlink) == len(table["parts"]), f"{name}: the symlink names {len(symlink)} files")
    local.expect(not wanted, f"tables are missing: {wanted}")
    local.expect(json.loads(lake.read("latest/latest.json"))["date"] == account.date, "latest.json names the day")


def cataloged(endpoint, stack, lake, date):
    """The Glue catalog has every table that the day has, and Daymark's own, with the day within its range; then views, too."""
    glue, database = local.client("glue", endpoint), stack.outputs["GlueDatabase"]

    def in_glue():
        pages = glue.get_paginator("get_tables").paginate(DatabaseName=database)
        return {table["Name"]: table for page in pages for table in page["TableList"]}

    found = {name: table for name, table in in_glue().items() if table["TableType"] != "VIRTUAL_VIEW"}
    tables = lake.manifest(date)["content"]["tables"]
    wanted = {"daymark_latest", "daymark_parts"} | {name + end for name in tables for end in ("", "_live")}
    local.expect(set(found) == wanted, f"the Glue catalog has {sorted(found)}, expected {sorted(wanted)}")
    for name, table in found.items():
        begins = table["Parameters"].get("projection.date.range", "").partition(",")[0]
        local.expect(not table["PartitionKeys"] or begins <= date, f"{name}: its days begin with {begins}")
    local.Steps.say(f"{len(found)} tables in Glue", database)
    # The day is told of before its views are made.
    wanted = {f"{name}_latest" for name in [*tables, "daymark_parts", "objects_contacts"]} | {"objects_contacts"}
    local.until("views in Glue", lambda: wanted <= set(in_glue()))
    views = sum(table["TableType"] == "VIRTUAL_VIEW" for table in in_glue().values())
    local.Steps.say(f"{views} views in Glue", database)
