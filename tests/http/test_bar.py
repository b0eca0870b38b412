"""Shelf questions over HTTP, on the sample and its published analytics."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import URL, Connection

from api.db import bar_rows
from api.db.database import Database
from api.db.frames import Dataset
from api.db.migrations import upgrade
from api.db.write import write_dataset
from api.http.app import create_app
from api.settings import Settings
from tests.http.conftest import Site


@pytest.fixture(scope="module")
def client(sample_client: TestClient) -> TestClient:
    return sample_client


def _settings(directory: Path) -> Settings:
    return Settings(
        allowed_hosts=("testserver",),
        db_path=directory / "cocktails.db",
        analytics_dir=directory / "analytics",
        refresh_queue=directory / "queue.db",
        rate_limit="off",
    )


def ask(client: TestClient, question: str, **params: Any) -> Any:
    response = client.get(f"/api/v1/analytics/bar/{question}", params=params)
    assert response.status_code == 200, response.text
    return response.json()


def ids(client: TestClient, *names: str) -> list[int]:
    found = []
    for name in names:
        items = client.get("/api/v1/ingredients", params={"q": name}).json()["items"]
        found.append(next(item["id"] for item in items if item["name"] == name))
    return found


def recipe_id(client: TestClient, name: str) -> int:
    items = client.get("/api/v1/recipes", params={"q": name}).json()["items"]
    return int(next(item["id"] for item in items if item["name"] == name))


def test_now_lists_only_covered_recipes(client: TestClient) -> None:
    have = ids(client, "Gin", "Campari", "Sweet Red Vermouth")
    names = [one["recipe_name"] for one in ask(client, "now", have=have)["recipes"]]
    assert "Negroni" in names
    assert "Daiquiri" not in names


def test_now_sorts_by_distance_from_a_drink(client: TestClient) -> None:
    have = ids(client, "Gin", "Campari", "Sweet Red Vermouth", "Soda Water", "Dry Vermouth")
    negroni = recipe_id(client, "Negroni")
    recipes = ask(client, "now", have=have, order="similarity", like=negroni)["recipes"]
    distances = [one["distance"] for one in recipes]
    assert recipes[0]["recipe_name"] == "Negroni"
    assert distances[0] == 0.0
    known = [one for one in distances if one is not None]
    assert known == sorted(known)


def test_similarity_needs_a_recipe(client: TestClient) -> None:
    response = client.get("/api/v1/analytics/bar/now", params={"order": "similarity"})
    assert response.status_code == 422
    assert response.json()["errors"][0]["field"] == "like"


def test_next_names_what_a_bottle_unlocks(client: TestClient) -> None:
    found = ask(client, "next", have=ids(client, "Gin", "Sweet Red Vermouth"))
    campari = next(one for one in found["one_away"] if one["ingredient_name"] == "Campari")
    assert campari["unlocks"] == len(campari["recipes"])
    assert "Negroni" in {one["recipe_name"] for one in campari["recipes"]}
    assert len(found["shopping_list"]) == 3


def test_without_pours_the_measure_of_the_recipe(client: TestClient) -> None:
    have = ids(client, "Gin", "Campari", "Sweet Red Vermouth", "Aperol")
    found = ask(client, "without", have=have, empty=ids(client, "Campari")[0])
    negroni = next(one for one in found["affected"] if one["recipe_name"] == "Negroni")
    assert negroni["ingredient"]["ingredient_name"] == "Campari"
    assert negroni["amount"] is not None
    assert negroni["replacement"] is None or (
        negroni["replacement"]["rating"] in ("excellent", "good", "in a pinch")
    )


def test_stock_lists_unused_bottles_first(client: TestClient) -> None:
    bottles = ask(client, "stock", have=ids(client, "Gin", "Campari", "Sweet Red Vermouth"))
    serves = [one["serves"] for one in bottles["bottles"]]
    assert serves == sorted(serves)
    assert serves[-1] > 0


def test_menu_reports_gaps_and_single_bottles(client: TestClient) -> None:
    menu = [recipe_id(client, name) for name in ("Negroni", "Americano")]
    found = ask(client, "menu", recipe=menu)
    assert found["gaps"]
    assert "Gin" in {one["ingredient_name"] for one in found["single_use"]}


def test_menu_refuses_unknown_recipes(client: TestClient) -> None:
    response = client.get("/api/v1/analytics/bar/menu", params={"recipe": 999_999})
    assert response.status_code == 422
    assert response.json()["errors"][0]["field"] == "recipe"


def test_large_collections_are_compared_by_summary(
    site: Site, make_client: Callable[..., TestClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answers are those of a snapshot without a summary, and no record is read."""

    def answers(client: TestClient) -> list[Any]:
        have = ids(client, "Gin", "Campari", "Sweet Red Vermouth", "Soda Water", "Dry Vermouth")
        menu = range(1, 21)
        like = [ask(client, "now", have=have, order="similarity", like=one) for one in menu]
        return [*like, ask(client, "menu", recipe=list(menu))]

    before = answers(make_client())
    assert before[-1]["duplicates"]
    monkeypatch.setattr("api.storage.records.INDEXED_BYTES", 0)
    site.refresh(force=True)
    monkeypatch.delattr("api.storage.snapshots.Snapshots.iterate_records")
    monkeypatch.delattr("api.storage.snapshots.Snapshots.read_bytes")
    assert answers(make_client()) == before


def test_large_databases_are_read_at_the_start(
    site: Site, make_client: Callable[..., TestClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.http.freshness.LONG_SECONDS", 0.0)
    read = threading.Event()
    read_bar_rows = bar_rows.read_bar_rows

    def once(connection: Connection) -> bar_rows.BarRows:
        assert not read.is_set()
        rows = read_bar_rows(connection)
        read.set()
        return rows

    monkeypatch.setattr(bar_rows, "read_bar_rows", once)
    client = make_client()
    assert read.wait(10)
    assert ask(client, "now", have=ids(client, "Gin"))["recipes"] == []


def test_substitutes_need_a_snapshot(sample: Dataset, tmp_path: Path) -> None:
    database = Database(URL.create("sqlite", database=str(tmp_path / "cocktails.db")))
    upgrade(database.engine)
    with database.engine.begin() as connection:
        write_dataset(connection, sample)
    database.dispose()
    with TestClient(create_app(_settings(tmp_path)), base_url="http://localhost") as fresh:
        response = fresh.get("/api/v1/analytics/bar/without", params={"have": 1, "empty": 1})
        assert response.status_code == 404
        assert ask(fresh, "stock", have=[1])["bottles"]
