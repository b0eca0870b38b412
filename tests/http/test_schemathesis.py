"""Every operation of the OpenAPI document, with inputs that fit its schema and some that do not.

Schemathesis draws the inputs and checks each response: no 5xx, only documented statuses, types,
headers and shapes, invalid input refused, 405 for unknown methods, no operation open that the
document calls closed. Each test prints how many requests it has sent (`pytest -rP`); the number of
examples is set by SCHEMATHESIS_EXAMPLES: a few in CI, always the same, thousands by hand.
"""

import contextlib
import itertools
import os
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from hypothesis.stateful import run_state_machine_as_test
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Err
from schemathesis.specs.openapi.schemas import OpenApiSchema
from starlette.types import Receive, Scope, Send

from api.http.app import create_app
from tests.http.conftest import TOKEN, Site

BY_HAND = "SCHEMATHESIS_EXAMPLES" in os.environ
EXAMPLES = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "5"))
STEPS = 6
AUTH = {"Authorization": f"Bearer {TOKEN}"}
#: Checks whose answer a schema cannot give. "What fits is accepted": that a cursor must be one that
#: we gave out, If-Match name the present version, text hold no control characters. "What does not
#: fit is refused": unknown parameters in a URL are ignored, as is space around a number.
INEXPRESSIBLE: list[Any] = CHECKS.get_by_names(
    ["positive_data_acceptance", "negative_data_rejection"]
)
SETTINGS = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
    derandomize=not BY_HAND,
)


class Sites:
    """An ASGI application that can start anew over an untouched copy of the sample."""

    def __init__(self, published: Site, directory: Path) -> None:
        self._published = published
        self._directory = directory
        self._numbers = itertools.count()
        self._app: FastAPI | None = None

    def start_anew(self) -> None:
        self.close()
        site = Site(self._directory / str(next(self._numbers)))
        shutil.copytree(self._published.directory, site.directory)
        self._app = create_app(site.settings())

    def close(self) -> None:
        if self._app is not None:
            self._app.state.services.freshness.close()
            self._app.state.services.database.dispose()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self._app is not None
        await self._app(scope, receive, send)


@pytest.fixture
def sites(published_sample: Site, tmp_path: Path) -> Iterator[Sites]:
    made = Sites(published_sample, tmp_path)
    made.start_anew()
    yield made
    made.close()


@pytest.fixture
def schema(sites: Sites) -> OpenApiSchema:
    """The document, over the application itself: no socket in between."""
    return schemathesis.openapi.from_asgi("/openapi.json", sites)


def test_operations_conform_to_their_schema(schema: OpenApiSchema) -> None:
    sent: Counter[int] = Counter()
    broken: list[str] = []
    for result in schema.get_all_operations():
        assert not isinstance(result, Err), result
        operation = result.ok()
        for mode in GenerationMode:

            @SETTINGS
            @given(case=operation.as_strategy(generation_mode=mode))
            def check(case: schemathesis.Case[Any]) -> None:
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
    assert sent[422] > 0


def test_linked_operations_conform_to_their_schema(schema: OpenApiSchema, sites: Sites) -> None:
    """What one operation made, the next one reads, changes and removes."""
    sent: Counter[int] = Counter()
    machine = schema.as_state_machine()

    class Linked(machine):  # type: ignore[valid-type, misc]
        def setup(self) -> None:
            sites.start_anew()  # or else a run would depend on those before it

        def get_call_kwargs(self, case: schemathesis.Case[Any]) -> dict[str, Any]:
            return {"headers": AUTH}

        def validate_response(
            self, response: schemathesis.Response, case: schemathesis.Case[Any], **kwargs: Any
        ) -> None:
            case.validate_response(response, headers=AUTH, excluded_checks=INEXPRESSIBLE)

        def after_call(self, response: schemathesis.Response, case: schemathesis.Case[Any]) -> None:
            sent[response.status_code] += 1

    run_state_machine_as_test(Linked, settings=settings(SETTINGS, stateful_step_count=STEPS))
    print(f"{sum(sent.values())} requests: {dict(sorted(sent.items()))}")  # noqa: T201
    assert not any(status >= 500 for status in sent)
    assert any(200 <= status < 300 for status in sent)
