"""Every operation of the OpenAPI document, with inputs that fit its schema and some that do not.

Schemathesis draws the inputs and checks each response: no 5xx, only documented statuses, types and
shapes, valid input accepted, invalid refused, 405 for unknown methods, no operation open that the
document calls closed. Each test prints how many requests it has sent (`pytest -rP`). The number of
examples is set by SCHEMATHESIS_EXAMPLES: a few in CI, thousands by hand.
"""

import contextlib
import os
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from hypothesis.stateful import run_state_machine_as_test
from schemathesis import GenerationMode
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.schemas import OpenApiSchema

from api.http.app import create_app
from tests.http.conftest import TOKEN, Site

EXAMPLES = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "8"))
STEPS = 6
AUTH = {"Authorization": f"Bearer {TOKEN}"}
#: "What fits the schema is accepted": the schema cannot say that a cursor must be one that we gave
#: out, that If-Match must name the present version, or that text may hold no control characters.
INEXPRESSIBLE = [schemathesis.checks.CHECKS.get_one("positive_data_acceptance")]
SETTINGS = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
    derandomize="SCHEMATHESIS_EXAMPLES" not in os.environ,
)


@pytest.fixture
def schema(site: Site) -> Iterator[OpenApiSchema]:
    """The document, over the application itself: no socket in between."""
    app = create_app(site.settings())
    yield schemathesis.openapi.from_asgi("/openapi.json", app)
    app.state.services.freshness.close()
    app.state.services.database.dispose()


def test_every_operation_keeps_its_promises(schema: OpenApiSchema) -> None:
    sent: Counter[int] = Counter()
    broken: list[str] = []
    for result in schema.get_all_operations():
        operation = result.ok()
        for mode in GenerationMode:

            @SETTINGS
            @given(case=operation.as_strategy(generation_mode=mode))
            def check(case: schemathesis.Case) -> None:
                response = case.call(headers=AUTH)
                sent[response.status_code] += 1
                case.validate_response(response, headers=AUTH, excluded_checks=INEXPRESSIBLE)

            # An operation without parameters has no input that is wrong.
            with contextlib.suppress(Unsatisfiable):
                try:
                    check()
                except FailureGroup as group:
                    broken.append(f"{operation.label} ({mode.value}): {group}")
    print(f"{sum(sent.values())} requests: {dict(sorted(sent.items()))}")  # noqa: T201
    assert not broken, "\n\n".join(broken)
    assert not any(status >= 500 for status in sent)
    assert any(200 <= status < 300 for status in sent)
    assert any(400 <= status < 500 for status in sent)


def test_operations_linked_to_each_other_keep_them_too(schema: OpenApiSchema) -> None:
    """What one operation made, the next one reads, changes and removes."""
    sent: Counter[int] = Counter()
    machine = schema.as_state_machine()

    class Counting(machine):  # type: ignore[valid-type, misc]
        def get_call_kwargs(self, case: schemathesis.Case) -> dict[str, Any]:
            return {"headers": AUTH}

        def validate_response(
            self, response: schemathesis.Response, case: schemathesis.Case, **kwargs: Any
        ) -> None:
            case.validate_response(response, headers=AUTH, excluded_checks=INEXPRESSIBLE)

        def after_call(self, response: schemathesis.Response, case: schemathesis.Case) -> None:
            sent[response.status_code] += 1

    run_state_machine_as_test(Counting, settings=settings(SETTINGS, stateful_step_count=STEPS))
    print(f"{sum(sent.values())} requests: {dict(sorted(sent.items()))}")  # noqa: T201
    assert not any(status >= 500 for status in sent)
    assert any(200 <= status < 300 for status in sent)
