"""Whole artifacts as files."""

import csv
import io
import json
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient
from jsonschema import Draft202012Validator

from api.analytics.artifacts import ARTIFACT_NAMES
from api.db.frames import Dataset
from api.http.tables import to_csv
from api.utils.analytics_cache import AnalyticsStorage
from tests.conftest import Run
from tests.http.conftest import Site

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


@pytest.mark.parametrize("name", [*ARTIFACT_NAMES, "atlas"])
def test_every_artifact_fits_its_schema(client: TestClient, name: str) -> None:
    answer = client.get(f"{BASE}/schemas/{name}")
    assert answer.headers["content-type"] == "application/schema+json"
    schema = answer.json()
    Draft202012Validator.check_schema(schema)
    artifact = client.get(f"{BASE}/downloads/{name}.json").json()
    Draft202012Validator(schema).validate(artifact)
    # It is no schema that everything fits.
    assert not Draft202012Validator(schema).is_valid({"nonsense": []})


@pytest.mark.parametrize("name", ARTIFACT_NAMES)
def test_parquet_holds_the_records(client: TestClient, name: str) -> None:
    records = client.get(f"{BASE}/downloads/{name}.json").json()
    answer = client.get(f"{BASE}/downloads/{name}.parquet")
    assert answer.headers["content-type"] == "application/vnd.apache.parquet"
    read = pq.read_table(io.BytesIO(answer.content)).to_pylist()
    if name == "ingredient-tree":
        assert read[0]["id"] == records["id"]
        assert len(read) > len(records["children"])
    else:
        assert read == records


def test_parquet_without_pyarrow_names_the_remedy(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    answer = client.get(f"{BASE}/downloads/recipe-complexity.parquet")
    assert answer.status_code == 501
    assert "pip install 'cocktaildb-analytics[parquet]'" in answer.json()["detail"]


def test_command_prints_the_same_schemas(client: TestClient, run: Run) -> None:
    every = json.loads(run("schema").stdout)
    assert set(every) == {*ARTIFACT_NAMES, "atlas"}
    one = json.loads(run("schema", "atlas").stdout)
    assert one == every["atlas"] == client.get(f"{BASE}/schemas/atlas").json()
    assert "Choose one of" in run("schema", "nonsense", code=2).stderr


def test_map_table_has_a_row_per_recipe(client: TestClient, sample: Dataset) -> None:
    table = rows(client.get(f"{BASE}/downloads/cocktail-space-em.csv").text)
    assert {int(row["recipe_id"]) for row in table} == set(sample.recipes["id"])
    assert all("; " in row["ingredients"] or row["ingredients"] for row in table)


def test_tree_table_links_children_to_parents(client: TestClient, sample: Dataset) -> None:
    table = rows(client.get(f"{BASE}/downloads/ingredient-tree.csv").text)
    ids = {row["id"] for row in table}
    assert len(table) == len(sample.ingredients) + 1
    assert all(row["parent"] in ids or row["id"] == "root" for row in table)


def test_costs_are_a_symmetric_matrix(client: TestClient) -> None:
    records = client.get(f"{BASE}/downloads/ingredient-costs.json").json()
    costs = np.array([record["costs"] for record in records])
    assert costs.shape == (len(records), len(records))
    assert np.array_equal(costs, costs.T)
    assert np.array_equal(costs == 0, np.eye(len(records), dtype=bool))
    # Dry gin is nearer to gin than to lime juice.
    at = {record["ingredient_name"]: row for row, record in enumerate(records)}
    assert costs[at["London Dry Gin"], at["Gin"]] < costs[at["London Dry Gin"], at["Lime Juice"]]


def test_atlas_is_no_table(client: TestClient) -> None:
    assert client.get(f"{BASE}/downloads/atlas.csv").status_code == 404
    assert client.get(f"{BASE}/downloads/atlas.json").status_code == 200


def test_history_lists_the_current_snapshot(client: TestClient, sample: Dataset) -> None:
    (snapshot,) = client.get(f"{BASE}/snapshots").json()["snapshots"]
    assert snapshot["recipes"] == len(sample.recipes)
    assert set(ARTIFACT_NAMES) <= set(snapshot["artifacts"])


def test_earlier_snapshots_can_be_downloaded(
    make_client: Callable[..., TestClient], site: Site
) -> None:
    client = make_client()
    first = site.storage.snapshots.current()
    assert first is not None
    formats = ("json", "csv", "parquet")
    now = [f"{BASE}/downloads/recipe-complexity.{one}" for one in formats]
    kept = [f"{BASE}/snapshots/{first.snapshot_id}/recipe-complexity.{one}" for one in formats]
    before = [client.get(path).content for path in now]
    site.storage.put_analytics("recipe-complexity", [{"ingredient_count": 1, "recipe_count": 9}])
    client.app.state.services.published.current(look=True)  # type: ignore[attr-defined]
    assert all(client.get(path).content != old for path, old in zip(now, before, strict=True))
    for path, old in zip(kept, before, strict=True):
        found = client.get(path)
        assert found.content == old
        assert found.headers["cache-control"] == "public, max-age=31536000, immutable"
        again = client.get(path, headers={"if-none-match": found.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["cache-control"] == found.headers["cache-control"]
    ids = [one["snapshot_id"] for one in client.get(f"{BASE}/snapshots").json()["snapshots"]]
    assert (len(ids), ids[1]) == (2, first.snapshot_id)
    page = client.get("/downloads").text
    assert all(f'href="{path}"' in page for path in kept)
    assert ids[0] not in page

    # The next publication of a store that keeps one removes both.
    AnalyticsStorage(directory=site.analytics_dir, keep=1).put_analytics("recipe-complexity", [])
    client.app.state.services.published.current(look=True)  # type: ignore[attr-defined]
    gone = client.get(kept[0])
    assert gone.status_code == 410
    assert "lists those that are kept" in gone.json()["detail"]
    assert kept[0] not in client.get("/downloads").text
    unknown = client.get(kept[0].replace("Z-", "Z-x"))
    later = client.get(kept[0].replace(first.snapshot_id[:4], "9998"))
    assert (unknown.status_code, later.status_code) == (410, 404)


def test_large_artifacts_are_sent_in_pieces(
    site: Site, make_client: Callable[..., TestClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, plain = f"{BASE}/downloads/cocktail-space.json", {"accept-encoding": "identity"}
    client = make_client()
    whole = client.get(path, headers=plain)
    monkeypatch.setattr("api.storage.snapshots._PIECE_BYTES", 1_000)
    monkeypatch.delattr("api.storage.snapshots.Snapshots.read_bytes")
    sent = client.get(path, headers=plain)
    for header in ("content-length", "content-type", "etag", "content-disposition", "vary"):
        assert sent.headers[header] == whole.headers[header]
    assert len(sent.content) > 2_000
    assert sent.content == whole.content == client.get(path).content
    assert client.get(path).headers["content-encoding"] == "gzip"
    known = {"if-none-match": sent.headers["etag"]}
    assert client.get(path, headers=known).status_code == 304

    current = site.storage.snapshots.current()
    assert current is not None
    stored = site.analytics_dir / "snapshots" / current.snapshot_id / "cocktail-space.json"
    stored.write_bytes(b"{" + stored.read_bytes()[1:])
    # It breaks off: no client takes it for the artifact.
    with pytest.raises(RuntimeError, match="response already started"):
        client.get(path)


def test_large_tables_are_written_to_a_file(
    site: Site, make_client: Callable[..., TestClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, plain = f"{BASE}/downloads/recipe-similar.csv", {"accept-encoding": "identity"}
    before = make_client().get(path, headers=plain)
    monkeypatch.setattr("api.storage.records.INDEXED_BYTES", 0)
    site.refresh(force=True)
    monkeypatch.delattr("api.storage.snapshots.Snapshots.read_bytes")
    client = make_client()
    for _ in range(6):  # each releases its place, of four
        large = client.get(path, headers=plain)
        known = client.get(path, headers={**plain, "if-none-match": large.headers["etag"]})
        assert known.status_code == 304
    for header in ("content-length", "content-type", "etag", "content-disposition"):
        assert large.headers[header] == before.headers[header]
    assert large.content == before.content == client.get(path).content
    reserve = client.app.state.services.exports.reserve  # type: ignore[attr-defined]
    places = [reserve() for _ in range(4)]
    assert client.get(path).status_code == 503
    places[0]()
    assert client.get(path).status_code == 200


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
