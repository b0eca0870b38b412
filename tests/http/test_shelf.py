"""The shelf of a signed-in user: private, versioned, on both databases, in a backup."""

from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import URL, text

from api.db.backup import create_backup, restore
from api.db.catalog.errors import ChangedError, InvalidError
from api.db.catalog.shelf import get_shelf, replace_shelf
from api.db.catalog.writing import writing
from api.db.database import Database
from api.db.frames import Dataset
from api.db.migrations import upgrade
from api.db.write import write_dataset
from tests.http.conftest import Site

SHELF = "/api/v1/shelf"


def _ids(database: Database, user: str) -> list[int]:
    with database.snapshot() as connection:
        return [one.ingredient_id for one in get_shelf(connection, user).bottles]


def test_shelf_needs_a_token(client: TestClient) -> None:
    assert client.get(SHELF).status_code == 401
    assert client.put(SHELF, json={"ingredient_ids": [1]}).status_code == 401


def test_shelf_is_kept_and_versioned(client: TestClient, auth: dict[str, str]) -> None:
    empty = client.get(SHELF, headers=auth)
    assert empty.json() == {"bottles": []}
    tag = empty.headers["etag"]
    body = {"ingredient_ids": [2, 1, 2, 999_999]}
    written = client.put(SHELF, json=body, headers={**auth, "If-Match": tag})
    assert [one["ingredient_id"] for one in written.json()["bottles"]] == [1, 2]
    again = client.get(SHELF, headers={**auth, "If-None-Match": written.headers["etag"]})
    assert again.status_code == 304
    assert "private" in again.headers["cache-control"]
    late = client.put(SHELF, json={"ingredient_ids": []}, headers={**auth, "If-Match": tag})
    assert late.status_code == 412
    assert late.json()["detail"].startswith("The shelf has changed")


def test_shelf_belongs_to_its_user(
    database: Database, sample: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # where the previous rows of a server are kept
    with database.engine.begin() as connection:
        write_dataset(connection, sample)
    with writing(database) as connection:
        first = replace_shelf(connection, "ann", [3, 1, 2])
        replace_shelf(connection, "bob", [4])
    with writing(database) as connection, pytest.raises(ChangedError):
        replace_shelf(connection, "bob", [], [first.version])
    with writing(database) as connection, pytest.raises(InvalidError):
        replace_shelf(connection, "x" * 201, [1])
    create_backup(database, tmp_path / "backup.db")
    with writing(database) as connection:
        replace_shelf(connection, "ann", [])
    assert (_ids(database, "ann"), _ids(database, "bob")) == ([], [4])
    restore(tmp_path / "backup.db", database, overwrite=True)
    assert (_ids(database, "ann"), _ids(database, "bob")) == ([1, 2, 3], [4])


def test_deleted_ingredient_leaves_the_shelf(
    client: TestClient, auth: dict[str, str], site: Site
) -> None:
    made = client.post("/api/v1/ingredients", json={"name": "Unused"}, headers=auth).json()
    client.put(SHELF, json={"ingredient_ids": [1, made["id"]]}, headers=auth)
    client.delete(f"/api/v1/ingredients/{made['id']}", headers=auth)
    assert _ids(site.database, "local") == [1]


def test_older_database_has_empty_shelves(
    make_client: Callable[..., TestClient], auth: dict[str, str], tmp_path: Path
) -> None:
    database = Database(URL.create("sqlite", database=str(tmp_path / "old.db")))
    upgrade(database.engine, "0004")
    with database.snapshot() as connection:
        assert connection.scalar(text("SELECT count(*) FROM recipes")) == 0
    database.dispose()
    client = make_client(db_path=tmp_path / "old.db")
    assert client.get(SHELF, headers=auth).json() == {"bottles": []}
    refused = client.put(SHELF, json={"ingredient_ids": []}, headers=auth)
    assert refused.status_code == 409
    assert "cocktaildb db migrate" in refused.json()["detail"]
