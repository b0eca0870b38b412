"""After each route and each error, no lock is left on the database.

Another process commits after every request, in SQLite's rollback journal mode, where a single open
cursor anywhere would keep it from doing so.
"""

import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from api.db.database import Database
from api.http.app import create_app
from api.http.threads import CatalogThreads
from tests.http.conftest import TOKEN, Site
from tests.http.routes import WRITES, operations

V1 = "/api/v1"
#: Commits on request; waits half a second for a lock at most.
COMMITTER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=0.5)
for _ in sys.stdin:
    try:
        connection.execute("BEGIN EXCLUSIVE")
        connection.execute("UPDATE units SET abbreviation = abbreviation WHERE id = 1")
        connection.execute("COMMIT")
        print("committed", flush=True)
    except sqlite3.OperationalError as error:
        print(error, flush=True)
"""
#: Bodies for each write: one that may succeed, and some that are refused.
BODIES: dict[str, list[Any]] = {
    "/recipes": [{"name": "New"}, {"name": "X", "ingredients": [{"ingredient_id": 9999}]}],
    "/recipes/{recipe_id}": [{"name": "New"}, {"name": "X", "ingredients": [{"ingredient_id": 1}]}],
    "/recipes/import": [{"recipes": [{"name": "N"}]}, {"recipes": [{"nome": "X"}]}, {"units": 3}],
    "/ingredients": [{"name": "gin"}, {"name": "Gín"}, {"name": "X", "parent_id": 9}],
    "/ingredients/{ingredient_id}": [{"name": "Gin"}, {"name": "X", "parent_id": 1}],
    "/units": [{"name": "New"}, {"name": "OUNCE"}, {"name": "Óunce"}],
    "/units/{unit_id}": [{"name": "New"}, {"name": "Ounce"}],
    "/tags": [{"name": "New"}, {"name": "STIRRED"}, {"name": "stírred"}],
    "/tags/{tag_id}": [{"name": "New"}, {"name": "stirred"}],
    "/ratings/{recipe_id}": [{"rating": 5}, {"rating": 9}],
    "/sign-in": [{"code": "guess"}],
}  # fmt: skip
QUERIES = ["", "?q=gin", "?cursor=nonsense", "?limit=1", "?ingredient=9999", "?have=1&missing=1"]


@pytest.fixture
def commit(site: Site) -> Iterator[Callable[[], str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", COMMITTER, str(site.database_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    stdin, stdout = process.stdin, process.stdout

    def once() -> str:
        stdin.write("\n")
        stdin.flush()
        return stdout.readline().strip()

    with process, stdin:
        yield once


def _requests(method: str, path: str) -> Iterator[tuple[str, Any]]:
    """Yield addresses and bodies that are accepted, refused and not found."""
    for number in ("1", "2", "9999", "x"):
        address = path
        while "{" in address:
            start, end = address.index("{"), address.index("}")
            address = address[:start] + number + address[end + 1 :]
        if method in WRITES:
            for body in [*BODIES.get(path.removeprefix(V1), []), {}]:
                yield address, body
        else:
            for query in QUERIES if number == "1" else QUERIES[:1]:
                yield address + query, None
        if "{" not in path:
            return


def test_no_request_leaves_a_lock(
    site: Site, auth: dict[str, str], commit: Callable[[], str]
) -> None:
    app = create_app(site.settings())
    statuses: set[int] = set()
    with TestClient(app) as client:
        for method, path in sorted(set(operations(app))):
            if method not in ("GET", *WRITES):
                continue
            for address, body in _requests(method, path):
                for headers in ({}, {**auth, "If-Match": '"other"'}, auth)[method == "GET" :]:
                    response = client.request(method, address, json=body, headers=headers)
                    statuses.add(response.status_code)
                    done = commit()
                    assert done == "committed", (method, address, body, response.status_code)
    assert {200, 201, 204, 401, 404, 409, 412, 422} <= statuses
    assert max(statuses) < 500


@pytest.fixture
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """The database gives up on a lock after a second and a half instead of ten."""
    monkeypatch.setattr("api.db.sqlite_snapshot.BUSY_TIMEOUT_SECONDS", 1.5)
    monkeypatch.setattr("api.db.catalog.writing.LOCK_SECONDS", 1.5)


@contextmanager
def stuck_writer(database: Database) -> Iterator[None]:
    """Hold the lock that writers wait for."""
    if database.sqlite_path is not None:
        with closing(sqlite3.connect(database.sqlite_path, isolation_level=None)) as raw:
            raw.execute("BEGIN IMMEDIATE")
            yield
            raw.execute("ROLLBACK")
        return
    with database.engine.connect() as connection:
        key = int.from_bytes(b"cocktail")
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})
        yield
        connection.rollback()


@pytest.mark.usefixtures("short_waits")
def test_stuck_writer_does_not_stop_reads(site: Site, auth: dict[str, str]) -> None:
    """Many writers wait for a lock; reads are served as if they were not there."""
    app = create_app(site.settings())
    app.state.services.threads = CatalogThreads(patience=0.5)
    with TestClient(app) as client, stuck_writer(site.database), ThreadPoolExecutor(30) as pool:
        client.get(f"{V1}/recipes")
        writes = [
            pool.submit(client.post, f"{V1}/tags", json={"name": f"t{n}"}, headers=auth)
            for n in range(30)
        ]
        begun = time.monotonic()
        for _ in range(10):
            assert client.get(f"{V1}/recipes?limit=1").status_code == 200
        assert time.monotonic() - begun < 8
        # All but the one that waits inside the database give up sooner.
        refused = [write.result().status_code for write in writes[1:]]
        assert refused.count(503) >= 28
    assert threading.active_count() < 200


@pytest.mark.usefixtures("short_waits")
def test_writes_work_after_a_stuck_writer(site: Site, auth: dict[str, str]) -> None:
    with TestClient(create_app(site.settings())) as client:
        with stuck_writer(site.database), ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(client.post, f"{V1}/tags", json={"name": "t"}, headers=auth)
            time.sleep(0.5)
        assert waiting.result().status_code in (201, 503)
        assert client.post(f"{V1}/tags", json={"name": "u"}, headers=auth).status_code == 201


@pytest.mark.usefixtures("short_waits")
def test_stuck_writer_with_postgresql(
    site: Site, postgresql: Database, auth: dict[str, str]
) -> None:
    url = postgresql.url.render_as_string(hide_password=False)
    app = create_app(site.settings(database_url=url))
    app.state.services.threads = CatalogThreads(patience=0.5)
    with TestClient(app) as client:
        with stuck_writer(postgresql), ThreadPoolExecutor(20) as pool:
            writes = [
                pool.submit(client.post, f"{V1}/tags", json={"name": f"t{n}"}, headers=auth)
                for n in range(20)
            ]
            for _ in range(10):
                assert client.get(f"{V1}/recipes").status_code == 200
            assert [write.result().status_code for write in writes].count(503) >= 19
        assert client.post(f"{V1}/tags", json={"name": "u"}, headers=auth).status_code == 201


def test_read_survives_killed_connections(
    site: Site, postgresql: Database, auth: dict[str, str]
) -> None:
    """A restarted server, or an idle timeout in between, costs no request."""
    url = postgresql.url.render_as_string(hide_password=False)
    with TestClient(create_app(site.settings(database_url=url))) as client:
        assert client.get(f"{V1}/recipes").status_code == 200
        for _ in range(3):
            with postgresql.engine.connect() as connection:
                connection.execute(
                    text(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                        "WHERE pid <> pg_backend_pid() AND datname = current_database()"
                    )
                )
            assert client.get(f"{V1}/recipes").status_code == 200
            made = client.post(f"{V1}/tags", json={"name": f"t{_}"}, headers=auth)
            assert made.status_code == 201


def test_slow_statement_is_ended(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.http.transactions.READ_SECONDS", 0.3)
    app = create_app(site.settings())

    endless = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    )
    for function in ("http.routes.recipes.recipes.search_recipes", "pages.rendered.get_recipe"):
        monkeypatch.setattr(
            f"api.{function}",
            lambda connection, *_, **__: connection.execute(text(endless)).scalar_one(),
        )
    with TestClient(app) as client:
        begun = time.monotonic()
        assert client.get(f"{V1}/recipes").status_code == 503
        assert client.get("/recipes/1").status_code == 503
        assert time.monotonic() - begun < 5
        assert client.get(f"{V1}/tags", headers={"Authorization": f"Bearer {TOKEN}"}).is_success
