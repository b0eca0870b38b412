"""Requests made to be expensive cost little, and others are served meanwhile."""

import json
import sys
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.db.exchange.requests import read_request
from api.db.normalization import MAX_MARKS, limit_marks, normalize

V1 = "/api/v1"
JSON = "application/json"
#: Marks of two kinds in turn: normalizing 80,000 of each as they are takes about 20 s.
MARKS = "\u0301\u0316"
#: Reading it takes minutes: a list of YAML.
ENDLESS = b"- name: a\n  ingredients: [gin, rum]\n" * 60_000
#: Its recipes have one name, so that each is compared with all before it.
SAME_NAMES = [
    {"name": "Same", "ingredients": [{"ingredient": "Gin", "amount": n, "unit": "Ounce"}]}
    for n in range(1, 3_000)
]


def _recipe(**fields: Any) -> bytes:
    return json.dumps({"recipes": [{"name": "X", **fields}]}, ensure_ascii=False).encode()


def _draft(**fields: Any) -> bytes:
    return json.dumps(fields, ensure_ascii=False).encode()


def _line(**fields: Any) -> bytes:
    return _recipe(ingredients=[fields])


#: Bodies by their size.
BODIES: dict[str, tuple[str, str, Callable[[int], bytes]]] = {
    "name": ("recipes/import", JSON, lambda n: _recipe(name="a" + MARKS * n)),
    "tag": ("recipes/import", JSON, lambda n: _recipe(tags=["a" + MARKS * n])),
    "text": ("recipes/import", JSON, lambda n: _recipe(description="a" + MARKS * n)),
    "ingredient": ("recipes/import", JSON, lambda n: _line(ingredient="a" + MARKS * n)),
    "unit": (
        "recipes/import",
        JSON,
        lambda n: _line(ingredient="Gin", amount=1, unit="a" + MARKS * n),
    ),
    "csv": (
        "recipes/import",
        "text/csv",
        lambda n: "recipe,ingredient,amount,unit\n{0},{0},1,{0}\n".format("a" + MARKS * n).encode(),
    ),
    "draft": ("recipes", JSON, lambda n: _draft(name="a" + MARKS * n)),
    "draft text": ("recipes", JSON, lambda n: _draft(name="X", description="a" + MARKS * n)),
    "long name": ("recipes/import", JSON, lambda n: _recipe(name="Gin " * 10 * n)),
    "many recipes": (
        "recipes/import",
        JSON,
        lambda n: _draft(recipes=[{"name": f"R{i}", "tags": 3} for i in range(n // 4)]),
    ),
    "repeated key": (
        "recipes/import",
        JSON,
        lambda n: b"{%s,%s}" % (b",".join(b'"k%d":1' % i for i in range(n)), b'"z":1,"z":2'),
    ),
    "columns": (
        "recipes/import",
        "text/csv",
        lambda n: b"recipe,%s\n" % b",".join(b"c%d" % i for i in range(n)),
    ),
    "page": ("recipes/import", "text/csv", lambda n: b"<a x='" * n),
    "page's ends": ("recipes/import", "text/csv", lambda n: b"<p></a " * n),
    "page's comments": ("recipes/import", "text/csv", lambda n: b"<p>" + b"<!--<!x<?" * n),
    "endless json": ("recipes/import", "text/csv", lambda n: b'[{"a": [' + b"{}," * (n // 20)),
    "sixties": ("recipes/import", "text/csv", lambda n: b"a: 1" + b":1" * n),
    "one line": ("recipes/import", JSON, lambda n: _recipe(ingredients=["the " * n])),
}


@pytest.mark.parametrize("name", BODIES)
def test_cost_grows_with_the_body(client: TestClient, auth: dict[str, str], name: str) -> None:
    """Four times the body costs about four times the work; it was sixteen times, and 20 s."""
    path, media_type, make = BODIES[name]

    def cost(size: int) -> float:
        body = make(size)
        begun = time.process_time()
        response = client.post(
            f"{V1}/{path}", content=body, headers={**auth, "Content-Type": media_type}
        )
        assert response.status_code in (200, 413, 422), response.text[:500]  # or left out
        assert len(response.content) < 1_000_000
        return time.process_time() - begun

    # Time of this process alone, whatever else the machine does.
    small = cost(20_000)
    assert cost(80_000) < 8 * max(small, 0.2)


@pytest.mark.parametrize("parameter", ["q", "tag"])
def test_hostile_query_is_refused(client: TestClient, parameter: str) -> None:
    response = client.get(f"{V1}/recipes", params={parameter: "a" + MARKS * 2_500})
    assert response.status_code == 422


@pytest.mark.parametrize(
    ("media_type", "body"),
    [("text/csv", ENDLESS), (JSON, _draft(recipes=SAME_NAMES))],
    ids=["reading", "writing"],
)
def test_endless_import_is_ended(
    client: TestClient,
    auth: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    media_type: str,
    body: bytes,
) -> None:
    monkeypatch.setattr("api.db.exchange.requests.MAX_SECONDS", 0.3)
    before = client.get(f"{V1}/recipes?q=same").content
    response = client.post(
        f"{V1}/recipes/import", content=body, headers={**auth, "Content-Type": media_type}
    )
    assert response.status_code == 422
    assert "took longer than 0.3 s" in response.text
    assert client.get(f"{V1}/recipes?q=same").content == before
    assert client.post(f"{V1}/tags", json={"name": "after"}, headers=auth).status_code == 201


def _parsing() -> int:
    """Return how many threads read an import at this moment."""
    stacks = [traceback.walk_stack(frame) for frame in sys._current_frames().values()]
    return sum(any(f.f_code is read_request.__code__ for f, _ in stack) for stack in stacks)


def test_imports_do_not_hold_up_reads(
    client: TestClient, auth: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of several endless imports one is read at a time, so a reader has half of the interpreter."""
    monkeypatch.setattr("api.db.exchange.requests.MAX_SECONDS", 0.7)
    headers = {**auth, "Content-Type": "text/csv"}
    with ThreadPoolExecutor(2) as pool:
        posts = [
            pool.submit(client.post, f"{V1}/recipes/import", content=ENDLESS, headers=headers)
            for _ in range(2)
        ]
        at_once, reads = set(), 0
        while not any(post.done() for post in posts):
            at_once.add(_parsing())
            assert client.get(f"{V1}/recipes/1").status_code == 200
            reads += 1
        assert {post.result().status_code for post in posts} <= {422, 503}
    assert max(at_once) == 1
    assert reads >= 2


def test_normalization_keeps_real_text() -> None:
    for text in ("Piña Colada", "Žižkov", "กีกี้", "Nguyễn", "a" + "\u0301" * MAX_MARKS):
        assert limit_marks(text) == text
    assert normalize("NFC", "Pin\u0303a") == "Piña"
    assert len(limit_marks("a" + MARKS * 80_000)) == MAX_MARKS + 1
