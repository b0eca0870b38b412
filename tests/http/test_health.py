"""Liveness says that the process answers, readiness that it can do its work."""

from fastapi.testclient import TestClient

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


def test_unknown_paths_and_methods_are_problems(client: TestClient) -> None:
    response = client.get("/nowhere")
    assert response.status_code == 404
    assert response.json()["title"] == "Not Found"
    assert "/nowhere" in response.json()["detail"]
    response = client.put("/health")
    assert response.status_code == 405
    assert response.headers["allow"] == "GET, HEAD"
