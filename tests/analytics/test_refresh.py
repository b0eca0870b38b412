"""The refresh: five artifacts, published together, and nothing lost when it fails."""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from api.analytics import analytics_refresh, artifacts
from api.analytics.analytics_refresh import regenerate_analytics
from api.db.database import Database
from api.db.errors import DatabaseError
from api.db.frames import Dataset
from api.storage.errors import StorageError
from api.utils.analytics_cache import AnalyticsStorage

MakeDatabase = Callable[[Dataset | None], Database]
ROOT = Path(__file__).parents[2]
ARTIFACTS = {
    "recipe-similar",
    "ingredient-substitutes",
    "ingredient-usage",
    "recipe-complexity",
    "cocktail-space",
    "cocktail-space-em",
    "ingredient-tree",
}
COUNTS = {
    "ingredient_stats_count",
    "complexity_stats_count",
    "cocktail_space_count",
    "cocktail_space_em_count",
    "ingredient_tree_nodes",
}


@pytest.fixture
def storage(tmp_path: Path) -> AnalyticsStorage:
    return AnalyticsStorage(directory=tmp_path / "analytics")


def _change(database: Database, statement: str) -> None:
    with database.engine.begin() as connection:
        connection.execute(text(statement))
    database.dispose()


def _job(**environment: str) -> subprocess.CompletedProcess[str]:
    """Run the job as Batch runs it."""
    return subprocess.run(
        [sys.executable, "-m", "api.analytics.analytics_refresh"],
        env={**os.environ, **environment},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_publishes_the_artifacts_with_their_counts(
    make_database: MakeDatabase, sample: Dataset, storage: AnalyticsStorage
) -> None:
    result = regenerate_analytics(database=make_database(sample), storage=storage)
    manifest = storage.snapshots.current()
    assert manifest is not None
    assert set(manifest.artifacts) >= ARTIFACTS
    assert result["snapshot_id"] == manifest.snapshot_id
    assert {name: result[name] for name in COUNTS} == {
        "ingredient_stats_count": len(storage.get_analytics("ingredient-usage") or ()),
        "complexity_stats_count": len(storage.get_analytics("recipe-complexity") or ()),
        "cocktail_space_count": len(sample.recipes),
        "cocktail_space_em_count": len(sample.recipes),
        "ingredient_tree_nodes": len(sample.ingredients),
    }
    usage = storage.get_analytics("ingredient-usage")
    assert usage is not None
    assert {record["parent_id"] for record in usage} == {None}
    tree = storage.get_analytics("ingredient-tree")
    assert tree is not None
    assert tree["hierarchical_recipe_count"] == len(sample.recipes)


def test_unchanged_data_is_skipped_unless_forced(
    make_database: MakeDatabase, sample: Dataset, storage: AnalyticsStorage
) -> None:
    database = make_database(sample)
    first = regenerate_analytics(database=database, storage=storage)
    again = regenerate_analytics(database=database, storage=storage)
    assert (first["changed"], again["changed"]) == (True, False)
    assert again == {**first, "changed": False}
    assert len(storage.snapshots.history()) == 1

    forced = regenerate_analytics(database=database, storage=storage, force=True)
    assert forced["changed"]
    newest, oldest = storage.snapshots.history()
    assert newest.artifacts == oldest.artifacts  # same data, same bytes

    _change(database, "UPDATE recipe_ingredients SET amount = 31 WHERE id = 1")
    assert regenerate_analytics(database=database, storage=storage)["changed"]


@pytest.mark.parametrize("damage", ["pointer", "manifest", "artifact"])
def test_damaged_snapshot_is_replaced(
    make_database: MakeDatabase, sample: Dataset, tmp_path: Path, damage: str
) -> None:
    storage = AnalyticsStorage(directory=tmp_path / "analytics")
    database = make_database(sample)
    first = regenerate_analytics(database=database, storage=storage)
    whole = storage.snapshots.current()
    snapshot = tmp_path / "analytics" / "snapshots" / first["snapshot_id"]
    damaged = {
        "pointer": tmp_path / "analytics" / "current.json",
        "manifest": snapshot / "manifest.json",
        "artifact": snapshot / "recipe-similar.json",
    }[damage]
    damaged.unlink() if damage == "manifest" else damaged.write_bytes(b"{}")

    again = regenerate_analytics(database=database, storage=storage)
    assert again["changed"]
    now = storage.snapshots.current()
    assert whole is not None
    assert now is not None
    assert now.snapshot_id == again["snapshot_id"]
    storage.snapshots.check(now)
    assert now.artifacts["recipe-similar"] == whole.artifacts["recipe-similar"]


def test_other_code_is_a_change(
    make_database: MakeDatabase,
    sample: Dataset,
    storage: AnalyticsStorage,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    database = make_database(sample)
    regenerate_analytics(database=database, storage=storage)
    monkeypatch.setattr(analytics_refresh, "code_version", lambda: "next")
    assert regenerate_analytics(database=database, storage=storage)["changed"]


def test_an_empty_database_has_empty_artifacts(
    make_database: MakeDatabase, storage: AnalyticsStorage
) -> None:
    result = regenerate_analytics(database=make_database(None), storage=storage)
    assert {result[name] for name in COUNTS} == {0}
    for name in ARTIFACTS - {"ingredient-tree"}:
        assert storage.get_analytics(name) == []
    assert storage.get_analytics("ingredient-tree") == {
        "id": "root",
        "name": "All Ingredients",
        "recipe_count": 0,
        "hierarchical_recipe_count": 0,
        "children": [],
    }


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ingredients SET parent_id = 2 WHERE id = 2",
        "UPDATE recipe_ingredients SET amount = 'much' WHERE id = 1",
        "DROP TABLE units",
    ],
)
def test_a_failure_leaves_what_was_published(
    make_database: MakeDatabase, sample: Dataset, storage: AnalyticsStorage, statement: str
) -> None:
    database = make_database(sample)
    regenerate_analytics(database=database, storage=storage)
    before = storage.snapshots.current()
    assert database.sqlite_path is not None
    with closing(sqlite3.connect(database.sqlite_path)) as raw, raw:
        raw.execute(statement)  # foreign keys are off here
    with pytest.raises(DatabaseError):
        regenerate_analytics(database=database, storage=storage)
    assert storage.snapshots.current() == before


def test_older_data_never_overwrites_a_newer_snapshot(
    make_database: MakeDatabase,
    sample: Dataset,
    storage: AnalyticsStorage,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """While this one computes, data changes and another refresh publishes it."""
    database = make_database(sample)
    compute = artifacts.compute_artifacts
    rivals: list[str] = []

    def overtaken(*arguments: Any) -> Any:
        computed = compute(*arguments)
        if not rivals:
            rivals.append("published")
            _change(database, "UPDATE recipes SET name = 'Renamed' WHERE id = 1")
            regenerate_analytics(database=database, storage=storage)
        return computed

    monkeypatch.setattr(analytics_refresh, "compute_artifacts", overtaken)
    result = regenerate_analytics(database=database, storage=storage)
    points = storage.get_analytics("cocktail-space")
    assert points is not None
    assert points[0]["recipe_name"] == "Renamed"
    assert not result["changed"]  # the rival's snapshot holds all there is


def test_the_job_answers_on_stdout_alone(
    make_database: MakeDatabase, sample: Dataset, tmp_path: Path
) -> None:
    database = make_database(sample)
    done = _job(DB_PATH=str(database.sqlite_path), ANALYTICS_DIR=str(tmp_path / "a"))
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["status"] == "success"
    assert answer["cocktail_space_em_count"] == len(sample.recipes)
    assert "peak memory" in done.stderr
    assert (tmp_path / "a" / "current.json").is_file()


def test_two_processes_make_the_same_bytes(
    make_database: MakeDatabase, sample: Dataset, tmp_path: Path
) -> None:
    database = make_database(sample)
    hashes = []
    for name, threads in (("a", "1"), ("b", "2")):
        done = _job(
            DB_PATH=str(database.sqlite_path),
            ANALYTICS_DIR=str(tmp_path / name),
            OMP_NUM_THREADS=threads,
            PYTHONHASHSEED=threads,
        )
        assert done.returncode == 0, done.stderr
        manifest = AnalyticsStorage(directory=tmp_path / name).snapshots.current()
        assert manifest is not None
        hashes.append(manifest.artifacts)
    assert hashes[0] == hashes[1]


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"DB_PATH": "missing.db"}, "DB_PATH"),
        ({"DATABASE_URL": "mysql://host/x"}, "DATABASE_URL"),
    ],
)
def test_the_job_says_why_it_failed(environment: dict[str, str], said: str, tmp_path: Path) -> None:
    done = _job(ANALYTICS_DIR=str(tmp_path / "a"), **environment)
    assert done.returncode == 1
    answer = json.loads(done.stdout)
    assert answer["status"] == "error"
    assert answer["error"] == "Failed to regenerate analytics"
    assert said in answer["details"]
    assert not (tmp_path / "a" / "current.json").exists()


def test_unwritable_target_is_a_storage_error(
    make_database: MakeDatabase, sample: Dataset, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="ANALYTICS_DIR"):
        regenerate_analytics(
            database=make_database(sample),
            storage=AnalyticsStorage(directory=tmp_path / "file" / "below"),
        )


def test_the_real_data(real_db_path: Path, tmp_path: Path) -> None:
    done = _job(DB_PATH=str(real_db_path), ANALYTICS_DIR=str(tmp_path))
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert {name: answer[name] for name in COUNTS} == {
        "ingredient_stats_count": 32,
        "complexity_stats_count": 9,
        "cocktail_space_count": 678,
        "cocktail_space_em_count": 678,
        "ingredient_tree_nodes": 610,
    }
