"""The EM's checkpoint: what comes back is what was kept, or nothing."""

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pytest
from sqlalchemy import text

from api.analytics.analytics_refresh import regenerate_analytics
from api.analytics.checkpoint import CHECKPOINT_KEY, EMCheckpoint
from api.analytics.code_version import code_version
from api.db.database import Database
from api.db.db_analytics import AnalyticsQueries
from api.db.errors import DatabaseError
from api.db.frames import Dataset
from api.jobs.run_status import RunState, read_run_status
from api.storage.errors import ObjectNotFoundError, StorageError
from api.storage.local import LocalStore
from api.storage.objects import ObjectStore
from api.utils.analytics_cache import AnalyticsStorage
from barcart import EMState, em_fit

MakeDatabase = Callable[[Dataset | None], Database]


@pytest.fixture(scope="module")
def states() -> list[EMState]:
    """The states of a small EM, one an iteration."""
    kept: list[EMState] = []
    volumes = np.random.default_rng(0).dirichlet(np.full(6, 0.4), 30)
    # Random recipes exchange nothing: pooled costs would settle at once.
    em_fit(volumes, 1.0 - np.eye(6), k=3, m_step="blosum", callback=kept.append)
    assert len(kept) > 1
    return kept


def _same(one: EMState, other: EMState) -> bool:
    here, there = one.to_arrays(), other.to_arrays()
    return all(np.array_equal(here[name], there[name]) for name in here)


def test_the_last_state_is_restored_exactly(
    make_store: Callable[[], ObjectStore], states: list[EMState]
) -> None:
    for state in states:
        EMCheckpoint(make_store(), "1").save(state)
        found = EMCheckpoint(make_store(), "1").load()
        assert found is not None
        assert _same(found, state)
    assert [item.key for item in make_store().list("checkpoints/")] == [CHECKPOINT_KEY]


def test_no_checkpoint_exists_before_or_after_a_run(
    store: ObjectStore, states: list[EMState]
) -> None:
    checkpoint = EMCheckpoint(store, "1")
    assert checkpoint.load() is None
    checkpoint.save(states[0])
    checkpoint.discard()
    checkpoint.discard()
    assert checkpoint.load() is None


def test_a_checkpoint_of_other_code_is_ignored(
    store: ObjectStore, states: list[EMState], caplog: pytest.LogCaptureFixture
) -> None:
    EMCheckpoint(store, "1").save(states[0])
    with caplog.at_level("INFO"):
        assert EMCheckpoint(store, "2").load() is None
    assert "other code" in caplog.text


@pytest.mark.parametrize("place", [0.0, 0.001, 0.3, 0.7, 0.999])
@pytest.mark.parametrize("damage", ["flipped", "cut"])
def test_a_damaged_checkpoint_is_ignored(
    tmp_path: Path,
    states: list[EMState],
    caplog: pytest.LogCaptureFixture,
    place: float,
    damage: str,
) -> None:
    store = LocalStore(tmp_path)
    EMCheckpoint(store, "1").save(states[0])
    data = bytearray(store.get(CHECKPOINT_KEY).data)
    at = int(place * len(data))
    if damage == "cut":
        del data[at:]
    else:
        data[at] ^= 0xFF
    store.put(CHECKPOINT_KEY, bytes(data))
    assert EMCheckpoint(store, "1").load() is None
    assert CHECKPOINT_KEY in caplog.text


def test_a_failed_save_is_retried_on_flush(
    tmp_path: Path, states: list[EMState], caplog: pytest.LogCaptureFixture
) -> None:
    full = True

    class Disk(LocalStore):
        def put(self, key: str, data: bytes | BinaryIO) -> None:
            if full:
                raise StorageError("no space left")
            super().put(key, data)

    checkpoint = EMCheckpoint(Disk(tmp_path), "1")
    checkpoint.save(states[0])
    assert "no space left" in caplog.text
    full = False
    checkpoint.flush()
    found = checkpoint.load()
    assert found is not None
    assert _same(found, states[0])


def test_a_checkpoint_of_other_recipes_is_ignored(
    make_database: MakeDatabase,
    sample: Dataset,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    database = make_database(sample)
    store = LocalStore(tmp_path / "analytics")
    AnalyticsQueries(
        database, checkpoints=EMCheckpoint(store, code_version())
    ).learn_ground_metric()
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE recipe_ingredients SET amount = 77 WHERE id = 1"))
    database.dispose()
    with caplog.at_level("INFO"):
        found = AnalyticsQueries(
            database, checkpoints=EMCheckpoint(store, code_version())
        ).learn_ground_metric()
    assert "belongs to other recipes" in caplog.text
    expected = AnalyticsQueries(database).learn_ground_metric()
    assert np.array_equal(found.fit.cost_matrix, expected.fit.cost_matrix)


def test_readers_see_how_each_refresh_ended(
    make_database: MakeDatabase, sample: Dataset, tmp_path: Path
) -> None:
    storage = AnalyticsStorage(directory=tmp_path / "analytics")
    database = make_database(sample)
    result = regenerate_analytics(database=database, storage=storage)
    regenerate_analytics(database=database, storage=storage)
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE ingredients SET parent_id = id WHERE id = 2"))
    database.dispose()
    with pytest.raises(DatabaseError):
        regenerate_analytics(database=database, storage=storage)
    status = read_run_status(storage.snapshots.store)
    assert status.current is None
    failed, unchanged, first = status.history
    assert (first.state, first.changed, first.snapshot_id) == (
        RunState.SUCCEEDED,
        True,
        result["snapshot_id"],
    )
    assert (first.stage, first.stage_number) == ("Publishing", first.stage_count)
    assert (unchanged.state, unchanged.changed) == (RunState.SUCCEEDED, False)
    assert unchanged.snapshot_id == result["snapshot_id"]
    assert failed.state is RunState.FAILED
    assert "parent_id" in (failed.error or "")
    with pytest.raises(ObjectNotFoundError):
        storage.snapshots.store.get(CHECKPOINT_KEY)
