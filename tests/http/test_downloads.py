"""Whole artifacts as files."""

import csv
import io
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.analytics.artifacts import ARTIFACT_NAMES
from api.db.frames import Dataset
from api.http.tables import to_csv

BASE = "/api/v1/analytics"


@pytest.fixture(scope="module")
def client(sample_client: TestClient) -> TestClient:
    return sample_client


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize("name", ARTIFACT_NAMES)
def test_every_artifact_is_a_file(client: TestClient, name: str) -> None:
    as_json = client.get(f"{BASE}/downloads/{name}.json")
    assert as_json.status_code == 200
    assert as_json.headers["content-disposition"] == f'attachment; filename="{name}.json"'
    table = rows(client.get(f"{BASE}/downloads/{name}.csv").text)
    assert len(table) >= len(as_json.json())


def test_map_table_has_a_row_per_recipe(client: TestClient, sample: Dataset) -> None:
    table = rows(client.get(f"{BASE}/downloads/cocktail-space-em.csv").text)
    assert {int(row["recipe_id"]) for row in table} == set(sample.recipes["id"])
    assert all("; " in row["ingredients"] or row["ingredients"] for row in table)


def test_tree_table_links_children_to_parents(client: TestClient, sample: Dataset) -> None:
    table = rows(client.get(f"{BASE}/downloads/ingredient-tree.csv").text)
    ids = {row["id"] for row in table}
    assert len(table) == len(sample.ingredients) + 1
    assert all(row["parent"] in ids or row["id"] == "root" for row in table)


def test_atlas_is_no_table(client: TestClient) -> None:
    assert client.get(f"{BASE}/downloads/atlas.csv").status_code == 404
    assert client.get(f"{BASE}/downloads/atlas.json").status_code == 200


def test_history_lists_the_current_snapshot(client: TestClient, sample: Dataset) -> None:
    (snapshot,) = client.get(f"{BASE}/snapshots").json()["snapshots"]
    assert snapshot["recipes"] == len(sample.recipes)
    assert set(ARTIFACT_NAMES) <= set(snapshot["artifacts"])


def test_formulas_are_disarmed() -> None:
    table: list[dict[str, Any]] = [{"name": "=1+1", "tags": ["-x"]}]
    assert rows(to_csv(table)) == [{"name": "'=1+1", "tags": "'-x"}]


def test_nested_records_make_a_row_each() -> None:
    table = [{"id": 1, "similar": [{"id": 2, "d": 0.5}, {"id": 3, "d": None}]}, {"id": 4}]
    assert rows(to_csv(table)) == [
        {"id": "1", "similar_id": "2", "similar_d": "0.5"},
        {"id": "1", "similar_id": "3", "similar_d": ""},
        {"id": "4", "similar_id": "", "similar_d": ""},
    ]
