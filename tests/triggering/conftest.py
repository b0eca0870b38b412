"""AWS Batch for the tests that trigger refreshes, and the trigger function's environment."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from api.analytics import trigger

if TYPE_CHECKING:
    from tests.triggering.batch import Batch


@pytest.fixture(scope="module")
def batch_service() -> "Iterator[Batch]":
    """A queue in moto's server."""
    # Importing moto's services takes a second and a half.
    from tests.triggering.batch import running_batch

    with running_batch() as batch:
        yield batch


@pytest.fixture
def batch(batch_service: "Batch", monkeypatch: pytest.MonkeyPatch) -> "Batch":
    """An empty queue, and the trigger function's environment, of a new Lambda process."""
    batch_service.clear()
    monkeypatch.setenv("BATCH_JOB_QUEUE", batch_service.queue)
    monkeypatch.setenv("BATCH_JOB_DEFINITION", batch_service.definition)
    monkeypatch.setattr(trigger, "_batch_client", None)
    monkeypatch.setattr(trigger, "_last_submitted", None)
    return batch_service
