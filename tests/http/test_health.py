"""Liveness says that the process answers, readiness that it can do its work."""

import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

from api.db.database import Database
from tests.http.conftest import Site


def test_complete_site_is_ready(client: TestClient, site: Site) -> None:
    assert client.get("/health").json() == {"status": "ok"}
    ready = client.get("/ready")
    assert ready.status_code == 200
    current = site.storage.snapshots.current()
    assert current is not None
    assert ready.json() == {"status": "ready", "snapshot_id": current.snapshot_id}


def test_missing_database_is_alive_but_not_ready(client: TestClient, site: Site) -> None:
    site.database_path.unlink()
    assert client.get("/health").status_code == 200
    response = client.get("/ready")
    assert response.status_code == 503
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["retry-after"]
    # The client learns nothing of the server's file system.
    assert str(site.directory) not in response.text
    assert not site.database_path.exists()


def test_read_only_database_is_not_ready_to_write(
    make_client: Callable[..., TestClient], site: Site
) -> None:
    with site.database_path.open("r+b") as file:
        file.seek(18)
        file.write(b"\x03")  # a format that this SQLite reads, and does not write
    response = make_client().get("/ready")
    assert response.status_code == 503
    assert response.headers["retry-after"]
    assert make_client(api_token=None).get("/ready").status_code == 200


def test_busy_database_is_ready(client: TestClient, site: Site) -> None:
    with closing(sqlite3.connect(site.database_path, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        assert client.get("/ready").status_code == 200


@pytest.fixture
def full_disk(site: Site, tmp_path: Path) -> Iterator[Path]:
    """The site's database on a disk without a free byte."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("this machine lets no test mount a disk of its own")
    try:
        database = disk / "cocktails.db"
        shutil.copyfile(site.database_path, database)
        with (disk / "ballast").open("wb", buffering=0) as stream, suppress(OSError):
            while stream.write(bytes(4096)):
                pass
        yield database
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def test_full_disk_is_said_in_words(
    make_client: Callable[..., TestClient],
    auth: dict[str, str],
    full_disk: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    client = make_client(db_path=full_disk)
    assert client.get("/ready").status_code == 503
    draft = {"name": "Secret", "description": "y" * 15_000}
    response = client.post("/api/v1/recipes", json=draft, headers=auth)
    assert response.status_code == 503
    assert "disk of the database is full" in response.json()["detail"]
    assert "its disk is full. Make room on it." in caplog.text
    assert "Traceback" not in caplog.text
    assert "Secret" not in caplog.text
    assert client.get("/api/v1/recipes/1").status_code == 200
    (full_disk.parent / "ballast").unlink()
    assert client.get("/ready").status_code == 200
    assert client.post("/api/v1/recipes", json=draft, headers=auth).status_code == 201


def test_postgresql_standby_is_not_ready(
    make_client: Callable[..., TestClient], postgresql: Database
) -> None:
    client = make_client(database_url=postgresql.url.render_as_string(hide_password=False))
    assert client.get("/ready").status_code == 200
    with postgresql.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        name = postgresql.url.database
        connection.exec_driver_sql(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    client.app.state.services.database.dispose()  # type: ignore[attr-defined]
    assert client.get("/ready").status_code == 503


def test_unknown_paths_and_methods_are_problems(client: TestClient) -> None:
    response = client.get("/nowhere")
    assert response.status_code == 404
    assert response.json()["title"] == "Not Found"
    assert "/nowhere" in response.json()["detail"]
    response = client.put("/health")
    assert response.status_code == 405
    assert response.headers["allow"] == "GET, HEAD"


def test_metrics_count_requests_by_route(client: TestClient, auth: dict[str, str]) -> None:
    for recipe in (1, 2):
        client.get(f"/api/v1/recipes/{recipe}")
    client.get("/nothing/here")
    text = client.get("/metrics", headers=auth).text
    samples = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert samples["http_requests_total", "GET", "/api/v1/recipes/{recipe_id}", "200"] == 2
    assert samples["http_requests_total", "GET", "(none)", "404"] == 1
    assert samples["cocktaildb_analytics_stale",] == 0
    assert samples["cocktaildb_refresh_state", "idle"] == 1
    assert samples["cocktaildb_snapshot_timestamp_seconds",] > 1.7e9


def test_metrics_need_a_token(client: TestClient) -> None:
    assert client.get("/metrics").status_code == 401
