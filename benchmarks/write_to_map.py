"""From a write to the published map: with the next refresh started in advance, and without.

    DB_PATH=bar.db python -m benchmarks.write_to_map

Works on a copy of the database. Both ways run the real worker in turn; a write renames a recipe and
requests a refresh, as the API does. Memory is the waiting process's own (PSS).
"""

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table
from sqlalchemy import text

from api.db.backup import create_backup
from api.db.database import get_database
from api.jobs.request_refresh import request_refresh
from api.jobs.spare import SPARE_SECONDS
from api.jobs.worker import running_worker
from api.settings import Settings
from api.utils.analytics_cache import AnalyticsStorage
from benchmarks.cold import _family, _pss_mb

#: Long enough for a spare to have imported everything.
SETTLE_SECONDS = 6.0


def published(settings: Settings) -> str | None:
    """Return the current snapshot's id."""
    current = AnalyticsStorage.from_settings(settings).snapshots.current()
    return None if current is None else current.snapshot_id


def wait_for_other(settings: Settings, before: str | None) -> None:
    """Wait until another snapshot is published."""
    while published(settings) == before:
        time.sleep(0.01)


def measure(settings: Settings, spare_seconds: float, writes: int) -> tuple[list[float], float]:
    """Return the seconds of each write, and the MB of the processes that wait between them."""
    seconds = []
    waiting_mb = 0.0
    database = get_database(settings)
    with running_worker(settings, spare_seconds=spare_seconds):
        for _ in range(writes):
            time.sleep(SETTLE_SECONDS)
            waiting_mb = max(waiting_mb, sum(_pss_mb(pid) for pid in _family(os.getpid())[1:]))
            before = published(settings)
            begun = time.perf_counter()
            with database.engine.begin() as connection:
                connection.execute(
                    text(
                        "UPDATE recipes SET name = name || '.' "
                        "WHERE id = (SELECT MIN(id) FROM recipes)"
                    )
                )
            request_refresh(settings)
            wait_for_other(settings, before)
            seconds.append(time.perf_counter() - begun)
    database.dispose()
    return seconds, waiting_mb


def main() -> None:
    """Measure both ways and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--writes", type=int, default=5)
    arguments = parser.parse_args()
    table = Table("refresh", "median s", "fastest s", "slowest s", "waiting MB")
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        copy = directory / "bar.db"
        create_backup(get_database(), copy)
        settings = Settings(
            database_url=None,
            db_path=copy,
            analytics_dir=directory / "analytics",
            refresh_queue=directory / "queue.db",
        )
        with running_worker(settings):
            wait_for_other(settings, None)
        for way, spare in (("started by the write", 0.0), ("started in advance", SPARE_SECONDS)):
            seconds, waiting_mb = measure(settings, spare, arguments.writes)
            figures = (statistics.median(seconds), min(seconds), max(seconds))
            table.add_row(way, *[f"{value:.2f}" for value in figures], f"{waiting_mb:.0f}")
    Console().print(table)


if __name__ == "__main__":
    main()
