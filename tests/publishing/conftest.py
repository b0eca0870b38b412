"""A real directory and a real S3 protocol server, behind the same tests."""

from collections.abc import Callable
from pathlib import Path

import pytest

from api.storage.local import LocalStore
from api.storage.objects import ObjectStore
from api.storage.s3 import S3Store


@pytest.fixture(params=["local", "s3"])
def make_store(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], ObjectStore]:
    """Open the same store again and again, as different processes would."""
    if request.param == "local":
        return lambda: LocalStore(tmp_path / "analytics")
    name = request.getfixturevalue("bucket")
    return lambda: S3Store(name, "analytics")


@pytest.fixture
def store(make_store: Callable[[], ObjectStore]) -> ObjectStore:
    return make_store()
