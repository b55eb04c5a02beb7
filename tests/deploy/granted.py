"""Whether each role has the rights that were used, and no others: what the recorder saw against what the stack grants."""

import json
import re
import sys

import local
import stack as stacks

sys.path.insert(0, str(stacks.ROOT / "tests/template"))
import rights  # noqa: E402

ROLES = {"ConvertFunction": "ConvertRole", "ManifestFunction": "ManifestRole", "HubSpotAccessRole": "HubSpotAccessRole"}


def grants(iam, role):
    """What the role is granted."""
    statements = []
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        statements += (json.loads(document) if isinstance(document, str) else document)["Statement"]
    return rights.of_statements(statements, leave_out=stacks.REFUSED["actions"])


def by_role(recorder, stack):
    """The rights that each role used."""
    functions = {stack.ids[name]: name for name in ("ConvertFunction", "ManifestFunction")}
    used = {role: set() for role in ROLES.values()}
    for call in recorder.calls:
        if call.access_key == local.ROOT_KEY:
            continue
        name = recorder.names.get(call.access_key)
        role = ROLES.get(functions.get(name, name))
        local.expect(role, f"a request by nobody that is known: {call.method} {call.path} by {name}")
        used[role].update(call.rights)
    return used


def check(recorder, stack, endpoint, all_of_them=True):
    """Fails if a request was made without a right to it; and, if all that the functions do was done, if a right was not used, or
    if used.json, which `make lint` holds the template against, has others."""
    iam = local.client("iam", endpoint)
    used = by_role(recorder, stack)
    granted = {role: grants(iam, stack.ids[role]) for role in [*used, "SweepScheduleRole"]}
    tell(granted, used)
    faults = rights.faults(granted, used, all_of_them)
    local.expect(not faults, "\n".join(faults))
    if all_of_them:
        hold_against_recorded(granted, used, stack)


def tell(granted, used):
    reasons = {(entry["role"], entry["sid"]): entry["reason"] for entry in rights.IMPLIED}
    implied = {(entry["role"], entry["sid"], action) for entry in rights.IMPLIED for action in entry["actions"]}
    for role, its_grants in granted.items():
        by_statement = {}
        for grant in its_grants:
            asked = [right for right in used.get(role, ()) if rights.covers(grant, *right)]
            is_implied = not asked and (role, grant[0], grant[1]) in implied
            by_statement.setdefault(grant[0], []).append(f"{grant[1]} ({'implied' if is_implied else len(asked)})")
        for sid, actions in by_statement.items():
            local.Steps.say(role, sid, ", ".join(dict.fromkeys(actions)))
            if (role, sid) in reasons:
                local.Steps.say("", "", f"because {reasons[role, sid]}")


def hold_against_recorded(granted, used, stack):
    """Of each right that was used one request, under the template's own names, as used.json has them."""
    logical = {stack.ids[name]: f"<{name}>" for name in ("LandingBucket", "CuratedBucket", "PartsQueue")}

    def named(resource):
        for physical, name in logical.items():
            resource = resource.replace(physical.rsplit("/", 1)[-1], name)
        return resource

    seen = {}
    for role, its_grants in granted.items():
        examples = ([right for right in sorted(used.get(role, ())) if rights.covers(grant, *right)] for grant in its_grants)
        found = {(action, named(resource)) for action, resource in (example[0] for example in examples if example)}
        if found:
            seen[role] = sorted(found)
    kinds = {(role, action, kind(resource)) for role, its in seen.items() for action, resource in its}
    recorded = rights.recorded() if rights.USED.exists() else {}
    were = {(role, action, kind(resource)) for role, its in recorded.items() for action, resource in its}
    if kinds == were:
        return
    found = stacks.ROOT / "target/deploy-local/used.json"
    found.write_text(json.dumps(seen, indent=2) + "\n")
    local.expect(
        False,
        f"{rights.USED} is out of date: more {sorted(kinds - were)}, less {sorted(were - kinds)}; what was recorded is in {found}",
    )


def kind(resource):
    """A resource without what differs from run to run: of an object's key the first folders, without dates and values."""
    dateless = re.sub(r"\d{4}-\d{2}-\d{2}", "DATE", resource)
    return re.sub(r"^(arn:aws:s3:::[^/]+(?:/[^/=]+){1,2}).*", r"\1", dateless)
