"""A refresh on a Dask cluster publishes what a refresh in one process publishes."""

from collections.abc import Callable
from pathlib import Path

import pytest

from api.analytics.analytics_refresh import regenerate_analytics
from api.analytics.scheduler import SchedulerError
from api.db.database import Database
from api.db.frames import Dataset
from api.utils.analytics_cache import AnalyticsStorage

MakeDatabase = Callable[[Dataset | None], Database]

pytestmark = pytest.mark.filterwarnings("ignore")  # Dask's own, about ports and late replies


def test_same_artifacts_from_a_cluster(
    sample: Dataset, make_database: MakeDatabase, tmp_path: Path
) -> None:
    alone = AnalyticsStorage(directory=tmp_path / "alone")
    cluster = AnalyticsStorage(directory=tmp_path / "cluster")
    database = make_database(sample)
    regenerate_analytics(database=database, storage=alone)
    regenerate_analytics(database=database, storage=cluster, scheduler="local")
    one, other = alone.snapshots.current(), cluster.snapshots.current()
    assert one is not None
    assert other is not None
    assert one.artifacts == other.artifacts  # names, sizes and hashes


def test_unreachable_cluster_keeps_the_published_snapshot(
    sample: Dataset,
    make_database: MakeDatabase,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("api.analytics.scheduler.CONNECT_SECONDS", 1.0)
    storage = AnalyticsStorage(directory=tmp_path)
    database = make_database(sample)
    before = regenerate_analytics(database=database, storage=storage)["snapshot_id"]
    with pytest.raises(SchedulerError, match=r"answers at tcp://127\.0\.0\.1:9"):
        regenerate_analytics(
            database=database, storage=storage, scheduler="tcp://127.0.0.1:9", force=True
        )
    current = storage.snapshots.current()
    assert current is not None
    assert current.snapshot_id == before
