"""What AWS's own models say about the strings of a CloudFormation template.

Two sources, both installed with the development tools, so nothing is fetched:

- the resource provider schemas that cfn-lint bundles: pattern, enum and length of a property;
- botocore's service models: the same of the API operations that CloudFormation calls to create the
  resource, plus the characters and lengths that only the documentation of a member gives.
"""

import html
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import botocore.session
import regex
from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

REGION = "us-east-1"
PARAMETERS = {
    "AWS::AccountId": "123456789012",
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::StackName": "cocktail-db-prod",
    "AWS::URLSuffix": "amazonaws.com",
}

#: botocore's names of services whose IAM prefix differs.
_SERVICES = {"elasticfilesystem": "efs", "apigateway": "apigatewayv2"}

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Violation:
    """A string that a model does not accept."""

    resource: str
    path: Path
    text: str
    rule: str


def strings(value: Any, parameters: dict[str, str], path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Yield every string of a resource's properties whose text is known before the deployment.

    Parameters are replaced by their values. A reference to a resource has no known text, so a
    string that holds one is left out.
    """
    match value:
        case str():
            yield path, value
        case {"Ref": name} if name in parameters:
            yield path, parameters[name]
        case {"Fn::If": [_, *branches]}:
            for branch in branches:
                yield from strings(branch, parameters, path)
        case {"Fn::Sub": str(text)}:
            names = set(regex.findall(r"\$\{([^!}]+)\}", text))
            if names <= set(parameters):
                yield path, regex.sub(r"\$\{([^!}]+)\}", lambda m: parameters[m[1]], text)
        case dict() if any(key == "Ref" or key.startswith("Fn::") for key in value):
            return
        case dict():
            for key, item in value.items():
                yield from strings(item, parameters, (*path, key))
        case list():
            for index, item in enumerate(value):
                yield from strings(item, parameters, (*path, index))


# --- CloudFormation's resource provider schemas ---


def schema(resource_type: str) -> dict[str, Any]:
    """Return the provider schema of a resource type, with cfn-lint's corrections."""
    found: dict[str, Any] = PROVIDER_SCHEMA_MANAGER.get_resource_schema(
        REGION, resource_type
    ).schema
    return found


def _subschemas(root: dict[str, Any], node: Any, path: Path) -> Iterator[dict[str, Any]]:
    """Yield the schemas that describe the value at a path below a schema."""
    if not isinstance(node, dict):
        return
    if "$ref" in node:
        target: Any = root
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        yield from _subschemas(root, target, path)
    for branch in (*node.get("allOf", ()), *node.get("anyOf", ()), *node.get("oneOf", ())):
        yield from _subschemas(root, branch, path)
    if not path:
        yield node
    elif isinstance(path[0], int):
        yield from _subschemas(root, node.get("items"), path[1:])
    elif path[0] in node.get("properties", {}):
        yield from _subschemas(root, node["properties"][path[0]], path[1:])
    else:
        for pattern, below in node.get("patternProperties", {}).items():
            if regex.search(pattern, path[0]):
                yield from _subschemas(root, below, path[1:])


def _schema_rules(resource_type: str, path: Path, text: str) -> Iterator[str]:
    root = schema(resource_type)
    for found in _subschemas(root, {"properties": root["properties"]}, path):
        pattern = found.get("pattern")
        if pattern and not regex.search(pattern, text):
            yield f"pattern {pattern}"
        if "enum" in found and text not in map(str, found["enum"]):
            yield f"one of {found['enum']}"
        folded = [str(item).lower() for item in found.get("enumCaseInsensitive", ())]
        if folded and text.lower() not in folded:
            yield f"one of {folded}"
        if found.get("type") == "string":
            low, high = found.get("minLength", 0), found.get("maxLength", len(text))
            if not low <= len(text) <= high:
                yield f"{low} to {high} characters"


def _is_map_entry(resource_type: str, path: Path) -> bool:
    root = schema(resource_type)
    return any(
        "patternProperties" in parent and path[-1] not in parent.get("properties", {})
        for parent in _subschemas(root, {"properties": root["properties"]}, path[:-1])
    )


# --- botocore's service models ---


@dataclass(frozen=True)
class Member:
    """A string member of an operation's input: where it is, and what it accepts."""

    path: tuple[str, ...]
    shape: StringShape


@cache
def _members(resource_type: str) -> tuple[Member, ...]:
    """Return the string members of the operations that create a resource of a type."""
    session = botocore.session.get_session()
    permissions = schema(resource_type).get("handlers", {}).get("create", {}).get("permissions", [])
    *_, service, resource = resource_type.split("::")
    wanted: dict[str, set[str]] = {}
    for permission in permissions:
        prefix, action = permission.lower().split(":")
        name = _SERVICES.get(prefix, prefix)
        if name == service.lower() or name not in ("iam", "kms", "ec2", "s3"):
            wanted.setdefault(name, set()).update(
                {action, f"create{resource.lower()}", action.replace("put", "putbucket", 1)}
            )
        elif name == "ec2" and service == "EC2":
            wanted.setdefault(name, set()).add(action)
    members = []
    for name in wanted.keys() & set(session.get_available_services()):
        model = session.get_service_model(name)
        for operation in model.operation_names:
            if operation.lower() in wanted[name]:
                shape = model.operation_model(operation).input_shape
                members += list(_walk(shape, (), ()))
    return tuple(members)


def _walk(shape: Shape | None, path: tuple[str, ...], seen: tuple[str, ...]) -> Iterator[Member]:
    match shape:
        case StructureShape() if shape.name not in seen:
            for name, member in shape.members.items():
                yield from _walk(member, (*path, name.lower()), (*seen, shape.name))
        case ListShape():
            yield from _walk(shape.member, path, seen)
        case MapShape():
            yield from _walk(shape.value, path, seen)
        case StringShape():
            yield Member(path, shape)


def matching_members(resource_type: str, path: Path) -> list[Member]:
    """Return the members that a property may become: those of its name, the closest first."""
    if _is_map_entry(resource_type, path):
        return []  # its name is the template's, not AWS's
    names = [str(step).lower() for step in path if isinstance(step, str)]
    same = [member for member in _members(resource_type) if member.path[-1:] == (names[-1],)]
    exact = [member for member in same if list(member.path) == names]
    nearby = [member for member in same if list(member.path[-2:]) == names[-2:]]
    return exact or nearby or same


#: "Allowed characters are a-z, A-Z, 0-9, spaces, and ._-:/()", "Valid characters: ..."
_CHARACTERS = regex.compile(r"(?:allowed|valid) characters(?: are|:) (.*?)</p>", regex.IGNORECASE)
_LENGTH = regex.compile(r"up to (\d+) (?:\w+ )?characters", regex.IGNORECASE)


def documented_characters(documentation: str) -> str | None:
    """Return the regular expression of the characters that a documentation allows, if it does.

    Examples
    --------
    >>> documented_characters("<p>Valid characters: a-z, 0-9, spaces, and ._-</p>")
    "[a-z0-9 ._\\\\-]*"
    """
    found = _CHARACTERS.search(documentation)
    if not found:
        return None
    *ranges, literal = html.unescape(found[1]).split(", ")
    if not literal.startswith("and ") or not set(ranges) <= {"a-z", "A-Z", "0-9", "spaces"}:
        return None  # said in another way, which this does not read
    allowed = "".join(" " if part == "spaces" else part for part in ranges)
    return f"[{allowed}{regex.escape(literal.removeprefix('and ').replace(';;', ';'))}]*"


def _model_rules(member: Member, text: str) -> Iterator[str]:
    shape = member.shape
    if shape.enum and text not in shape.enum:
        yield f"one of {shape.enum}"
    pattern = shape.metadata.get("pattern")
    if pattern and not regex.search(pattern, text):
        yield f"pattern {pattern}"
    low, high = shape.metadata.get("min", 0), shape.metadata.get("max", len(text))
    documented = _LENGTH.search(shape.documentation)
    high = min(high, int(documented[1])) if documented else high
    if not low <= len(text) <= high:
        yield f"{low} to {high} characters"
    characters = documented_characters(shape.documentation)
    if characters and not regex.fullmatch(characters, text):
        yield f"characters {characters}"


def violations(
    name: str, resource: dict[str, Any], parameters: dict[str, str]
) -> Iterator[Violation]:
    """Yield the strings of a resource that a model does not accept."""
    kind = resource["Type"]
    for path, text in strings(resource.get("Properties", {}), parameters):
        for rule in _schema_rules(kind, path, text):
            yield Violation(name, path, text, f"CloudFormation: {rule}")
        for member in matching_members(kind, path):
            for rule in _model_rules(member, text):
                yield Violation(name, path, text, f"{'.'.join(member.path)}: {rule}")
