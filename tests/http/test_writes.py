"""Each write of the API, from an empty queue: committed, and followed by its refresh."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.db.dataset import read_dataset
from api.db.fingerprint import dataset_fingerprint
from api.http.app import create_app
from api.jobs.local_queue import LocalQueue
from api.settings import Settings
from tests.http.conftest import Site
from tests.http.routes import writes

V1 = "/api/v1"
#: A request of each write that changes the sample, and what must be there before: its path, then
#: the body.
REQUESTS: dict[tuple[str, str], tuple[str, Any]] = {
    ("POST", f"{V1}/analytics/refresh"): (f"{V1}/analytics/refresh", None),
    ("POST", f"{V1}/sign-in-codes"): (f"{V1}/sign-in-codes", None),
    ("POST", f"{V1}/sign-in"): (f"{V1}/sign-in", {"code": "{code}"}),
    ("POST", f"{V1}/recipes"): (f"{V1}/recipes", {"name": "New"}),
    ("PUT", f"{V1}/recipes/{{recipe_id}}"): (f"{V1}/recipes/1", {"name": "Changed"}),
    ("DELETE", f"{V1}/recipes/{{recipe_id}}"): (f"{V1}/recipes/1", None),
    ("POST", f"{V1}/recipes/import"): (f"{V1}/recipes/import", {"recipes": [{"name": "Imported"}]}),
    ("POST", f"{V1}/ingredients"): (f"{V1}/ingredients", {"name": "New"}),
    ("PUT", f"{V1}/ingredients/{{ingredient_id}}"): (f"{V1}/ingredients/1", {"name": "Changed"}),
    ("DELETE", f"{V1}/ingredients/{{ingredient_id}}"): (f"{V1}/ingredients/{{unused}}", None),
    ("POST", f"{V1}/units"): (f"{V1}/units", {"name": "New"}),
    ("PUT", f"{V1}/units/{{unit_id}}"): (f"{V1}/units/1", {"name": "Changed"}),
    ("DELETE", f"{V1}/units/{{unit_id}}"): (f"{V1}/units/{{unused}}", None),
    ("POST", f"{V1}/tags"): (f"{V1}/tags", {"name": "New"}),
    ("PUT", f"{V1}/tags/{{tag_id}}"): (f"{V1}/tags/1", {"name": "Changed"}),
    ("DELETE", f"{V1}/tags/{{tag_id}}"): (f"{V1}/tags/1", None),
    ("PUT", f"{V1}/shelf"): (f"{V1}/shelf", {"ingredient_ids": [1, 2]}),
    ("PUT", f"{V1}/ratings/{{recipe_id}}"): (f"{V1}/ratings/1", {"rating": 4}),
    ("DELETE", f"{V1}/ratings/{{recipe_id}}"): (f"{V1}/ratings/2", None),
}
#: Writes that need no refresh, since what they change is not part of what the analytics read. The
#: test compares the fingerprint of the data before and after.
WITHOUT_REFRESH = {
    ("POST", f"{V1}/sign-in-codes"): "writes nothing to the database",
    ("POST", f"{V1}/sign-in"): "writes nothing to the database",
    ("POST", f"{V1}/tags"): "a tag that no recipe has",
    ("PUT", f"{V1}/tags/{{tag_id}}"): "the analytics do not read tags",
    ("DELETE", f"{V1}/tags/{{tag_id}}"): "the analytics do not read tags",
    ("PUT", f"{V1}/shelf"): "the analytics do not read shelves",
    ("PUT", f"{V1}/ratings/{{recipe_id}}"): "the analytics do not read ratings",
    ("DELETE", f"{V1}/ratings/{{recipe_id}}"): "the analytics do not read ratings",
}
ALL = sorted(writes(create_app(Settings(api_token="a-token-of-some-length"))))


def _jobs(site: Site) -> int:
    return len(LocalQueue(site.directory / "refresh-queue.db").jobs(100))


def _fingerprint(site: Site) -> str:
    with site.database.snapshot() as connection:
        return dataset_fingerprint(read_dataset(connection))


def _prepare(client: TestClient, auth: dict[str, str], path: str) -> str:
    """Create what the request needs, and return its path."""
    if path == f"{V1}/ratings/2":
        assert client.put(path, json={"rating": 1}, headers=auth).status_code == 201
    if not path.endswith("{unused}"):
        return path
    collection = path.removesuffix("/{unused}")
    made = client.post(collection, json={"name": "Unused"}, headers=auth)
    assert made.status_code == 201
    return f"{collection}/{made.json()['id']}"


@pytest.mark.parametrize("operation", ALL, ids=" ".join)
def test_each_write_requests_its_refresh(
    client: TestClient, auth: dict[str, str], site: Site, operation: tuple[str, str]
) -> None:
    assert operation in REQUESTS, "Add a request for this new write, so that it is tested."
    path, body = REQUESTS[operation]
    path = _prepare(client, auth, path)
    if body == {"code": "{code}"}:
        body = client.post(f"{V1}/sign-in-codes", headers=auth).json()
        body = {"code": body["code"]}
    (site.directory / "refresh-queue.db").unlink(missing_ok=True)
    before = _fingerprint(site)
    assert _jobs(site) == 0
    response = client.request(operation[0], path, json=body, headers=auth)
    assert 200 <= response.status_code < 300, response.text
    changed = _fingerprint(site) != before
    if operation in WITHOUT_REFRESH:
        assert _jobs(site) == 0
        assert not changed, "The analytics read what this writes: it needs a refresh."
    else:
        assert _jobs(site) == 1
        assert changed or path.endswith("/refresh")


def test_refused_writes_request_no_refresh(
    client: TestClient, auth: dict[str, str], site: Site
) -> None:
    for method, path, body, status in (
        ("POST", "units", {"name": "ounce"}, 409),
        ("PUT", "recipes/9999", {"name": "Nowhere"}, 404),
        ("DELETE", "ingredients/1", None, 409),
        ("POST", "recipes/import?dry_run=true", {"recipes": [{"name": "Imported"}]}, 200),
    ):
        response = client.request(method, f"{V1}/{path}", json=body, headers=auth)
        assert response.status_code == status, response.text
    assert _jobs(site) == 0


def test_lists_of_requests_name_real_routes() -> None:
    assert set(REQUESTS) <= set(ALL)
    assert set(WITHOUT_REFRESH) <= set(ALL)


def test_writes_survive_a_blocked_queue(
    make_client: Callable[..., TestClient], auth: dict[str, str], site: Site
) -> None:
    blocked = site.directory / "a-file"
    blocked.touch()
    client = make_client(refresh_queue=blocked / "queue.db")
    made = client.post(f"{V1}/recipes", json={"name": "Kept"}, headers=auth)
    assert made.status_code == 201
    assert client.get(made.headers["location"]).json()["name"] == "Kept"
