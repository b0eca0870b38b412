"""Requests made to be expensive are answered soon, and others are served meanwhile."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.db.normalization import MAX_MARKS, limit_marks, normalize
from api.http.app import create_app
from tests.http.conftest import Site

V1 = "/api/v1"
#: 80,000 marks of two kinds in turn: normalizing them as they are takes about 20 s.
MARKS = "a" + "\u0301\u0316" * 80_000


def _recipe(**fields: Any) -> bytes:
    return json.dumps({"recipes": [{"name": "X", **fields}]}, ensure_ascii=False).encode()


BODIES: dict[str, tuple[str, str, bytes]] = {
    "name": ("recipes/import", "application/json", _recipe(name=MARKS)),
    "tag": ("recipes/import", "application/json", _recipe(tags=[MARKS])),
    "text": ("recipes/import", "application/json", _recipe(description=MARKS)),
    "ingredient": (
        "recipes/import", "application/json", _recipe(ingredients=[{"ingredient": MARKS}])
    ),
    "unit": (
        "recipes/import",
        "application/json",
        _recipe(ingredients=[{"ingredient": "Gin", "amount": 1, "unit": MARKS}]),
    ),
    "csv": (
        "recipes/import",
        "text/csv",
        f"recipe,ingredient,amount,unit\n{MARKS},{MARKS},1,{MARKS}\n".encode(),
    ),
    "draft": ("recipes", "application/json", json.dumps({"name": MARKS}).encode()),
    "draft text": (
        "recipes",
        "application/json",
        json.dumps(
            {"name": "X", "description": MARKS[:20_000], "instructions": MARKS[:20_000]}
        ).encode(),
    ),
    "long name": ("recipes/import", "application/json", _recipe(name="Gin " * 1_000_000)),
    "many recipes": (
        "recipes/import",
        "application/json",
        json.dumps({"recipes": [{"name": f"R{n}", "tags": 3} for n in range(50_000)]}).encode(),
    ),
}  # fmt: skip


@pytest.fixture
def health_gap(site: Site) -> Iterator[tuple[TestClient, Callable[[], float]]]:
    """A client, and a function that returns the longest gap between two answers of /health."""
    with TestClient(create_app(site.settings())) as client:
        gaps: list[float] = []
        stop = threading.Event()

        def watch() -> None:
            before = time.monotonic()
            while not stop.is_set():
                assert client.get("/health").status_code == 200
                now = time.monotonic()
                gaps.append(now - before)
                before = now
                time.sleep(0.02)

        thread = threading.Thread(target=watch)
        thread.start()
        yield client, lambda: max(gaps)
        stop.set()
        thread.join()


@pytest.mark.parametrize("name", BODIES)
def test_hostile_body_is_refused_soon(
    health_gap: tuple[TestClient, Callable[[], float]], auth: dict[str, str], name: str
) -> None:
    client, longest_gap = health_gap
    path, media_type, body = BODIES[name]
    assert len(body) < 5_000_000
    begun = time.monotonic()
    response = client.post(
        f"{V1}/{path}", content=body, headers={**auth, "Content-Type": media_type}
    )
    assert response.status_code in (413, 422), response.text[:500]
    assert len(response.content) < 1_000_000
    # Bounds with room for a busy machine: before the limits it was 20 s each.
    assert time.monotonic() - begun < 12
    assert longest_gap() < 4


@pytest.mark.parametrize("parameter", ["q", "tag"])
def test_hostile_query_is_refused_soon(client: TestClient, parameter: str) -> None:
    begun = time.monotonic()
    response = client.get(f"{V1}/recipes", params={parameter: MARKS[:5_000]})
    assert response.status_code == 422
    assert time.monotonic() - begun < 5


def test_normalization_keeps_real_text() -> None:
    for text in ("Piña Colada", "Žižkov", "กีกี้", "Nguyễn", "a" + "\u0301" * MAX_MARKS):
        assert limit_marks(text) == text
    assert normalize("NFC", "Pin\u0303a") == "Piña"
    assert len(limit_marks(MARKS)) == MAX_MARKS + 1
