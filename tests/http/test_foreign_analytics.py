"""Analytics of one database are never shown beside the recipes of another."""

import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import URL

from api.db.backup import create_backup, restore
from api.db.database import Database
from api.db.dataset import build_dataset, read_dataset
from api.db.identity import read_database_id
from api.db.migrations import upgrade
from api.db.write import write_dataset
from api.storage.errors import ForeignSnapshotError
from tests.http.conftest import Site

BASE = "/api/v1/analytics"
#: Another bar, whose recipe 1 is not the sample's recipe 1.
OTHER_BAR = build_dataset(
    {
        "units": [{"id": 1, "name": "Ounce", "conversion_to_ml": 29.5735}],
        "ingredients": [
            {"id": n, "name": name, "path": f"/{n}/"}
            for n, name in enumerate(("Gin", "Lime", "Rum", "Sugar"), 1)
        ],
        "recipes": [{"id": n, "name": f"House drink {n}"} for n in range(1, 9)],
        "recipe_ingredients": [
            {"id": 10 * n + k, "recipe_id": n, "ingredient_id": 1 + (n + k) % 4, "unit_id": 1,
             "amount": 1 + k}
            for n in range(1, 9)
            for k in range(1 + n % 3)
        ],
    }
)  # fmt: skip


@pytest.fixture
def other_bar(tmp_path: Path) -> Iterator[Database]:
    database = Database(URL.create("sqlite", database=str(tmp_path / "other.db")))
    upgrade(database.engine)
    with database.engine.begin() as connection:
        write_dataset(connection, OTHER_BAR)
    yield database
    database.dispose()


def _id(database: Database) -> str:
    with database.snapshot() as connection:
        return read_database_id(connection)


def _get_paths(client: TestClient) -> list[str]:
    """Return every analytics path that shows a snapshot, with the id 1."""
    found = client.get("/openapi.json").json()["paths"]
    values = {"recipe_id": "1", "ingredient_id": "1", "name": "atlas", "format": "json"}
    return [
        re.sub(r"{(\w+)}", lambda field: values[field[1]], path)
        for path, operations in found.items()
        if path.startswith(BASE) and "get" in operations and "/bar/" not in path
        # These list snapshots and describe shapes, and show no snapshot's contents.
        and not path.endswith(("/status", "/snapshots", "/schemas/{name}"))
        and "{snapshot_id}" not in path
    ]  # fmt: skip


def _replace_by_copy(site: Site, other: Database) -> None:
    assert other.sqlite_path is not None
    shutil.copyfile(other.sqlite_path, site.directory / "new.db")
    (site.directory / "new.db").rename(site.database_path)


def _replace_by_restore(site: Site, other: Database) -> None:
    create_backup(other, site.directory / "backup.db")
    restore(site.directory / "backup.db", site.database, overwrite=True)


def _replace_rows(site: Site, _other: Database) -> None:
    database = site.database
    with database.engine.begin() as connection:
        write_dataset(connection, OTHER_BAR)
    database.dispose()


@pytest.mark.parametrize("swap", [_replace_by_copy, _replace_by_restore, _replace_rows])
def test_other_recipes_get_no_old_analytics(
    client: TestClient, site: Site, other_bar: Database, swap: Callable[[Site, Database], None]
) -> None:
    paths = _get_paths(client)
    own = client.get(f"{BASE}/snapshots").json()["snapshots"]
    paths.append(f"{BASE}/snapshots/{own[0]['snapshot_id']}/atlas.json")
    served = [path for path in paths if client.get(path).status_code == 200]
    assert len(served) >= 7  # ingredient 1 of the sample has no substitutes
    swap(site, other_bar)
    for path in paths:
        answer = client.get(path)
        assert answer.status_code == 404, path
        assert answer.json()["title"] == "Analytics of another database", path
    status = client.get(f"{BASE}/status").json()
    assert (status["stale"], status["foreign"]) == (True, True)
    assert client.get(f"{BASE}/snapshots").json() == {"snapshots": []}
    site.refresh()
    assert client.get(f"{BASE}/status").json()["foreign"] is False
    points = client.get(f"{BASE}/cocktail-space").json()["data"]
    assert {point["recipe_name"] for point in points} <= set(OTHER_BAR.recipes["name"])


def test_edits_make_analytics_stale_not_foreign(client: TestClient, site: Site) -> None:
    with closing(sqlite3.connect(site.database_path)) as raw, raw:
        raw.execute("UPDATE recipes SET name = 'Renamed ' || id")
    status = client.get(f"{BASE}/status").json()
    assert (status["stale"], status["foreign"]) == (True, False)
    assert client.get(f"{BASE}/atlas").status_code == 200


def test_own_backup_keeps_the_identity(site: Site, tmp_path: Path) -> None:
    before = _id(site.database)
    create_backup(site.database, tmp_path / "b.db")
    restore(tmp_path / "b.db", site.database, overwrite=True)
    assert _id(site.database) == before


def test_identity_follows_between_databases(
    site: Site, postgresql: Database, tmp_path: Path
) -> None:
    create_backup(site.database, tmp_path / "b.db")
    restore(tmp_path / "b.db", postgresql)
    assert _id(postgresql) == _id(site.database)
    create_backup(postgresql, tmp_path / "back.db")
    assert _id(Database(URL.create("sqlite", database=str(tmp_path / "back.db")))) == _id(
        site.database
    )


def test_unmigrated_database_has_a_derived_identity(site: Site, tmp_path: Path) -> None:
    with closing(sqlite3.connect(site.database_path)) as raw, raw:
        raw.execute("DROP TABLE database_identity")
    first = _id(site.database)
    assert first.startswith("derived-")
    shutil.copyfile(site.database_path, tmp_path / "elsewhere.db")
    elsewhere = Database(URL.create("sqlite", database=str(tmp_path / "elsewhere.db")))
    assert _id(elsewhere) == first
    with elsewhere.snapshot() as connection:
        assert read_dataset(connection).database_id == first


def test_rollback_refuses_another_databases_snapshot(site: Site) -> None:
    first = site.storage.snapshots.current()
    assert first is not None
    _replace_rows(site, site.database)
    site.refresh()
    snapshots = site.storage.snapshots
    with pytest.raises(ForeignSnapshotError, match="another database"):
        snapshots.rollback(first.snapshot_id, database_id=_id(site.database))
    assert snapshots.rollback(first.snapshot_id).snapshot_id == first.snapshot_id
