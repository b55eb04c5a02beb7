#!/usr/bin/env python3
"""Holds template.yaml to what the README and the runbook promise of it, under each way of setting it up.

Run by `make lint-template`, with the environment that has the SAM CLI.
"""

import itertools
import json
import os
import pathlib
import re
import sys
import unittest
import unittest.mock

import resolve
import rights

sys.path.insert(0, str(resolve.ROOT / "tests/deploy"))
import recorder  # noqa: E402

KEY = "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555"
OTHER_KEY = KEY.replace("1111", "9999")
USER = "arn:aws:iam::999999999999:user/hubspot"
# What names the whole bucket as the landing folder.
WHOLE = ["", "/"]
HUBSPOT = {"HubSpotUserArn": USER, "HubSpotExternalId": "portal-1"}

# Of each partition a region, the suffix of its services, and where its console is, if that is known.
PARTITIONS = {
    "aws": ("eu-central-1", "amazonaws.com", "console.aws.amazon.com"),
    "aws-us-gov": ("us-gov-west-1", "amazonaws.com", "console.amazonaws-us-gov.com"),
    "aws-cn": ("cn-north-1", "amazonaws.com.cn", "console.amazonaws.cn"),
    "aws-eusc": ("eusc-de-east-1", "amazonaws.eu", "console.amazonaws-eusc.eu"),
    "aws-iso": ("us-iso-east-1", "c2s.ic.gov", None),
}

# Everything that changes which resources there are, or who may do what.
WAYS = [
    {"ExistingLandingBucket": bucket, "CuratedIn": curated, "KmsKeyArn": key, **hubspot, **notify}
    for bucket, curated, key, hubspot, notify in itertools.product(
        ["", "my-bucket"],
        ["own-bucket", "landing-bucket"],
        ["", "create", KEY],
        [{}, HUBSPOT, {"HubSpotRole": "no"}],
        [{}, {"NotifyTopic": "no"}, {"NotifyEmail": "a@b.example"}],
    )
] + [
    {"LandingPrefix": ""},
    {"LandingPrefix": "", "ExistingLandingBucket": "my-bucket"},
    {"LandingPrefix": "/"},
    {"LandingPrefix": "/", "ExistingLandingBucket": "my-bucket"},
    {"ExistingLandingBucket": "my-bucket", "ExistingLandingKmsKeyArn": OTHER_KEY},
    {"ExistingLandingBucket": "my-bucket", "ExistingLandingKmsKeyArn": OTHER_KEY, "CuratedIn": "landing-bucket", "KmsKeyArn": KEY},
    {"SweepReservedConcurrency": "no", "Architecture": "arm64", "BatchSize": 10},
    {"EventBusName": "ours"},
]

ALARMS = {
    "dead-letters": ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "notBreaching"),
    "oldest-message": ("AWS/SQS", "ApproximateAgeOfOldestMessage", "notBreaching"),
    "parts-failed": ("Daymark", "PartsFailed", "notBreaching"),
    "row-balance": ("Daymark", "RowBalanceBroken", "notBreaching"),
    "throttles": ("AWS/Lambda", "Throttles", "notBreaching"),
    "day-blocked": ("Daymark", "DaysBlocked", "ignore"),
    "day-overdue": ("Daymark", "DayOverdue", "ignore"),
    "sweep-errors": ("AWS/Lambda", "Errors", "notBreaching"),
    "sweep-heartbeat": ("Daymark", "Heartbeat", "breaching"),
    "days-untold": ("AWS/Events", "FailedInvocations", "notBreaching"),
    "landing-untold": ("AWS/Events", "FailedInvocations", "notBreaching"),
}
# Rules of EventBridge, where they are there, and their alarms.
RULES = {"DayRule": "days-untold", "LandingRule": "landing-untold"}
# What happened once is not mended by not happening again.
HAPPENED = {"parts-failed", "row-balance", "days-untold", "landing-untold"}


def listed(value):
    return value if isinstance(value, list) else [value]


def of_type(resources, kind):
    return {name: r["Properties"] for name, r in resources.items() if r["Type"] == f"AWS::{kind}"}


class Template(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.template = resolve.load()
        cls.ways = [(way, resolve.Resolver(cls.template, way)) for way in WAYS]

    def each(self):
        for way, resolver in self.ways:
            with self.subTest(**way):
                yield resolver, resolver.resources()

    def in_each_partition(self, **parameters):
        for partition, (region, suffix, console) in PARTITIONS.items():
            pseudo = {"AWS::Partition": partition, "AWS::Region": region, "AWS::URLSuffix": suffix}
            with self.subTest(partition=partition):
                yield resolve.Resolver(self.template, parameters, pseudo), region, suffix, console

    def refused(self, words, **parameters):
        with self.subTest(**parameters):
            with self.assertRaises(resolve.Refused) as caught:
                resolve.Resolver(self.template, parameters)
            self.assertRegex(str(caught.exception), words)

    def test_parameters_that_cannot_work_together_are_refused(self):
        for whole in WHOLE:
            self.refused("LandingPrefix has to name a folder", CuratedIn="landing-bucket", LandingPrefix=whole)
        self.refused("have to differ", CuratedIn="landing-bucket", LandingPrefix="a/", CuratedPrefix="a/")
        self.refused("no ExistingLandingBucket", ExistingLandingKmsKeyArn=KEY)
        self.refused("HubSpotRole is no", HubSpotRole="no", **HUBSPOT)
        self.refused("placeholder", HubSpotUserArn=USER)
        self.refused("no HubSpotUserArn", HubSpotExternalId="portal-1")
        self.refused("no HubSpotUserArn", HubSpotExternalId="portal-1", HubSpotRole="no")
        self.refused("NotifyTopic is no", NotifyTopic="no", NotifyEmail="a@b.example")
        self.refused("slash", LandingPrefix="hubspot")
        self.refused("slash", CuratedPrefix="")
        self.refused("alias", KmsKeyArn="arn:aws:kms:eu-central-1:123456789012:alias/mine")
        self.refused("HH:MM", CompleteBy="12:60")
        # A day is counted from its own midnight, and its last files come after the next one.
        self.refused("2 at least", KeepDays=1)
        for days in ["", 2, 9, 10, 365]:
            resolve.Resolver(self.template, {"KeepDays": days})

    def test_a_slash_alone_is_the_whole_bucket_as_nothing_is(self):
        for bucket in ["", "my-bucket"]:
            nothing, slash = (resolve.Resolver(self.template, {"LandingPrefix": whole, "ExistingLandingBucket": bucket}) for whole in WHOLE)
            self.assertEqual(nothing.resources(), slash.resources())
            self.assertEqual(nothing.outputs(), slash.outputs())
            shared = slash.value(self.template["Globals"]["Function"]["Environment"]["Variables"])
            self.assertEqual(shared["DAYMARK_LANDING_PREFIX"], "")
            self.assertRegex(slash.outputs()["LandingUrl"], "^s3://[^/]+/$")

    def test_enter_keeps_every_answer_of_a_guided_deployment(self):
        """SAM offers a parameter's default again where the answer it kept is empty, so no answer but the default may have to be."""
        from samcli.commands.deploy import guided_context

        parameters = self.template["Parameters"]
        kept = {**{name: str(p["Default"]) for name, p in parameters.items()}, "LandingPrefix": "/", "KmsKeyArn": "create", **HUBSPOT}
        resolve.Resolver(self.template, kept)
        context = guided_context.GuidedContext(
            template_file="template.yaml", stack_name="daymark", s3_bucket=None, s3_prefix=None, image_repository=None, image_repositories=None
        )
        with unittest.mock.patch.object(guided_context, "prompt", lambda *_, default, **__: default):
            answers = context.prompt_parameters(parameters, kept, "", "")
        self.assertEqual({name: str(answer["Value"]) for name, answer in answers.items()}, kept)

    def test_no_schedule_is_shorter_than_its_timeout(self):
        parameters = self.template["Parameters"]
        for minutes in parameters["SweepMinutes"]["AllowedValues"]:
            for seconds in parameters["SweepTimeoutSeconds"]["AllowedValues"]:
                asked = {"SweepMinutes": minutes, "SweepTimeoutSeconds": seconds}
                if minutes * 60 < seconds:
                    self.refused("must not be shorter", **asked)
                else:
                    resources = resolve.Resolver(self.template, asked).resources()
                    alarm = resources["SweepHeartbeatAlarm"]["Properties"]
                    self.assertEqual(alarm["Period"], 3 * 60 * minutes)
                    rate = resources["ManifestFunction"]["Properties"]["Events"]["Sweep"]["Properties"]
                    self.assertEqual(rate["ScheduleExpression"], f"rate({minutes} minute{'s' * (minutes > 1)})")

    def test_every_way_can_be_deployed(self):
        """No reference to a resource that is not there, in resources and outputs."""
        for resolver, resources in self.each():
            self.assertTrue(resolver.outputs())
            for name, resource in resources.items():
                for needed in listed(resource.get("DependsOn", [])):
                    self.assertIn(needed, resources, f"{name} depends on it")

    def test_every_right_is_spelled_out(self):
        for _, resources in self.each():
            for name, role in of_type(resources, "IAM::Role").items():
                self.assertNotIn("ManagedPolicyArns", role, name)
                for policy in role["Policies"]:
                    for statement in policy["PolicyDocument"]["Statement"]:
                        where = f"{name} {statement['Sid']}"
                        self.assertEqual(statement["Effect"], "Allow", where)
                        for action in listed(statement["Action"]):
                            self.assertRegex(action, r"^[a-z0-9]+:[A-Za-z]+$", where)
                        for resource in listed(statement["Resource"]):
                            self.assertRegex(resource, r"^(arn:aws:|<)", where)
                            # A star is a prefix's end, under a bucket's name, or all tables of one database.
                            of_tables = r"^arn:aws:glue:[^*]+:table/[^/*]+/\*$"
                            self.assertRegex(resource, r"^[^*]*$|^arn:aws:s3:::[^/*]+/[^*]*\*$|" + of_tables, where)
                            if resource.startswith("arn:aws:s3:::") and self.parameter_prefixes(resource):
                                self.assertNotRegex(resource, r"^arn:aws:s3:::[^/]+/\*$", where)
            functions = of_type(resources, "Serverless::Function")
            self.assertEqual(len(functions), 2)
            for name, function in functions.items():
                self.assertNotIn("Policies", function, name)
                self.assertIn("Role", function, name)
                self.assertIn("RoleArn", str(function["Events"]) if name == "ManifestFunction" else "RoleArn")

    def test_rights_are_those_that_were_used(self):
        """What the functions were seen to ask for, against what this template grants; and that both kinds of fault are found."""
        resources = resolve.Resolver(self.template, {}).resources()
        granted = {}
        for name, role in of_type(resources, "IAM::Role").items():
            statements = [s for policy in role["Policies"] for s in policy["PolicyDocument"]["Statement"]]
            # A recorded queue has neither region nor account.
            granted[name] = [
                (sid, action, re.sub(r"^<(\w+Queue)\.Arn>$", r"arn:aws:sqs:*:*:<\1>", resource))
                for sid, action, resource in rights.of_statements(statements)
            ]
        self.assertEqual(rights.faults(granted, rights.recorded()), [])
        granted["ManifestRole"] = [grant for grant in granted["ManifestRole"] if grant[1] != "events:PutEvents"]
        granted["ConvertRole"].append(("WriteParquet", "s3:DeleteObject", "arn:aws:s3:::<CuratedBucket>/lake/*"))
        found = "\n".join(rights.faults(granted, rights.recorded()))
        self.assertIn("ManifestRole used events:PutEvents", found)
        self.assertIn("ConvertRole is granted s3:DeleteObject", found)

    def test_roles_have_just_the_rights_to_keys_that_their_buckets_take(self):
        """No local AWS asks for them: SSE-KMS wants Decrypt of who reads, and of who writes in parts, GenerateDataKey of who writes."""
        for resolver, resources in self.each():
            given = resolver.parameters
            key = {"create": "<Key.Arn>"}.get(given["KmsKeyArn"], given["KmsKeyArn"])
            landing = given["ExistingLandingKmsKeyArn"]
            shared = landing if given["CuratedIn"] == "landing-bucket" else ""
            use = {"kms:Decrypt", "kms:GenerateDataKey"}
            wanted = {
                "ConvertRole": [(key, use), (landing, {"kms:Decrypt"}), (shared, use)],
                "ManifestRole": [(key, use), (shared, use)],
                "HubSpotAccessRole": [(key if not given["ExistingLandingBucket"] else "", use), (landing, use)],
            }
            for name, role in of_type(resources, "IAM::Role").items():
                statements = [s for policy in role["Policies"] for s in policy["PolicyDocument"]["Statement"]]
                of_keys = [s for s in statements if "kms:" in str(s["Action"])]
                found = [(s["Resource"], set(listed(s["Action"]))) for s in of_keys]
                self.assertEqual(found, [(on, actions) for on, actions in wanted.get(name, []) if on], name)

    def test_hubspot_uses_keys_through_s3_alone(self):
        """The key of the stack encrypts queues, logs and results, too."""
        for given in [{"KmsKeyArn": "create"}, {"ExistingLandingBucket": "my-bucket", "ExistingLandingKmsKeyArn": OTHER_KEY}]:
            for resolver, region, suffix, _ in self.in_each_partition(**given):
                role = resolver.resources()["HubSpotAccessRole"]["Properties"]
                (of_key,) = [s for s in role["Policies"][0]["PolicyDocument"]["Statement"] if "kms:Decrypt" in s["Action"]]
                self.assertEqual(of_key.get("Condition"), {"StringEquals": {"kms:ViaService": f"s3.{region}.{suffix}"}})

    def test_the_landing_bucket_is_listed_below_the_landing_folder_alone(self):
        """An existing bucket may have other things in it than parts."""
        for resolver, resources in self.each():
            given = resolver.parameters
            statements = resources["ManifestRole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
            found = {s["Sid"]: (s["Resource"], s.get("Condition")) for s in statements if "s3:ListBucket" in listed(s["Action"])}
            landing = f"arn:aws:s3:::{given['ExistingLandingBucket'] or '<LandingBucket>'}"
            prefix = given["LandingPrefix"].removeprefix("/")
            # What is not there is told from what is forbidden by this right, and such a request has no prefix.
            wanted = {"ListLake": ("arn:aws:s3:::<CuratedBucket>" if given["CuratedIn"] == "own-bucket" else landing, None)}
            if given["CuratedIn"] == "own-bucket":
                wanted["ListLanding"] = (landing, {"StringLike": {"s3:prefix": f"{prefix}*"}} if prefix else None)
            self.assertEqual(found, wanted)

    def test_days_are_told_under_our_own_name_alone(self):
        """The local AWS does not know this condition, so nothing else holds the template to it."""
        for _, resources in self.each():
            statements = resources["ManifestRole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
            conditions = [s.get("Condition") for s in statements if "events:PutEvents" in listed(s["Action"])]
            self.assertEqual(conditions, [{"StringEquals": {"events:source": "daymark"}}])

    @staticmethod
    def parameter_prefixes(resource):
        # With an empty landing prefix the whole bucket is the prefix.
        return not resource.endswith("<LandingBucket>/*") and not resource.endswith("my-bucket/*")

    def test_who_writes_where(self):
        """Neither function may write into the landing folder, nor HubSpot outside of it."""
        for resolver, resources in self.each():
            landing = resolver.parameters["LandingPrefix"].removeprefix("/")
            curated = resolver.parameters["CuratedPrefix"]
            for name, role in of_type(resources, "IAM::Role").items():
                for statement in role["Policies"][0]["PolicyDocument"]["Statement"]:
                    if any(re.match("s3:(Put|Delete|Abort)", action) for action in listed(statement["Action"])):
                        folder = landing if name == "HubSpotAccessRole" else curated
                        for resource in listed(statement["Resource"]):
                            self.assertRegex(resource, rf"^arn:aws:s3:::[^/]+/{re.escape(folder)}", name)

    def test_each_function_keeps_to_its_own_folders_of_the_lake(self):
        """The converter cannot publish, the manifest function cannot make Parquet, and rejects are the converter's alone."""
        parts = {"table=*", "failed/*", "rejected/*"}
        own = {f"{folder}/*" for folder in ["manifest", "parts", "published", "live", "latest", "set-aside"]}
        wanted = {
            ("ConvertRole", "s3:PutObject"): parts,
            ("ConvertRole", "s3:GetObject"): parts,
            ("ConvertRole", "s3:AbortMultipartUpload"): {"table=*"},
            ("ManifestRole", "s3:PutObject"): own,
            ("ManifestRole", "s3:GetObject"): own | {"table=*", "failed/*"},
            ("ManifestRole", "s3:DeleteObject"): parts | {"manifest/*", "latest/*", "set-aside/table=*"},
        }
        for resolver, resources in self.each():
            found = {}
            for name in ["ConvertRole", "ManifestRole"]:
                for statement in resources[name]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]:
                    for action, resource in itertools.product(listed(statement["Action"]), listed(statement["Resource"])):
                        folder = re.fullmatch(rf"arn:aws:s3:::[^/]+/{resolver.parameters['CuratedPrefix']}(.+)", resource)
                        if folder:
                            found.setdefault((name, action), set()).add(folder[1])
            self.assertEqual(found, wanted)

    def test_what_is_deleted_under_a_condition_can_be_read(self):
        """S3 asks for s3:GetObject of whoever deletes what has an ETag. Rejects, which nobody else may read, go without one."""
        for _, resources in self.each():
            found = {}
            for statement in resources["ManifestRole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]:
                for action in listed(statement["Action"]):
                    found.setdefault(action, []).extend(listed(statement["Resource"]))
            read = tuple(resource.removesuffix("*") for resource in found["s3:GetObject"])
            unread = [resource for resource in found["s3:DeleteObject"] if not resource.startswith(read)]
            self.assertEqual([resource.split("/", 2)[2] for resource in unread], ["rejected/*"])
        body = b"<Delete><Object><Key>a&amp;b</Key></Object><Object><ETag>&quot;1&quot;</ETag><Key>c</Key></Object></Delete>"
        asked = set(recorder.rights("s3", "POST", "/lake?delete", {}, body))
        deletions = {("s3:DeleteObject", "arn:aws:s3:::lake/a&b"), ("s3:DeleteObject", "arn:aws:s3:::lake/c")}
        self.assertEqual(asked, deletions | {("s3:GetObject", "arn:aws:s3:::lake/c")})

    def test_hubspot_gets_what_its_article_lists(self):
        objects = {"s3:PutObject", "s3:GetObject", "s3:GetObjectVersion", "s3:DeleteObject", "s3:DeleteObjectVersion"}
        for partition in ["aws", "aws-us-gov"]:
            user = USER.replace("arn:aws:", f"arn:{partition}:")
            for hubspot in [{}, {**HUBSPOT, "HubSpotUserArn": user}]:
                resolver = resolve.Resolver(self.template, hubspot, {"AWS::Partition": partition})
                role = resolver.resources()["HubSpotAccessRole"]["Properties"]
                bucket, *_ = role["Policies"][0]["PolicyDocument"]["Statement"][1:]
                first = role["Policies"][0]["PolicyDocument"]["Statement"][0]
                self.assertEqual(set(first["Action"]), objects)
                self.assertEqual(first["Resource"], f"arn:{partition}:s3:::<LandingBucket>/hubspot/*")
                self.assertEqual(set(bucket["Action"]), {"s3:ListBucket", "s3:GetBucketLocation"})
                self.assertEqual(bucket["Resource"], f"arn:{partition}:s3:::<LandingBucket>")
                self.assertEqual(bucket["Condition"], {"StringLike": {"s3:prefix": ["hubspot/*"]}})
                (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
                own = f"arn:{partition}:iam::123456789012:root"
                self.assertEqual(trust["Principal"], {"AWS": user if hubspot else own})
                external = hubspot.get("HubSpotExternalId", "0000")
                self.assertEqual(trust["Condition"], {"StringEquals": {"sts:ExternalId": external}})
                self.assertEqual(resolver.outputs()["LandingUrl"], "s3://<LandingBucket>/hubspot/")

    def test_hubspot_may_use_the_key_of_the_landing_bucket(self):
        def keys(**parameters):
            role = resolve.Resolver(self.template, parameters).resources()["HubSpotAccessRole"]["Properties"]
            statements = role["Policies"][0]["PolicyDocument"]["Statement"]
            return {s["Resource"]: set(s["Action"]) for s in statements if "kms:Decrypt" in s["Action"]}

        rights = {"kms:Decrypt", "kms:GenerateDataKey"}
        self.assertEqual(keys(), {})
        self.assertEqual(keys(KmsKeyArn=KEY), {KEY: rights})
        self.assertEqual(keys(KmsKeyArn="create"), {"<Key.Arn>": rights})
        existing = keys(ExistingLandingBucket="my-bucket", ExistingLandingKmsKeyArn=OTHER_KEY, KmsKeyArn=KEY)
        self.assertEqual(existing, {OTHER_KEY: rights})

    def test_a_message_is_hidden_for_six_timeouts(self):
        for seconds in self.template["Parameters"]["TimeoutSeconds"]["AllowedValues"]:
            queue = resolve.Resolver(self.template, {"TimeoutSeconds": seconds}).resources()["PartsQueue"]["Properties"]
            self.assertGreaterEqual(queue["VisibilityTimeout"], 6 * seconds)

    def test_queues_keep_what_failed(self):
        for _, resources in self.each():
            queues = of_type(resources, "SQS::Queue")
            self.assertEqual({q["MessageRetentionPeriod"] for q in queues.values()}, {14 * 24 * 3600})
            redrive = queues["PartsQueue"]["RedrivePolicy"]
            self.assertEqual(redrive, {"deadLetterTargetArn": "<DeadLetterQueue.Arn>", "maxReceiveCount": 5})
            settings = resources["ConvertFunction"]["Properties"]["Environment"]["Variables"]
            self.assertEqual(settings["DAYMARK_MAX_RECEIVES"], str(redrive["maxReceiveCount"]))

    def test_buckets_stay_and_are_closed(self):
        for _, resources in self.each():
            buckets = {n: r for n, r in resources.items() if r["Type"] == "AWS::S3::Bucket"}
            policies = {p["Bucket"]: p for p in of_type(resources, "S3::BucketPolicy").values()}
            # A bucket that stays goes on taking TLS only.
            kept = {n: r for n, r in resources.items() if r["Type"] in ("AWS::S3::Bucket", "AWS::S3::BucketPolicy")}
            for name, resource in kept.items():
                stays = (resource.get("DeletionPolicy"), resource.get("UpdateReplacePolicy"))
                self.assertEqual(stays, ("RetainExceptOnCreate", "Retain"), name)
            for name, bucket in buckets.items():
                closed = bucket["Properties"]["PublicAccessBlockConfiguration"]
                self.assertEqual((len(closed), set(closed.values())), (4, {True}), name)
                self.only_over_tls(policies[f"<{name}>"]["PolicyDocument"], name)
                rules = bucket["Properties"]["LifecycleConfiguration"]["Rules"]
                self.assertTrue(any("AbortIncompleteMultipartUpload" in rule for rule in rules), name)
                expiring = [rule for rule in rules if "ExpirationInDays" in rule]
                self.assertEqual(len(expiring), int(name == "ResultsBucket"), name)

    def test_queues_and_topic_take_tls_only(self):
        for _, resources in self.each():
            for kind in ["SQS::QueuePolicy", "SNS::TopicPolicy"]:
                for name, policy in of_type(resources, kind).items():
                    self.only_over_tls(policy["PolicyDocument"], name)

    def only_over_tls(self, document, name):
        denies = [s for s in document["Statement"] if s["Effect"] == "Deny"]
        conditions = [s["Condition"] for s in denies]
        self.assertEqual(conditions, [{"Bool": {"aws:SecureTransport": "false"}}], name)

    def test_everything_that_keeps_data_is_encrypted(self):
        for resolver, resources in self.each():
            given = resolver.parameters["KmsKeyArn"]
            key = {"create": "<Key.Arn>"}.get(given, given)
            self.assertEqual("Key" in resources, given == "create")
            for name, bucket in of_type(resources, "S3::Bucket").items():
                (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
                default = rule["ServerSideEncryptionByDefault"]
                wanted = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key} if key else {"SSEAlgorithm": "AES256"}
                self.assertEqual(default, wanted, name)
            for name, queue in of_type(resources, "SQS::Queue").items():
                self.assertEqual(queue.get("KmsMasterKeyId", ""), key, name)
                self.assertEqual(queue.get("SqsManagedSseEnabled", False), not key, name)
            for name, group in of_type(resources, "Logs::LogGroup").items():
                self.assertEqual(group.get("KmsKeyId", ""), key, name)
                self.assertIn("RetentionInDays", group, name)
            for name, topic in of_type(resources, "SNS::Topic").items():
                self.assertEqual(topic.get("KmsMasterKeyId", ""), key, name)
            workgroup = resources["Workgroup"]["Properties"]["WorkGroupConfiguration"]
            wanted = {"EncryptionOption": "SSE_KMS", "KmsKey": key} if key else {"EncryptionOption": "SSE_S3"}
            self.assertEqual(workgroup["ResultConfiguration"]["EncryptionConfiguration"], wanted)

    def test_a_key_of_the_stack_names_the_services_that_need_it(self):
        """And each only for this account, where AWS has them say it."""
        for resolver, region, suffix, _ in self.in_each_partition(KmsKeyArn="create"):
            key = resolver.resources()["Key"]["Properties"]["KeyPolicy"]
            found = {s["Sid"]: (s["Principal"]["Service"], s.get("Condition")) for s in key["Statement"] if "Service" in s["Principal"]}
            partition = resolver.pseudo["AWS::Partition"]
            logs = f"arn:{partition}:logs:{region}:123456789012:log-group:/aws/lambda/daymark-*"
            wanted = {
                "BucketsSend": ("s3.amazonaws.com", None),
                "EventBridgeSends": ("events.amazonaws.com", None),
                "AlarmsTell": ("cloudwatch.amazonaws.com", {"StringEquals": {"aws:SourceAccount": "123456789012"}}),
                "LogsEncrypt": (f"logs.{region}.{suffix}", {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": logs}}),
            }
            self.assertEqual(found, wanted)

    def test_the_runbook_has_the_policy_that_a_key_of_yours_needs(self):
        pseudo = {"AWS::Region": "REGION", "AWS::AccountId": "ACCOUNT", "AWS::StackName": "STACK"}
        key = resolve.Resolver(self.template, {"KmsKeyArn": "create"}, pseudo).resources()["Key"]["Properties"]["KeyPolicy"]
        runbook = (resolve.ROOT / "docs/runbook.md").read_text()
        (told,) = re.findall(r"```json\n(.*?)```", runbook.split("## A key of yours")[1].split("\n## ")[0], re.S)
        self.assertEqual(json.loads(told), [s for s in key["Statement"] if s["Sid"] != "AccountDecides"])

    def test_the_link_to_the_dashboard_stands_in_no_partitions_way(self):
        """CloudFormation refuses a template with a mapping that lacks a value, whatever needs it."""
        for resolver, region, _, console in self.in_each_partition():
            link = resolver.outputs().get("DashboardUrl")
            start = f"https://{console}/cloudwatch/home?region={region}#dashboards/" if console else None
            self.assertEqual(link, start and f"{start}dashboard/<Dashboard>")
            self.assertNotIn("AWS::Partition", str(list(self.template["Mappings"])))
        self.assertNotIn("'Fn::FindInMap': ['Console'", str(self.template))

    def test_the_workgroup_bounds_its_queries(self):
        for limit in self.template["Parameters"]["QueryGigabytesMax"]["AllowedValues"]:
            resources = resolve.Resolver(self.template, {"QueryGigabytesMax": limit}).resources()
            configuration = resources["Workgroup"]["Properties"]["WorkGroupConfiguration"]
            self.assertTrue(configuration["EnforceWorkGroupConfiguration"])
            # As text: of a large number CloudFormation may make one with an exponent.
            self.assertEqual(configuration["BytesScannedCutoffPerQuery"], str(limit * 10**9))

    def test_the_workgroup_has_the_ready_queries(self):
        files = {path.stem: path.read_text(encoding="utf-8") for path in pathlib.Path("queries").glob("*.sql")}
        for _, resources in self.each():
            saved = {
                query["Name"]: query["QueryString"] for query in of_type(resources, "Athena::NamedQuery").values()
            }
            self.assertEqual(saved, files)

    def test_alarms(self):
        metrics = set(re.findall(r'\("([A-Z][A-Za-z]+)", "', (resolve.ROOT / "src/telemetry/metrics.rs").read_text()))
        runbook = (resolve.ROOT / "docs/runbook.md").read_text()
        for _, resources in self.each():
            found = {}
            for name, alarm in of_type(resources, "CloudWatch::Alarm").items():
                short = alarm["AlarmName"].removeprefix("daymark-")
                found[short] = (alarm["Namespace"], alarm["MetricName"], alarm["TreatMissingData"])
                self.assertIn(f"### {short}\n", runbook, "docs/runbook.md says what to do")
                told = ["<Topic>"] if "Topic" in resources else []
                well = [] if short in HAPPENED else told
                self.assertEqual((alarm["AlarmActions"], alarm.get("OKActions", [])), (told, well), name)
                if alarm["Namespace"] == "Daymark":
                    self.assertIn(alarm["MetricName"], metrics, "the functions emit it")
                    self.assertEqual([d["Name"] for d in alarm["Dimensions"]], ["Service", "Function"], name)
                self.assertLessEqual(alarm["Period"] * alarm["EvaluationPeriods"], 86_400, name)
            missing = {short for rule, short in RULES.items() if rule not in resources}
            self.assertEqual(found, {short: alarm for short, alarm in ALARMS.items() if short not in missing})

    def test_alarms_of_rules_watch_what_eventbridge_counts(self):
        """Of a rule on the default bus by its name alone, on another bus by both names; CloudFormation's Ref has both in one."""
        for bus in ["default", "ours"]:
            resources = resolve.Resolver(self.template, {"EventBusName": bus, "ExistingLandingBucket": "my-bucket"}).resources()
            alarms = {a["AlarmName"].removeprefix("daymark-"): a for a in of_type(resources, "CloudWatch::Alarm").values()}
            of_bus = {"EventBusName": "ours"} if bus == "ours" else {}
            for rule, short in RULES.items():
                found = {d["Name"]: d["Value"] for d in alarms[short]["Dimensions"]}
                self.assertEqual(found, {"RuleName": f"<{rule}>", **(of_bus if rule == "DayRule" else {})}, short)

    def test_eventbridge_reaches_the_topic(self):
        """By AWS's "Using resource-based policies for Amazon EventBridge", no condition works for it in a topic's policy."""
        for _, resources in self.each():
            for policy in of_type(resources, "SNS::TopicPolicy").values():
                statements = {s["Sid"]: s for s in policy["PolicyDocument"]["Statement"]}
                self.assertEqual(statements["DaysTell"]["Principal"], {"Service": "events.amazonaws.com"})
                self.assertNotIn("Condition", statements["DaysTell"])
                self.assertEqual(set(statements["AlarmsTell"]["Condition"]), {"ArnLike", "StringEquals"})

    def test_the_landing_rule_is_what_the_doctor_reads(self):
        """The doctor's own test judges the patterns of that file."""
        patterns = json.loads((resolve.ROOT / "tests/template/landing_rule.json").read_text())
        for prefix, pattern in patterns.items():
            resources = resolve.Resolver(self.template, {"ExistingLandingBucket": "my-bucket", "LandingPrefix": prefix}).resources()
            self.assertEqual(resources["LandingRule"]["Properties"]["EventPattern"], pattern)

    def test_the_oldest_message_alarm_counts_in_seconds(self):
        for minutes in self.template["Parameters"]["OldestMessageMinutes"]["AllowedValues"]:
            resources = resolve.Resolver(self.template, {"OldestMessageMinutes": minutes}).resources()
            self.assertEqual(resources["OldestMessageAlarm"]["Properties"]["Threshold"], 60 * minutes)

    def test_the_dashboard_is_json_and_shows_every_alarm(self):
        for _, resources in self.each():
            body = json.loads(resources["Dashboard"]["Properties"]["DashboardBody"])
            shown = body["widgets"][0]["properties"]["alarms"]
            self.assertEqual({f"<{n}.Arn>" for n in of_type(resources, "CloudWatch::Alarm")}, set(shown))

    def test_functions_have_settings_that_they_know(self):
        table = (resolve.ROOT / "README.md").read_text().split("<!-- settings -->")[1].split("<!-- /settings -->")[0]
        known = set(re.findall(r"^\| `(DAYMARK_[A-Z_]+)`", table, re.M))
        self.assertGreater(len(known), 30)
        shared = self.template["Globals"]["Function"]["Environment"]["Variables"]
        for name, function in of_type(self.template["Resources"], "Serverless::Function").items():
            self.assertEqual(set(function["Environment"]["Variables"]) - known, set(), name)
        self.assertEqual(set(shared) - known, set())
        # What a parameter's default says is what the function's own default says.
        defaults = dict(re.findall(r"^\| `DAYMARK_([A-Z_]+)` \|[^|]*\| `([^`]+)` \|", table, re.M))
        manifest = self.template["Resources"]["ManifestFunction"]["Properties"]["Environment"]["Variables"]
        for name, value in manifest.items():
            parameter = self.template["Parameters"].get(value.get("Ref"))
            own = defaults.get(name.removeprefix("DAYMARK_"))
            if parameter and own:
                self.assertEqual(str(parameter["Default"]), own, name)

    def test_sam_adds_no_rights_of_its_own(self):
        """SAM's transform gives events permissions and roles where the template names none; here it has nothing to add."""
        os.environ.setdefault("AWS_DEFAULT_REGION", resolve.PSEUDO["AWS::Region"])
        from samtranslator.translator.transform import transform

        plain = json.loads(json.dumps(resolve.load()))
        values = {name: p.get("Default", "") for name, p in plain["Parameters"].items()}
        for resource in plain["Resources"].values():
            if resource["Type"] == "AWS::Serverless::Function":
                resource["Properties"]["CodeUri"] = "s3://bucket/key"
        plain["Globals"]["Function"]["CodeUri"] = "s3://bucket/key"
        made = transform(plain, values, None)["Resources"]
        added = {name: r["Type"] for name, r in made.items() if name not in resolve.load()["Resources"]}
        kinds = {"AWS::Lambda::EventSourceMapping", "AWS::Lambda::EventInvokeConfig", "AWS::Scheduler::Schedule"}
        self.assertEqual(set(added.values()), kinds)
        for name, resource in made.items():
            self.assertNotIn("ManagedPolicyArns", resource.get("Properties", {}))
            # Two stacks in one account and region: what AWS is not told a name of, it names after the stack.
            for member, value in resource.get("Properties", {}).items():
                if member.endswith("Name") and name in added:
                    self.assertIsInstance(value, dict, f"{name}: {member} is the same in every stack")

    def test_no_parameter_is_given_past_what_later_deployments_go_by(self):
        """`sam deploy --guided` keeps its answers; what `--parameter-overrides` says, the next `sam deploy` takes back."""
        for page in [resolve.ROOT / "README.md", *sorted((resolve.ROOT / "docs").glob("*.md"))]:
            self.assertNotIn("sam deploy --parameter-overrides", page.read_text(), page.name)

    def test_the_runbook_counts_what_cloudwatch_takes_money_for(self):
        metrics = len(re.findall(r'\("([A-Z][A-Za-z]+)", "', (resolve.ROOT / "src/telemetry/metrics.rs").read_text()))
        kinds = [resource["Type"] for resource in self.template["Resources"].values()]
        alarms, dashboards = (kinds.count(f"AWS::CloudWatch::{kind}") for kind in ["Alarm", "Dashboard"])
        # By the month: a metric is 0.30 dollars, an alarm 0.10, a dashboard 3.
        dollars = (metrics * 0.3 + alarms * 0.1 + dashboards * 3) / 30
        line = f"+ ${dollars:.2f} "
        runbook = (resolve.ROOT / "docs/runbook.md").read_text()
        (found,) = [text for text in runbook.splitlines() if "metrics, " in text and "alarms, " in text and "$" in text]
        self.assertIn(line, found)
        self.assertIn(f"{metrics} metrics, {alarms} alarms, a dashboard", found)

    def test_the_version_is_the_crates(self):
        cargo = (resolve.ROOT / "Cargo.toml").read_text()
        version = re.search(r'^version = "(.+)"', cargo, re.M)[1]
        self.assertEqual(self.template["Metadata"]["AWS::ServerlessRepo::Application"]["SemanticVersion"], version)

    def test_the_readme_names_the_sam_cli_that_is_tried(self):
        (pinned,) = re.findall(r"^aws-sam-cli==(.+)$", (resolve.ROOT / "ci/requirements/sam.txt").read_text(), re.M)
        self.assertIn(f"({pinned}, which the tests", (resolve.ROOT / "README.md").read_text())

    def test_the_readme_lists_the_parameters(self):
        readme = (resolve.ROOT / "README.md").read_text()
        table = readme.split("<!-- parameters -->")[1].split("<!-- /parameters -->")[0]
        listed_here = re.findall(r"^\| `([A-Za-z]+)` \| (.*?) \|", table, re.M)
        defaults = {name: str(p["Default"]) for name, p in self.template["Parameters"].items()}
        wanted = [(name, f"`{default}`" if default else "") for name, default in defaults.items()]
        self.assertEqual([(name, default.strip()) for name, default in listed_here], wanted)
        groups = self.template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
        self.assertEqual({name for group in groups for name in group["Parameters"]}, set(defaults))

    def test_what_says_where_things_are_is_not_to_be_changed_later(self):
        """Of these another value makes new buckets, folders or a database, which the README and the parameter's own words say."""
        readme = (resolve.ROOT / "README.md").read_text()
        table = readme.split("**What not to change later.**")[1].split("\nA second stack")[0]
        told = set(re.findall(r"^\| `([A-Za-z]+)` \|", table, re.M))
        where = {"BucketPrefix", "LandingPrefix", "ExistingLandingBucket", "CuratedIn", "CuratedPrefix", "GlueDatabase"}
        self.assertEqual(told, where)
        for name in where:
            self.assertIn("Not to be changed later", self.template["Parameters"][name]["Description"], name)


if __name__ == "__main__":
    unittest.main()
