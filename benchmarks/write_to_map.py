"""From a write to the published map: with the next refresh started in advance, and without.

    DB_PATH=bar.db python -m benchmarks.write_to_map

Works on a copy of the database. The two ways take turns with the real worker; a write renames a
recipe and requests a refresh, as the API does. Medians, and the waiting process's memory (PSS).
"""

import argparse
import os
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table
from sqlalchemy import text

from api.db.backup import create_backup
from api.db.database import get_database
from api.jobs.request_refresh import request_refresh
from api.jobs.run_status import read_run_status
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


def measure(settings: Settings, spare_seconds: float) -> tuple[float, float, float]:
    """Write once; return the seconds until a run begins and until its map, and the waiting MB."""
    database = get_database(settings)
    with running_worker(settings, spare_seconds=spare_seconds):
        time.sleep(SETTLE_SECONDS)
        waiting_mb = sum(_pss_mb(pid) for pid in _family(os.getpid())[1:])
        before = published(settings)
        begun = datetime.now(UTC)
        with database.engine.begin() as connection:
            connection.execute(
                text(
                    "UPDATE recipes SET name = name || '.' WHERE id = (SELECT MIN(id) FROM recipes)"
                )
            )
        request_refresh(settings)
        wait_for_other(settings, before)
        mapped = (datetime.now(UTC) - begun).total_seconds()
    database.dispose()
    runs = read_run_status(AnalyticsStorage.from_settings(settings).snapshots.store)
    latest = max(run.started_at for run in (runs.current, *runs.history) if run is not None)
    return (latest - begun).total_seconds(), mapped, waiting_mb


def main() -> None:
    """Measure both ways and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--writes", type=int, default=5)
    arguments = parser.parse_args()
    table = Table("refresh", "run begins s", "map s", "fastest map s", "waiting MB")
    ways = {"started by the write": 0.0, "started in advance": SPARE_SECONDS}
    found: dict[str, list[tuple[float, float, float]]] = {way: [] for way in ways}
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
        for _ in range(arguments.writes):
            for way, spare in ways.items():
                found[way].append(measure(settings, spare))
    for way, rows in found.items():
        begins, maps, waiting = zip(*rows, strict=True)
        figures = (statistics.median(begins), statistics.median(maps), min(maps))
        table.add_row(way, *[f"{value:.2f}" for value in figures], f"{max(waiting):.0f}")
    Console().print(table)


if __name__ == "__main__":
    main()
