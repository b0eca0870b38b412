"""Every string of the template, held against what AWS's own models accept.

An emulator takes any text. AWS does not, and one string that it refuses rolls back the whole stack.
"""

import copy
from typing import Any

import pytest

from tests.cloud.service_models import (
    PARAMETERS,
    documented_characters,
    matching_members,
    strings,
    violations,
)
from tests.cloud.transformed import transformed_template

#: Values that an operator may give, where the default is empty.
GIVEN = {
    "Environment": "prod",
    "NotificationEmail": "ops@example.org",
    "CorsOrigins": "https://bar.example.org",
}


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    return transformed_template()


@pytest.fixture(scope="module")
def parameters(template: dict[str, Any]) -> dict[str, str]:
    defaults = {name: str(item.get("Default", "")) for name, item in template["Parameters"].items()}
    return {**PARAMETERS, **defaults, **GIVEN}


def test_models_accept_every_string(template: dict[str, Any], parameters: dict[str, str]) -> None:
    found = {
        (violation.resource, violation.path, violation.text, violation.rule)
        for name, resource in template["Resources"].items()
        for violation in violations(name, resource, parameters)
    }
    assert found == set()


def test_most_strings_have_a_model(template: dict[str, Any], parameters: dict[str, str]) -> None:
    """Else the test above would hold for want of anything to compare with."""
    known = [
        bool(matching_members(resource["Type"], path))
        for resource in template["Resources"].values()
        for path, _ in strings(resource.get("Properties", {}), parameters)
    ]
    assert len(known) > 300
    assert sum(known) / len(known) > 0.5


@pytest.mark.parametrize(
    ("resource", "path", "text", "rule"),
    [
        (
            "BatchSecurityGroup",
            ("SecurityGroupEgress", 0, "Description"),
            "the API's",
            "characters",
        ),
        ("EFSIngressFromBatch", ("Description",), "the API's", "characters"),
        ("BatchSecurityGroup", ("SecurityGroupEgress", 0, "Description"), "a" * 256, "255"),
        ("BatchSecurityGroup", ("GroupDescription",), "the API's", "pattern"),
        ("AnalyticsTriggerFunction", ("FunctionName",), "analytics trigger", "pattern"),
        ("AnalyticsTriggerFunction", ("Description",), "a" * 257, "256"),
        ("AnalyticsBucket", ("VersioningConfiguration", "Status"), "On", "one of"),
        ("AnalyticsJobFailedRule", ("Description",), "a" * 513, "512"),
        ("AnalyticsJobQueue", ("State",), "RUNNING", "one of"),
        ("CocktailUserPoolClient", ("TokenValidityUnits", "IdToken"), "weeks", "one of"),
    ],
)
def test_refused_strings_are_found(
    template: dict[str, Any],
    parameters: dict[str, str],
    resource: str,
    path: tuple[str | int, ...],
    text: str,
    rule: str,
) -> None:
    broken = copy.deepcopy(template["Resources"][resource])
    place = broken["Properties"]
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = text
    found = [item for item in violations(resource, broken, parameters) if item.path == path]
    assert any(rule in item.rule for item in found), found


def test_documented_characters_become_a_pattern() -> None:
    said = "<p>Up to 255 characters.</p> <p>Valid characters: a-z, 0-9, spaces, and ._-</p>"
    assert documented_characters(said) == r"[a-z0-9 \._\-]*"
    assert documented_characters("<p>Valid characters: letters of any alphabet</p>") is None
