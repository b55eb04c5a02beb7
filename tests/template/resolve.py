"""The template as CloudFormation would see it under given parameters: rules tried, conditions decided, functions worked out."""

import pathlib
import re

from samcli.yamlhelper import yaml_parse

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PSEUDO = {
    "AWS::AccountId": "123456789012",
    "AWS::Partition": "aws",
    "AWS::Region": "eu-central-1",
    "AWS::StackName": "daymark",
    "AWS::URLSuffix": "amazonaws.com",
}
NOTHING = object()


class Refused(Exception):
    """What the template says of parameters that it does not take."""


def load(path=ROOT / "template.yaml"):
    return yaml_parse(pathlib.Path(path).read_text())


class Resolver:
    """Works out a template's functions. What only a deployment can know stays a name: `<Bucket>`, `<Queue.Arn>`."""

    def __init__(self, template, parameters=None, pseudo=None):
        self.template = template
        self.pseudo = {**PSEUDO, **(pseudo or {})}
        self.parameters = self.taken(parameters or {})
        self.rules()

    def taken(self, given):
        declared = self.template["Parameters"]
        unknown = sorted(set(given) - set(declared))
        if unknown:
            raise Refused(f"no such parameters: {', '.join(unknown)}")
        values = {}
        for name, parameter in declared.items():
            value = str(given.get(name, parameter.get("Default", "")))
            if "AllowedValues" in parameter and value not in map(str, parameter["AllowedValues"]):
                raise Refused(f"{name}: {value!r} is not one of {parameter['AllowedValues']}")
            if "AllowedPattern" in parameter and not re.fullmatch(parameter["AllowedPattern"], value):
                raise Refused(f"{name}: {value!r}: {parameter['ConstraintDescription']}")
            if parameter["Type"] == "Number" and not (
                parameter.get("MinValue", float("-inf")) <= float(value) <= parameter.get("MaxValue", float("inf"))
            ):
                raise Refused(f"{name}: {value} is out of range")
            values[name] = value
        return values

    def rules(self):
        for rule in self.template.get("Rules", {}).values():
            if self.holds(rule.get("RuleCondition", True)):
                for assertion in rule["Assertions"]:
                    if not self.holds(assertion["Assert"]):
                        raise Refused(assertion["AssertDescription"])

    def holds(self, condition):
        if isinstance(condition, bool):
            return condition
        if isinstance(condition, str):
            return self.holds(self.template["Conditions"][condition])
        ((function, value),) = condition.items()
        match function:
            case "Condition":
                return self.holds(value)
            case "Fn::Equals":
                left, right = map(self.value, value)
                return str(left) == str(right)
            case "Fn::Not":
                return not self.holds(value[0])
            case "Fn::And":
                return all(map(self.holds, value))
            case "Fn::Or":
                return any(map(self.holds, value))
            case "Fn::Contains":
                return str(self.value(value[1])) in map(str, self.value(value[0]))
        raise ValueError(f"no such condition: {function}")

    def value(self, value):
        """The value, or NOTHING for what AWS::NoValue takes away."""
        if isinstance(value, list):
            items = [self.value(item) for item in value]
            return [item for item in items if item is not NOTHING]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((function, argument),) = value.items()
            if function == "Ref":
                return self.reference(argument)
            if function == "Fn::GetAtt":
                name = argument if isinstance(argument, str) else ".".join(argument)
                self.resource(name.split(".")[0])
                return f"<{name}>"
            if function == "Fn::If":
                return self.value(argument[1] if self.holds(argument[0]) else argument[2])
            if function == "Fn::FindInMap":
                name, first, second = map(self.value, argument)
                return self.template["Mappings"][name][str(first)][second]
            if function == "Fn::Sub":
                return self.substitute(argument)
            if function == "Fn::Split":
                separator, text = map(self.value, argument)
                return text.split(separator)
            if function == "Fn::Select":
                index, items = map(self.value, argument)
                return items[int(index)]
        members = {key: self.value(member) for key, member in value.items()}
        return {key: member for key, member in members.items() if member is not NOTHING}

    def reference(self, name):
        if name == "AWS::NoValue":
            return NOTHING
        if name in self.pseudo:
            return self.pseudo[name]
        if name in self.parameters:
            return self.parameters[name]
        resource = self.resource(name)
        bus = self.value(resource.get("Properties", {}).get("EventBusName", "default"))
        if resource.get("Type") == "AWS::Events::Rule" and bus != "default":
            return f"{bus}|<{name}>"
        return f"<{name}>"

    def resource(self, name):
        """Fails for a resource that is not there under these parameters: a reference to it could not be deployed."""
        if name in self.generated():
            return {}
        resource = self.template["Resources"][name]
        if "Condition" in resource and not self.holds(resource["Condition"]):
            raise Refused(f"{name} is referred to, but its condition {resource['Condition']} does not hold")
        return resource

    def generated(self):
        """What SAM makes of the functions' events goes by the function's name and the event's."""
        resources = self.template["Resources"].items()
        return {f"{name}{event}" for name, r in resources for event in r.get("Properties", {}).get("Events", {})}

    def substitute(self, argument):
        text, names = (argument, {}) if isinstance(argument, str) else argument

        def known(match):
            name = match[1]
            if name in names:
                return str(self.value(names[name]))
            if "." in name:
                return self.value({"Fn::GetAtt": name})
            return str(self.reference(name))

        return re.sub(r"\$\{([^!}]+)\}", known, text)

    def resources(self):
        """Logical ids and resources that would be made."""
        made = {}
        for name, resource in self.template["Resources"].items():
            if "Condition" not in resource or self.holds(resource["Condition"]):
                made[name] = {**resource, "Properties": self.value(resource.get("Properties", {}))}
        return made

    def outputs(self):
        outputs = self.template["Outputs"].items()
        return {name: self.value(o["Value"]) for name, o in outputs if "Condition" not in o or self.holds(o["Condition"])}
