"""Comparisons of the snapshot with the database: two servers with one directory come to rest."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import URL, text

from api.analytics.analytics_refresh import regenerate_analytics
from api.db.database import Database
from api.db.frames import Dataset
from api.db.migrations import upgrade
from api.db.write import write_dataset
from api.jobs.reconcile import CHECK_COMMAND, Reconciliation
from api.settings import Settings
from api.utils.analytics_cache import AnalyticsStorage
from benchmarks.small_database import first_recipes


def _never() -> bool:
    return False


def _reconciliation(database: Database, storage: AnalyticsStorage) -> Reconciliation:
    environment = {
        **os.environ,
        "DATABASE_URL": database.url.render_as_string(hide_password=False),
        "ANALYTICS_DIR": str(storage.location),
    }
    return Reconciliation(CHECK_COMMAND, environment)


def test_two_databases_do_not_refresh_forever(
    tmp_path: Path,
    make_database: Callable[[Dataset | None], Database],
    caplog: pytest.LogCaptureFixture,
) -> None:
    first = make_database(first_recipes(12))
    second = Database(URL.create("sqlite", database=str(tmp_path / "second.db")))
    upgrade(second.engine)
    with second.engine.begin() as connection:
        write_dataset(connection, first_recipes(13))
    storage = AnalyticsStorage.from_settings(Settings(analytics_dir=tmp_path / "analytics"))
    servers = [(database, _reconciliation(database, storage)) for database in (first, second)]
    refreshed = []
    for _ in range(3):
        for number, (database, reconciliation) in enumerate(servers):
            if reconciliation.is_due(_never):
                regenerate_analytics(database=database, storage=storage)
                refreshed.append(number)
    assert refreshed == [0, 1]  # each once, when it started
    assert caplog.text.count("was computed from another database. It is left alone") == 1
    second.dispose()


def test_lost_request_beside_a_foreign_snapshot(
    tmp_path: Path, make_database: Callable[[Dataset | None], Database]
) -> None:
    """A copy of the data elsewhere, a write, and no request for it, as on a full disk."""
    elsewhere = Database(URL.create("sqlite", database=str(tmp_path / "elsewhere.db")))
    upgrade(elsewhere.engine)
    with elsewhere.engine.begin() as connection:
        write_dataset(connection, first_recipes(12))
    storage = AnalyticsStorage.from_settings(Settings(analytics_dir=tmp_path / "analytics"))
    regenerate_analytics(database=elsewhere, storage=storage)
    elsewhere.dispose()
    here = make_database(first_recipes(12))
    reconciliation = _reconciliation(here, storage)
    assert not reconciliation.is_due(_never)  # the same data, wherever it came from
    with here.engine.begin() as connection:
        connection.execute(text("UPDATE recipes SET name = 'Renamed' WHERE id = 1"))
    assert reconciliation.is_due(_never)
    assert not reconciliation.is_due(_never)  # another server's turn, perhaps
