"""The stack: built, deployed as a user deploys it, and told resource by resource."""

import json
import pathlib
import shutil
import sys

import botocore.exceptions
import local

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests/template"))
import resolve  # noqa: E402

NAME = "daymark-local"
BUILT = ROOT / ".aws-sam/build/template.yaml"
# Resource types and condition keys of the template that the local AWS does not know, and actions that it alone knows.
REFUSED = json.loads((pathlib.Path(__file__).parent / "refused.json").read_text())
# Everything else is as a user has it: the rest of the parameters stay at their defaults.
PARAMETERS = {
    "BucketPrefix": "local",
    "MaximumConcurrency": 2,
    "TimeoutSeconds": 60,
    "SweepMinutes": 1,
    "SweepTimeoutSeconds": 60,
    "QuietMinutes": 1,
    "SendAfterMinutes": 1,
    "GraceDays": 0,
}


def build(sam):
    """By SAM's makefile builder, both functions in the one target folder."""
    local.run([sam, "build"])


def pack(programs, folder):
    """What `sam build` leaves, around programs that are built already: for those who have no time for a release build."""
    template = resolve.load()
    del template["Globals"]["Function"]["CodeUri"]
    for name, program in {"ConvertFunction": "convert", "ManifestFunction": "manifest"}.items():
        (folder / name).mkdir(parents=True)
        shutil.copy(programs / program, folder / name / "bootstrap")
        template["Resources"][name]["Properties"]["CodeUri"] = name
    for name in ("LICENSE", "README.md"):
        shutil.copy(ROOT / name, folder / name)
    (folder / "template.json").write_text(json.dumps(template))
    return folder / "template.json"


def without_refused(path):
    """The built template without the resources that the local AWS does not know. Gives those it left out."""
    template = resolve.load(path)
    resources = template["Resources"]
    left = {name: r["Type"] for name, r in resources.items() if r["Type"] in REFUSED["types"]}
    for name in left:
        del resources[name]
    for name, role in resources.items():
        for policy in role["Properties"].get("Policies", []) if role["Type"] == "AWS::IAM::Role" else []:
            for statement in policy["PolicyDocument"]["Statement"]:
                for action in set(REFUSED["actions"]) if isinstance(statement.get("Action"), list) else ():
                    if action.removesuffix("Batch") in statement["Action"]:
                        statement["Action"].append(action)
                        left[f"{name}: {statement['Sid']}, without {action}"] = "granted here alone"
                for operator, keys in list(statement.get("Condition", {}).items()):
                    for key in set(keys) & set(REFUSED["conditions"]):
                        del keys[key]
                        left[f"{name}: {statement['Sid']}"] = f"the condition on {key}"
                    if not keys:
                        del statement["Condition"]
    stripped = path.with_name("local.json")
    stripped.write_text(json.dumps(template, indent=1))
    with_settings(stripped)
    return stripped, left


def shown_to_be_refused(endpoint):
    """Tries each type of the list on its own. One that is taken has no business there."""
    cloudformation = local.client("cloudformation", endpoint)
    made = resolve.Resolver(resolve.load(), {"ExistingLandingBucket": "", **PARAMETERS}).resources()
    for action, words in REFUSED["actions"].items():
        batch_is_refused(endpoint)
        local.Steps.say(action, "refused", words)
    for key, words in REFUSED["conditions"].items():
        conditions_are_refused(endpoint, key)
        local.Steps.say(key, "refused", words)
    for kind, words in REFUSED["types"].items():
        resource = next(r for r in made.values() if r["Type"] == kind)
        body = json.dumps({"Resources": {"Probe": {"Type": kind, "Properties": resource["Properties"]}}})
        name = "refused-" + kind.lower().replace("::", "-")
        try:
            cloudformation.create_stack(StackName=name, TemplateBody=body)
            status = local.until(f"the stack {name}", lambda: settled(cloudformation, name))
        except cloudformation.exceptions.ClientError as error:
            status = str(error)
        local.expect("CREATE_COMPLETE" not in status, f"{kind} is taken by the local AWS: remove it from refused.json")
        local.Steps.say(kind, "refused", words)


def somebody(endpoint, service, right):
    """A client with one right."""
    iam, sts = local.client("iam", endpoint), local.client("sts", endpoint)
    trust = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::000000000000:root"}, "Action": "sts:AssumeRole"}
    name = f"refused-{service}"
    documents = [json.dumps({"Version": "2012-10-17", "Statement": [statement]}) for statement in (trust, right)]
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=documents[0])["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="right", PolicyDocument=documents[1])
    keys = sts.assume_role(RoleArn=arn, RoleSessionName="refused")["Credentials"]
    names = {"AccessKeyId": "aws_access_key_id", "SecretAccessKey": "aws_secret_access_key", "SessionToken": "aws_session_token"}
    return local.client(service, endpoint, **{names[key]: value for key, value in keys.items() if key in names})


def conditions_are_refused(endpoint, key):
    """Grants PutEvents under the condition and meets it."""
    right = {"Effect": "Allow", "Action": "events:PutEvents", "Resource": "*", "Condition": {"StringEquals": {key: "daymark"}}}
    events = somebody(endpoint, "events", right)
    is_denied(key, events.put_events, Entries=[{"Source": "daymark", "DetailType": "Probe", "Detail": "{}"}])


def batch_is_refused(endpoint):
    """Grants sqs:SendMessage and sends a batch."""
    url = local.client("sqs", endpoint).create_queue(QueueName="refused")["QueueUrl"]
    sqs = somebody(endpoint, "sqs", {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"})
    sqs.send_message(QueueUrl=url, MessageBody="one")
    is_denied("a batch", sqs.send_message_batch, QueueUrl=url, Entries=[{"Id": "1", "MessageBody": "one"}])


def is_denied(what, call, **arguments):
    try:
        call(**arguments)
    except botocore.exceptions.ClientError as error:
        local.expect("AccessDenied" in str(error), f"{what}: {error}")
    else:
        raise local.Failed(f"{what} is taken by the local AWS: remove it from refused.json")


def settled(cloudformation, name):
    status = cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
    return None if status.endswith("IN_PROGRESS") else status


def refused_parameters(sam, endpoint, environment, path):
    """That CloudFormation applies the template's rules; tests/template has all of them."""
    parameters = {"CuratedIn": "landing-bucket", "LandingPrefix": "lake/"}
    words = "LandingPrefix and CuratedPrefix have to differ"
    try:
        deploy(sam, endpoint, environment, path, name="refused", **parameters)
    except local.Failed as failed:
        local.expect(words in " ".join(str(failed).split()), f"{parameters}: expected {words!r}, found {failed}")
        local.Steps.say(" ".join(f"{name}={value}" for name, value in parameters.items()), "refused", words)
    else:
        raise local.Failed(f"{parameters}: expected a refusal")


def deploy(sam, endpoint, environment, path, name=NAME, **parameters):
    """All in one command, as a script deploys it."""
    overrides = [f"{key}={value}" for key, value in {**PARAMETERS, **parameters}.items()]
    more = ["--resolve-s3", "--capabilities", "CAPABILITY_IAM", "--no-confirm-changeset", "--no-fail-on-empty-changeset"]
    more += ["--region", "us-east-1", "--stack-name", name, "--parameter-overrides", *overrides]
    return deployed(sam, endpoint, environment, path, name, more)


def guided(sam, endpoint, environment, path, **answers):
    """`sam deploy --guided` as the README has it. What is not in `answers` is answered by Enter, and so is how it was before."""
    of_parameters = [answers.get(name, "") for name in resolve.load(path)["Parameters"]]
    # Confirm changes, role creation, no rollback, save the answers, to which file, under which name; then the change set itself.
    lines = [NAME, "us-east-1", *of_parameters, "", "", "", "", "", "", "y"]
    return deployed(sam, endpoint, environment, path, NAME, ["--guided"], lines)


def deployed_again(sam, endpoint, environment, path):
    """`sam deploy` alone, which the runbook has for upgrades: it goes by the answers that the guided one kept."""
    return deployed(sam, endpoint, environment, path, NAME, ["--no-fail-on-empty-changeset"], ["y"])


def deployed(sam, endpoint, environment, path, name, more, lines=()):
    try:
        answers = "".join(f"{line}\n" for line in lines)
        local.run([sam, "deploy", "--template", path, *more], environment, answers)
    except local.Failed as failed:
        raise local.Failed(why(endpoint, name) or str(failed)) from None
    stack = Stack(endpoint, name)
    with_numbers(endpoint, stack)
    return stack


def uninstalled(sam, endpoint, environment, stack):
    """`sam delete`, as the runbook has it: what is left are the buckets, with all that was in them."""
    s3 = local.client("s3", endpoint)
    buckets = [stack.ids[r["LogicalResourceId"]] for r in stack.resources if r["ResourceType"] == "AWS::S3::Bucket"]

    def contents():
        return {name: [found["Key"] for found in s3.list_objects_v2(Bucket=name).get("Contents", [])] for name in buckets}

    before = contents()
    local.run([sam, "delete", "--stack-name", stack.name, "--region", "us-east-1", "--no-prompts"], environment)
    queues = local.client("sqs", endpoint).list_queues(QueueNamePrefix=stack.name).get("QueueUrls", [])
    functions = [f["FunctionName"] for f in local.client("lambda", endpoint).list_functions()["Functions"]]
    left = [name for name in functions if name.startswith(f"{stack.name}-")]
    local.expect(not queues and not left, f"still there: {queues} {left}")
    local.expect(contents() == before, "the buckets are as they were")
    for name, keys in before.items():
        local.Steps.say(name, "stays", f"{len(keys)} objects and more" if len(keys) == 1000 else f"{len(keys)} objects")


def with_settings(path):
    """The project's own settings beside the template, where SAM looks for them and keeps answers."""
    shutil.copy(ROOT / "samconfig.toml", path.with_name("samconfig.toml"))


def with_numbers(endpoint, stack):
    """The local AWS keeps the mapping's numbers as the text that a parameter is, and its poller fails on them; AWS makes numbers of
    them. So the mapping is given the same values once more, as numbers."""
    client = local.client("lambda", endpoint)
    mapping = client.get_event_source_mapping(UUID=stack.ids["ConvertFunctionPart"])
    limit = {"MaximumConcurrency": int(mapping["ScalingConfig"]["MaximumConcurrency"])}
    client.update_event_source_mapping(UUID=mapping["UUID"], BatchSize=int(mapping["BatchSize"]), ScalingConfig=limit)


def why(endpoint, name):
    """What CloudFormation says of the resources that it could not make."""
    cloudformation = local.client("cloudformation", endpoint)
    try:
        events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    except cloudformation.exceptions.ClientError:
        return None
    failed = [e for e in events if e["ResourceStatus"].endswith("_FAILED")]
    return "\n".join(f"{e['LogicalResourceId']} {e['ResourceType']}: {e.get('ResourceStatusReason')}" for e in failed)


class Stack:
    """What was deployed."""

    def __init__(self, endpoint, name):
        cloudformation = local.client("cloudformation", endpoint)
        self.name = name
        stack = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
        self.outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
        self.resources = cloudformation.describe_stack_resources(StackName=name)["StackResources"]
        self.ids = {r["LogicalResourceId"]: r["PhysicalResourceId"] for r in self.resources}
        self.landing = self.outputs["LandingUrl"].removeprefix("s3://").split("/", 1)
        self.curated = self.outputs["CuratedUrl"].removeprefix("s3://").split("/", 1)

    def tell(self, left):
        for resource in sorted(self.resources, key=lambda r: (r["ResourceType"], r["LogicalResourceId"])):
            local.Steps.say(resource["LogicalResourceId"], resource["ResourceStatus"], resource["ResourceType"])
        for name, kind in left.items():
            local.Steps.say(name, "left out (refused.json)", kind)
        print()
        for name, value in self.outputs.items():
            local.Steps.say(name, value)
        odd = [r for r in self.resources if r["ResourceStatus"] not in ("CREATE_COMPLETE", "UPDATE_COMPLETE")]
        local.expect(not odd, f"not made: {odd}")
