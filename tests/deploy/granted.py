"""Whether each role has the rights that were used, and no others: what the recorder saw against what the stack grants."""

import fnmatch
import json
import pathlib

import local
import stack as stacks

# Rights that nobody of ours asks for through the recorder, each with its reason.
IMPLIED = json.loads((pathlib.Path(__file__).parent / "implied.json").read_text())
ROLES = {"ConvertFunction": "ConvertRole", "ManifestFunction": "ManifestRole", "HubSpotAccessRole": "HubSpotAccessRole"}


def listed(value):
    return value if isinstance(value, list) else [value]


def grants(iam, role):
    """Of (statement, action, resource), one for each that the role is granted."""
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        document = json.loads(document) if isinstance(document, str) else document
        for statement in document["Statement"]:
            for action in set(listed(statement["Action"])) - set(stacks.REFUSED["actions"]):
                for resource in listed(statement["Resource"]):
                    yield statement["Sid"], action, resource


def covers(grant, action, resource):
    _, granted, on = grant
    # The recorder does not know the account: an ARN of a queue is right if its end is.
    return granted == action and (fnmatch.fnmatchcase(resource, on) or fnmatch.fnmatchcase(on, resource))


def check(recorder, stack, endpoint, all_of_them=True):
    """Fails if a request was made without a right to it; and, if all that the functions do was done, if a right was not used."""
    iam = local.client("iam", endpoint)
    functions = {stack.ids[name]: name for name in ("ConvertFunction", "ManifestFunction")}
    used = {role: set() for role in ROLES.values()}
    for call in recorder.calls:
        if call.access_key == local.ROOT_KEY:
            continue
        name = recorder.names.get(call.access_key)
        role = ROLES.get(functions.get(name, name))
        local.expect(role, f"a request by nobody that is known: {call.method} {call.path} by {name}")
        used[role].update(call.rights)
    faults = []
    implied = {(entry["role"], entry["sid"], action) for entry in IMPLIED for action in entry["actions"]}
    needed = set()
    reasons = {(e["role"], e["sid"]): e["reason"] for e in IMPLIED}
    for role in [*used, "SweepScheduleRole"]:
        granted = list(grants(iam, stack.ids[role]))
        denied = [right for right in used.get(role, ()) if not any(covers(grant, *right) for grant in granted)]
        faults += [f"{role} used {action} on {resource}, which it is not granted" for action, resource in denied]
        by_statement = {}
        for grant in granted:
            asked = [right for right in used.get(role, ()) if covers(grant, *right)]
            sid, action, resource = grant
            if not asked and (role, sid, action) in implied:
                needed.add((role, sid, action))
                by_statement.setdefault(sid, []).append(f"{action} (implied)")
                continue
            if not asked and all_of_them:
                faults.append(f"{role} is granted {action} on {resource}, which nobody used")
            by_statement.setdefault(sid, []).append(f"{action} ({len(asked)})")
        for sid, actions in by_statement.items():
            local.Steps.say(role, sid, ", ".join(dict.fromkeys(actions)))
            if (role, sid) in reasons:
                local.Steps.say("", "", f"because {reasons[role, sid]}")
    if all_of_them:
        faults += [f"implied.json lists {action} of {role} {sid}, which is used or not granted" for role, sid, action in implied - needed]
    local.expect(not faults, "\n".join(faults))
