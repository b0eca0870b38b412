"""The analytics over HTTP: whole, tagged, compressed, and honest about their age."""

import gzip
import json
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Connection

from api.db.database import Database
from api.db.db_analytics import AnalyticsQueries
from api.db.fingerprint import database_fingerprint, dataset_fingerprint
from api.db.frames import Dataset
from api.http.freshness import Freshness
from api.http.published import LoadedSnapshot, Published, Rendered
from api.jobs.local_queue import LocalQueue
from api.jobs.run_status import RunState, RunStatusWriter
from api.storage.serialization import from_bytes
from api.storage.snapshots import Manifest
from tests.http.conftest import Site

BASE = "/api/v1/analytics"
WHOLE = ["ingredient-usage", "recipe-complexity", "cocktail-space", "cocktail-space-em",
         "ingredient-tree"]  # fmt: skip


def execute(site: Site, statement: str) -> None:
    with closing(sqlite3.connect(site.database_path)) as connection, connection:
        connection.execute(statement)


@pytest.mark.parametrize("name", WHOLE)
def test_artifact_is_served_as_published(client: TestClient, site: Site, name: str) -> None:
    response = client.get(f"{BASE}/{name}")
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.headers["cache-control"] == "no-cache"
    assert response.headers["x-analytics-stale"] == "false"
    current = site.storage.snapshots.current()
    assert current is not None
    body = response.json()
    assert body["data"] == site.storage.get_analytics(name)
    metadata = body["metadata"]
    assert metadata["snapshot_id"] == current.snapshot_id
    assert metadata["stale"] is False
    assert metadata.get("quality") == current.details.get(name)
    assert ("quality" in metadata) == name.startswith("cocktail-space")


def test_usage_drills_down_like_the_queries(client: TestClient, site: Site) -> None:
    queries = AnalyticsQueries(site.database)
    pending: list[int | None] = [None]
    levels = 0
    while pending:
        parent = pending.pop()
        url = f"{BASE}/ingredient-usage" + ("" if parent is None else f"?parent_id={parent}")
        records = client.get(url).json()["data"]
        assert records == queries.get_ingredient_usage_stats(parent_id=parent)
        levels += 1
        pending += [record["ingredient_id"] for record in records if record["has_children"]]
    assert levels > 10
    leaf = next(
        record["ingredient_id"]
        for record in queries.get_ingredient_usage_stats(all_ingredients=True)
        if not record["has_children"]
    )
    assert client.get(f"{BASE}/ingredient-usage?parent_id={leaf}").json()["data"] == []
    missing = client.get(f"{BASE}/ingredient-usage?parent_id=987654")
    assert missing.status_code == 404
    assert "987654" in missing.json()["detail"]
    assert client.get(f"{BASE}/ingredient-usage?parent_id=nonsense").status_code == 422


@pytest.mark.parametrize("name", ["recipe-similar", "ingredient-substitutes"])
@pytest.mark.parametrize("indexed", [False, True])
def test_all_records_come_in_pages(
    site: Site, make_client: Callable[..., TestClient], name: str, indexed: bool
) -> None:
    published: Any = site.storage.get_analytics(name)
    key = "recipe_id" if name == "recipe-similar" else "ingredient_id"
    if indexed:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("api.storage.records.INDEXED_BYTES", 1)
            current = site.storage.snapshots.current()
            assert current is not None
            site.storage.snapshots.publish({name: published}, record_keys={name: key})
    client = make_client()
    found: list[Any] = []
    cursor = ""
    while cursor is not None:
        query = {"limit": "20", **({"cursor": cursor} if cursor else {})}
        answer = client.get(f"{BASE}/{name}", params=query)
        assert answer.status_code == 200, answer.text
        assert len(answer.json()["data"]["items"]) <= 20
        found += answer.json()["data"]["items"]
        cursor = answer.json()["data"]["next_cursor"]
    assert found == sorted(published, key=lambda record: record[key])
    refused = client.get(f"{BASE}/{name}", params={"cursor": "nonsense"})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "cursor"


def test_similar_recipes_are_those_published(client: TestClient, site: Site) -> None:
    published: Any = site.storage.get_analytics("recipe-similar")
    for record in published[:5]:
        assert client.get(f"{BASE}/recipe-similar/{record['recipe_id']}").json()["data"] == record
    missing = client.get(f"{BASE}/recipe-similar/987654")
    assert missing.status_code == 404
    assert missing.headers["content-type"] == "application/problem+json"
    assert "next refresh" in missing.json()["detail"]


def test_rare_ingredients_get_their_ancestors_substitutes(
    client: TestClient, site: Site, sample: Dataset
) -> None:
    published: Any = site.storage.get_analytics("ingredient-substitutes")
    known = {record["ingredient_id"]: record for record in published}
    some = next(iter(known))
    assert client.get(f"{BASE}/ingredient-substitutes/{some}").json()["data"] == known[some]
    parents = dict(zip(sample.ingredients["id"], sample.ingredients["parent_id"], strict=True))
    names = dict(zip(sample.ingredients["id"], sample.ingredients["name"], strict=True))
    rolled_up = [i for i, parent in parents.items() if i not in known and parent in known]
    assert rolled_up
    for ingredient_id in rolled_up:
        data = client.get(f"{BASE}/ingredient-substitutes/{ingredient_id}").json()["data"]
        answered_for = data.pop("answered_for")
        assert answered_for == {
            "ingredient_id": ingredient_id,
            "ingredient_name": names[ingredient_id],
        }
        assert data == known[parents[ingredient_id]]
    assert client.get(f"{BASE}/ingredient-substitutes/987654").status_code == 404


def test_atlas_contains_every_recipe(client: TestClient, sample: Dataset) -> None:
    data = client.get(f"{BASE}/atlas").json()["data"]
    assert data["recipes"]["id"] == sorted(sample.recipes["id"])
    assert [drawn["key"] for drawn in data["maps"]] == ["manhattan", "em"]
    assert all(len(drawn["x"]) == len(sample.recipes) for drawn in data["maps"])


@pytest.mark.parametrize("header", ["{etag}", "W/{etag}", '"other", {etag}', "*"])
def test_current_copy_gets_304(client: TestClient, header: str) -> None:
    first = client.get(f"{BASE}/cocktail-space")
    etag = first.headers["etag"]
    again = client.get(
        f"{BASE}/cocktail-space", headers={"If-None-Match": header.format(etag=etag)}
    )
    assert again.status_code == 304
    assert again.content == b""
    assert again.headers["etag"] == (etag if header != "*" else etag.replace("-gzip", ""))
    assert again.headers["vary"] == "Accept-Encoding"
    other = client.get(f"{BASE}/cocktail-space", headers={"If-None-Match": '"other"'})
    assert other.status_code == 200


def test_each_encoding_has_its_own_etag(client: TestClient) -> None:
    plain = client.get(f"{BASE}/cocktail-space", headers={"Accept-Encoding": "identity"})
    packed = client.get(f"{BASE}/cocktail-space", headers={"Accept-Encoding": "gzip"})
    refused = client.get(f"{BASE}/cocktail-space", headers={"Accept-Encoding": "gzip;q=0, br"})
    assert "content-encoding" not in plain.headers
    assert "content-encoding" not in refused.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < int(plain.headers["content-length"]) / 2
    assert packed.content == plain.content == refused.content
    assert plain.headers["etag"] == refused.headers["etag"] != packed.headers["etag"]
    assert {r.headers["vary"] for r in (plain, packed, refused)} == {"Accept-Encoding"}
    for response in (plain, packed):
        again = client.get(
            f"{BASE}/cocktail-space", headers={"If-None-Match": response.headers["etag"]}
        )
        assert (again.status_code, again.headers["etag"]) == (304, response.headers["etag"])


def test_different_answers_have_different_etags(client: TestClient) -> None:
    paths = [
        *WHOLE,
        "atlas",
        "recipe-similar/1",
        "recipe-similar/2",
        "ingredient-usage?parent_id=1",
    ]
    tags = {client.get(f"{BASE}/{path}").headers["etag"] for path in paths}
    assert len(tags) == len(paths)


def test_head_is_get_without_body(client: TestClient) -> None:
    head = client.head(f"{BASE}/cocktail-space", headers={"Accept-Encoding": "identity"})
    get = client.get(f"{BASE}/cocktail-space", headers={"Accept-Encoding": "identity"})
    assert head.content == b""
    for name in ("etag", "content-length", "content-type", "cache-control"):
        assert head.headers[name] == get.headers[name]


def test_stale_result_is_served_and_marked(client: TestClient, site: Site) -> None:
    before = client.get(f"{BASE}/recipe-complexity")
    execute(site, "UPDATE recipes SET name = 'Negroni, renamed' WHERE name = 'Negroni'")
    after = client.get(
        f"{BASE}/recipe-complexity", headers={"If-None-Match": before.headers["etag"]}
    )
    assert after.status_code == 200
    assert after.headers["x-analytics-stale"] == "true"
    assert after.json()["metadata"]["stale"] is True
    assert after.json()["data"] == before.json()["data"]
    assert client.get(f"{BASE}/status").json()["stale"] is True


def test_unrelated_change_makes_nothing_stale(site: Site) -> None:
    current = site.storage.snapshots.current()
    assert current is not None
    freshness = Freshness(site.database, pause=0.0, pause_factor=0.0)
    try:
        assert freshness.compare(current) == "current"
        execute(site, "UPDATE recipes SET description = 'Bitter.' WHERE name = 'Negroni'")
        assert freshness.known(current) is None
        assert freshness.compare(current) == "current"
        assert freshness.known(current) == "current"
    finally:
        freshness.close()


def test_a_long_comparison_delays_one_reader_alone(site: Site) -> None:
    current = site.storage.snapshots.current()
    assert current is not None
    freshness = Freshness(site.database, patience=0.001)
    waits: list[float | None] = []

    class Comparison(Future[None]):
        def result(self, timeout: float | None = None) -> None:
            waits.append(timeout)
            return super().result(timeout)

    freshness._running = Comparison(), time.monotonic() - 1.0
    try:
        assert [freshness.compare(current) for _ in range(3)] == ["stale"] * 3
    finally:
        freshness.close()
    assert waits == [0.0] * 3


def test_large_artifacts_are_compressed_once(
    site: Site, make_client: Callable[..., TestClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"{BASE}/cocktail-space"
    before = make_client().get(path)
    monkeypatch.setattr("api.http.responses._LARGE_BYTES", 1_000)
    client = make_client()
    current = client.get(path)
    assert current.headers["content-encoding"] == "gzip"
    assert (current.content, current.headers["etag"]) == (before.content, before.headers["etag"])
    monkeypatch.delattr("api.http.compression.GzipHead.of")
    with closing(sqlite3.connect(site.database_path)) as connection, connection:
        connection.execute("UPDATE recipe_ingredients SET amount = amount * 2 WHERE id = 1")
    stale = client.get(path)
    assert stale.json()["data"] == current.json()["data"]
    assert stale.json()["metadata"]["stale"]
    assert stale.headers["etag"] != current.headers["etag"]


def test_a_slow_answer_holds_up_no_other(site: Site) -> None:
    current = site.storage.snapshots.current()
    assert current is not None
    loaded = LoadedSnapshot(site.storage.snapshots, current)
    begun, held = threading.Event(), threading.Event()
    made: list[str] = []

    def slow() -> Rendered:
        begun.set()
        assert held.wait(10)
        made.append("slow")
        return loaded.derived("part", lambda: Rendered.of(b"slow"))

    with ThreadPoolExecutor(2) as pool:
        twice = [pool.submit(loaded.rendered, "slow", slow) for _ in range(2)]
        try:
            assert begun.wait(10)
            assert loaded.rendered("quick", lambda: Rendered.of(b"quick")).body == b"quick"
            assert loaded.derived("other", lambda: 1) == 1
        finally:
            held.set()
        assert [one.result(10).body for one in twice] == [b"slow"] * 2
    assert made == ["slow"]


def test_readers_do_not_wait_for_a_large_database(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    current = site.storage.snapshots.current()
    assert current is not None
    held = threading.Event()
    fingerprint = database_fingerprint

    def slow(connection: Connection) -> str:
        held.wait(10)
        return fingerprint(connection)

    monkeypatch.setattr("api.http.freshness.database_fingerprint", slow)
    monkeypatch.setattr("api.http.freshness.LONG_SECONDS", 0.0)
    freshness = Freshness(site.database, patience=10.0)
    try:
        freshness.begin()
        assert freshness.compare(current) == "stale"
        held.set()
        assert freshness._running is not None
        freshness._running[0].result(10)
        assert freshness.known(current) == "current"
    finally:
        held.set()
        freshness.close()


@pytest.mark.parametrize("journal", ["DELETE", "WAL"])
def test_freshness_notices_every_write(site: Site, journal: str) -> None:
    """Writes at once after a comparison, of the same size, in either journal mode."""
    current = site.storage.snapshots.current()
    assert current is not None
    with closing(sqlite3.connect(site.database_path, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA journal_mode = {journal}")
        freshness = Freshness(site.database, pause=0.0, pause_factor=0.0)
        try:
            for turn in range(12):
                changed = turn % 2 == 1
                name = "Negrona" if changed else "Negroni"
                connection.execute("UPDATE recipes SET name = ? WHERE name LIKE 'Negron_'", (name,))
                assert freshness.compare(current) == ("stale" if changed else "current")
        finally:
            freshness.close()


def test_freshness_with_postgresql(postgresql: Database) -> None:
    freshness = Freshness(postgresql, pause=0.0, pause_factor=0.0)
    try:
        with postgresql.engine.begin() as connection:
            connection.exec_driver_sql("INSERT INTO units (id, name) VALUES (1, 'Ounce')")
        dataset = AnalyticsQueries(postgresql).dataset
        manifest = Manifest(
            snapshot_id="20260101T120000.000000Z-0a1b2c3d",
            schema_version=1,
            created_at=datetime.now(UTC),
            database_fingerprint=dataset_fingerprint(dataset),
            database_id=dataset.database_id,
            code_version=None,
            counts={},
            artifacts={},
        )
        assert freshness.compare(manifest) == "current"
        with postgresql.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE units SET name = 'Once' WHERE id = 1")
        freshness.note_write()
        assert freshness.compare(manifest) == "stale"
        # Nothing is written: a look says so, and nothing is compared again.
        last = freshness._last
        freshness.note_write()
        assert freshness.known(manifest) is None
        assert freshness.compare(manifest) == "stale"
        assert freshness._last is last
    finally:
        freshness.close()


def test_missing_database_serves_stale_result(client: TestClient, site: Site) -> None:
    site.database_path.unlink()
    response = client.get(f"{BASE}/cocktail-space")
    assert response.status_code == 200
    assert response.headers["x-analytics-stale"] == "true"


def test_404_before_first_refresh_names_remedy(client: TestClient, site: Site) -> None:
    shutil.rmtree(site.analytics_dir)
    for path in [*WHOLE, "atlas", "recipe-similar/1", "ingredient-substitutes/1"]:
        response = client.get(f"{BASE}/{path}")
        assert response.status_code == 404
        assert response.headers["content-type"] == "application/problem+json"
        assert "cocktaildb refresh" in response.json()["detail"]
    status = client.get(f"{BASE}/status").json()
    assert status["snapshot"] is None
    assert status["stale"] is True
    assert status["snapshots"] == []
    assert client.get("/ready").json() == {"status": "ready", "snapshot_id": None}


def test_damaged_snapshot_is_503_without_details(client: TestClient, site: Site) -> None:
    for path in site.analytics_dir.rglob("cocktail-space.json"):
        path.write_bytes(path.read_bytes()[:-10] + b"0123456789")
    response = client.get(f"{BASE}/cocktail-space")
    assert response.status_code == 503
    assert response.headers["content-type"] == "application/problem+json"
    assert str(site.directory) not in response.text
    assert "Traceback" not in response.text
    assert client.get(f"{BASE}/recipe-complexity").status_code == 200


def test_missing_artifact_is_404(client: TestClient, site: Site) -> None:
    manifest = site.storage.snapshots.current()
    assert manifest is not None
    kept = {name: from_bytes(site.storage.snapshots.read_bytes(manifest, name))
            for name in manifest.artifacts if name != "recipe-similar"}  # fmt: skip
    site.storage.snapshots.publish(kept, database_fingerprint=manifest.database_fingerprint)
    response = client.get(f"{BASE}/recipe-similar/1")
    assert response.status_code == 404
    assert "next refresh" in response.json()["detail"]


def test_readers_never_mix_two_snapshots(site: Site) -> None:
    """Eight readers, a publication every few milliseconds, each snapshot retired by the next."""
    storage = site.storage
    snapshots = type(storage.snapshots)(storage.snapshots.store, keep=1)
    storage.snapshots = snapshots
    published = Published(storage, guard=lambda _: "current", pointer_seconds=0.0)
    stop = threading.Event()
    seen: set[int] = set()
    faults: list[object] = []

    def read() -> None:
        while not stop.is_set():
            try:
                pair = published.read(lambda loaded: (loaded.value("one"), loaded.value("two")))
            except Exception as error:
                faults.append(error)
                return
            if pair is not None and pair[0] != pair[1]:
                faults.append(pair)
            if pair is not None:
                seen.add(pair[0])

    snapshots.publish({"one": -1, "two": -1})
    readers = [threading.Thread(target=read) for _ in range(8)]
    for reader in readers:
        reader.start()
    for number in range(25):
        snapshots.publish({"one": number, "two": number})
    stop.set()
    for reader in readers:
        reader.join()
    assert faults == []
    assert len(seen) > 5


def test_status_shows_waiting_refresh(client: TestClient, site: Site, auth: dict[str, str]) -> None:
    status = client.get(f"{BASE}/status").json()
    current = site.storage.snapshots.current()
    assert current is not None
    assert status["snapshot"]["snapshot_id"] == current.snapshot_id
    assert [kept["snapshot_id"] for kept in status["snapshots"]] == [current.snapshot_id]
    assert status["refresh"]["state"] == "idle"
    asked = client.post(f"{BASE}/refresh", headers=auth)
    assert asked.status_code == 202
    assert asked.json()["via"] == "local-queue"
    assert asked.json()["absorbed"] is False
    again = client.post(f"{BASE}/refresh", headers=auth).json()
    assert again == {**asked.json(), "absorbed": True}
    waiting = client.get(f"{BASE}/status").json()["refresh"]
    assert waiting["state"] == "waiting"
    assert waiting["job_id"] == asked.json()["job_id"]


@pytest.mark.parametrize("state", [RunState.FAILED, RunState.INTERRUPTED])
def test_public_status_hides_errors(
    client: TestClient,
    site: Site,
    auth: dict[str, str],
    caplog: pytest.LogCaptureFixture,
    state: RunState,
) -> None:
    secret = "postgresql://bar@db.internal:5432 and /srv/bar/cocktails.db"
    run = RunStatusWriter(site.storage.snapshots.store)
    run.begin()
    run.end(state, error=secret)
    # The log has the error, under the ID that the public sees.
    assert any(run.run_id in record.message and secret in record.message
               for record in caplog.records)  # fmt: skip
    public = client.get(f"{BASE}/status")
    assert "db.internal" not in public.text
    assert "/srv/bar" not in public.text
    assert run.run_id in public.json()["history"][0]["error"]
    wrong = client.get(f"{BASE}/status", headers={"Authorization": "Bearer wrong"})
    assert (wrong.status_code, "db.internal" in wrong.text) == (200, False)
    signed_in = client.get(f"{BASE}/status", headers=auth)
    assert signed_in.json()["history"][0]["error"] == secret


def test_odd_queue_row_is_no_server_error(client: TestClient, site: Site) -> None:
    path = site.directory / "refresh-queue.db"
    LocalQueue(path).submit()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE refresh_jobs SET status = 'BAKING', submitted_at = 'yesterday'")
    assert client.get(f"{BASE}/status").status_code == 200


def test_reads_after_status_see_new_snapshot(client: TestClient, site: Site) -> None:
    old = client.get(f"{BASE}/recipe-complexity").json()["metadata"]["snapshot_id"]
    new = site.refresh(force=True)
    status = client.get(f"{BASE}/status").json()
    assert status["snapshot"]["snapshot_id"] == new != old
    assert [kept["snapshot_id"] for kept in status["snapshots"]] == [new, old]
    assert client.get(f"{BASE}/recipe-complexity").json()["metadata"]["snapshot_id"] == new
    assert status["history"][0]["snapshot_id"] == new
    assert status["history"][0]["state"] == "succeeded"


def test_gzip_body_decodes_to_artifact(make_client: Callable[..., TestClient], site: Site) -> None:
    client = make_client()
    with client.stream(
        "GET", f"{BASE}/cocktail-space", headers={"Accept-Encoding": "gzip"}
    ) as response:
        raw = b"".join(response.iter_raw())
    body = json.loads(gzip.decompress(raw))
    assert body["data"] == site.storage.get_analytics("cocktail-space")
