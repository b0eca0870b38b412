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
from api.db.frames import Dataset
from api.db.identity import read_database_id
from api.db.migrations import upgrade
from api.db.write import write_dataset
from api.storage.errors import ForeignSnapshotError
from tests.http.conftest import TOKEN, Site
from tests.http.routes import operations

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


#: What fills a route's parameters. A new parameter needs a value here.
VALUES = {"recipe_id": 1, "tag_id": 1, "unit_id": 1, "name": "recipe-similar", "format": "csv",
          "path": "none", "digest": "none"}  # fmt: skip
QUERIES = {
    f"{BASE}/bar/now": "?have={ingredient_id}&order=similarity&like=1",
    f"{BASE}/bar/without": "?have={ingredient_id}&empty={ingredient_id}",
    f"{BASE}/bar/menu": "?recipe=1",
    "/substitutes": "?ingredient={ingredient_id}",
}
#: These name snapshots and show none of their figures.
NAMES_ONLY = {"/ready", "/feed.atom", f"{BASE}/snapshots"}


def _get_paths(client: TestClient) -> list[str]:
    """Return the address of every route that can be read."""
    records = client.get(f"{BASE}/ingredient-substitutes").json()["data"]["items"]
    snapshot = client.get(f"{BASE}/snapshots").json()["snapshots"][0]["snapshot_id"]
    known = {"ingredient_id": records[0]["ingredient_id"], "snapshot_id": snapshot}
    values = {**VALUES, **known}
    return [
        re.sub(r"{(\w+)(:\w+)?}", lambda field: str(values[field[1]]), path + QUERIES.get(path, ""))
        for method, path in sorted(operations(client.app))
        if method == "GET"
    ]


_FOREIGN = r'computed from another database|analytics_foreign 1.0|"foreign":true'
_STALE = r'"stale":true|analytics_stale 1.0|class="(?:badge warn|verdict)">Stale'


def _read_all(client: TestClient, paths: list[str]) -> dict[str, tuple[str, str]]:
    """Return every answer, and what it says of whose analytics it shows."""
    # A token, which the metrics need; no scripts, and so a page's own words.
    headers = {"Accept": "text/html, application/json", "Authorization": f"Bearer {TOKEN}"}
    found = {}
    for path in paths:
        answer = client.get(path, headers=headers)
        text = answer.text if "image" not in answer.headers.get("content-type", "") else ""
        sign = ""
        if re.search(_FOREIGN, text):
            sign = "foreign"
        elif answer.headers.get("x-analytics-stale") == "true" or re.search(_STALE, text):
            sign = "stale"
        picture = answer.headers.get("etag", "") if not text else ""
        found[path] = (f"{answer.status_code} {picture}{text}", sign)
    return found


def test_every_route_keeps_databases_apart(
    site: Site,
    sample: Dataset,
    other_bar: Database,
    make_client: Callable[..., TestClient],
) -> None:
    """Which routes show analytics is found by taking the analytics away."""
    client, without = make_client(), make_client(analytics_dir=site.directory / "none")
    paths = _get_paths(client)
    names = {*sample.recipes["name"], *sample.ingredients["name"]}
    assert "Negroni" in names
    current, plain = _read_all(client, paths), _read_all(without, paths)
    varying = re.compile(r"(http|process|python)_\S+ \S+|\"request_id\":\"\w+\"")
    shows = [
        path for path in paths
        if path not in NAMES_ONLY
        and varying.sub("", current[path][0]) != varying.sub("", plain[path][0])
    ]  # fmt: skip
    assert len(shows) >= 26, shows
    assert {current[path][1] for path in shows} == {""}

    with closing(sqlite3.connect(site.database_path)) as raw, raw:
        raw.execute("UPDATE recipes SET name = 'Renamed' WHERE id = 2")
    stale = _read_all(client, paths)
    # What was kept never changes.
    kept = {path for path in shows if f"{BASE}/snapshots/" in path}
    assert {path for path in shows if stale[path][1] != "stale"} == kept

    _replace_by_copy(site, other_bar)
    foreign, plain = _read_all(client, paths), _read_all(without, paths)
    assert {path: foreign[path][1] for path in shows} == dict.fromkeys(shows, "foreign")
    for path in paths:
        answer, allowed = foreign[path][0], plain[path][0]
        # `find` in the text: names such as "Gin" are parts of words, in both answers.
        assert not {name for name in names if name in answer and name not in allowed}, path
    assert client.get(f"{BASE}/snapshots").json()["snapshots"] == []
    assert "<entry>" not in foreign["/feed.atom"][0]
    site.refresh()
    assert client.get(f"{BASE}/status").json()["foreign"] is False
    again = _read_all(client, paths)
    # The status lists the other database's snapshot beside its own.
    assert {path for path in shows if again[path][1]} <= {f"{BASE}/status", *kept}
    points = client.get(f"{BASE}/cocktail-space").json()["data"]
    assert {point["recipe_name"] for point in points} <= set(OTHER_BAR.recipes["name"])


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


@pytest.mark.parametrize("swap", [_replace_by_restore, _replace_rows])
def test_other_recipes_get_no_old_analytics(
    client: TestClient, site: Site, other_bar: Database, swap: Callable[[Site, Database], None]
) -> None:
    assert client.get(f"{BASE}/atlas").status_code == 200
    swap(site, other_bar)
    answer = client.get(f"{BASE}/atlas")
    assert answer.json()["title"] == "Analytics of another database"
    status = client.get(f"{BASE}/status").json()
    assert (status["stale"], status["foreign"]) == (True, True)


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
