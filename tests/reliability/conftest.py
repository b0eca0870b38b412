"""A database that is quick to compute."""

from collections.abc import Callable

import pytest

from api.db.database import Database
from api.db.frames import Dataset
from benchmarks.small_database import first_recipes


@pytest.fixture
def small(make_database: Callable[[Dataset | None], Database]) -> Database:
    return make_database(first_recipes(12))
