"""Rights that roles are granted, held against those that their functions were seen to use.

`used.json` is what `make deploy-local` recorded: of each right that was used, one request. `implied.json` has what is granted although
no request of ours asks for it, each with its reason.
"""

import fnmatch
import json
import pathlib

HERE = pathlib.Path(__file__).parent
USED = HERE / "used.json"
IMPLIED = json.loads((HERE / "implied.json").read_text())


def listed(value):
    return value if isinstance(value, list) else [value]


def of_statements(statements, leave_out=()):
    """Of (statement, action, resource), one for each right that statements grant."""
    return [
        (statement["Sid"], action, resource)
        for statement in statements
        for action in sorted(set(listed(statement["Action"])) - set(leave_out))
        for resource in listed(statement["Resource"])
    ]


def covers(grant, action, resource):
    """Whether a right comes of a grant. Of an ARN without region and account its end counts."""
    _, granted, on = grant
    return granted == action and (fnmatch.fnmatchcase(resource, on) or fnmatch.fnmatchcase(on, resource))


def faults(granted, used, all_of_them=True):
    """What is wrong with the rights of roles; and, if all that the functions do was done, what nobody used."""
    found = []
    implied = {(entry["role"], entry["sid"], action) for entry in IMPLIED for action in entry["actions"]}
    needed = set()
    for role, grants in granted.items():
        for action, resource in sorted(used.get(role, ())):
            if not any(covers(grant, action, resource) for grant in grants):
                found.append(f"{role} used {action} on {resource}, which it is not granted")
        for grant in grants:
            sid, action, resource = grant
            if any(covers(grant, *right) for right in used.get(role, ())):
                continue
            if (role, sid, action) in implied:
                needed.add((role, sid, action))
            elif all_of_them:
                found.append(f"{role} is granted {action} on {resource}, which nobody used")
    if all_of_them:
        found += [f"implied.json lists {action} of {role} {sid}, which is used or not granted" for role, sid, action in implied - needed]
    return found


def recorded():
    """The rights of `used.json`, by role."""
    return {role: {tuple(right) for right in rights} for role, rights in json.loads(USED.read_text()).items()}
