"""The catalog over HTTP: written, read back, rejected with a problem document, never a 5xx."""

import io
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.http.exports import AT_ONCE
from api.jobs.local_queue import LocalQueue

V1 = "/api/v1"


def _jobs(site: Any) -> int:
    return len(LocalQueue(site.directory / "refresh-queue.db").jobs(100))


def _make(client: TestClient, auth: dict[str, str], what: str, **body: Any) -> Any:
    response = client.post(f"{V1}/{what}", json=body, headers=auth)
    assert response.status_code == 201, response.text
    assert response.headers["location"] == f"{V1}/{what}/{response.json()['id']}"
    return response


def test_recipe_life_cycle(client: TestClient, auth: dict[str, str], site: Any) -> None:
    gin = client.get(f"{V1}/ingredients", params={"q": "gin"}).json()["items"][0]
    line = {"ingredient_id": gin["id"], "unit_id": 1, "amount": 30}
    made = _make(client, auth, "recipes", name="Piña Ñ", ingredients=[line], tags=["new one"])
    assert _jobs(site) == 1
    path = made.headers["location"]
    found = client.get(path)
    assert found.json() == made.json()
    assert found.json()["ingredients"][0]["ingredient_name"] == gin["name"]
    tag = found.headers["etag"]
    assert client.get(path, headers={"If-None-Match": tag}).status_code == 304

    body = {"name": "Pina", "ingredients": [line]}
    changed = client.put(path, json=body, headers={**auth, "If-Match": tag})
    assert (changed.status_code, changed.json()["tags"]) == (200, [])
    for method, sent in (("PUT", body), ("DELETE", None)):
        stale = client.request(method, path, headers={**auth, "If-Match": tag}, json=sent)
        assert stale.status_code == 412
        assert "Read it again" in stale.json()["detail"]
    # A proxy that compresses weakens the tag; it still names the version that was read.
    weakened = {**auth, "If-Match": f"W/{changed.headers['etag']}"}
    changed = client.put(path, json=body, headers=weakened)
    assert changed.status_code == 200
    weakened["If-Match"] = f"W/{tag}"
    assert client.put(path, json=body, headers=weakened).status_code == 412
    now = {**auth, "If-Match": changed.headers["etag"]}
    assert client.delete(path, headers=now).status_code == 204
    assert client.get(path).status_code == 404
    assert client.delete(path, headers=auth).status_code == 404


def test_search_by_every_parameter(client: TestClient) -> None:
    def names(**params: Any) -> list[str]:
        response = client.get(f"{V1}/recipes", params={"limit": 100, **params})
        assert response.status_code == 200, response.text
        return [one["name"] for one in response.json()["items"]]

    def identifier(name: str) -> int:
        items = client.get(f"{V1}/ingredients", params={"q": name, "limit": 100}).json()["items"]
        return int(next(one["id"] for one in items if one["name"] == name))

    campari, gin = identifier("Campari"), identifier("Gin")
    negroni = client.get(f"{V1}/recipes", params={"q": "negroni"}).json()["items"]
    whole = next(one["ingredients"] for one in negroni if one["name"] == "Negroni")
    (third,) = set(whole) - {"Campari", "Gin"}
    vermouth = identifier(third)
    assert "Negroni" in names(q="NEGRONI")
    assert "Negroni" in names(ingredient=[campari, gin])
    assert "Negroni" not in names(ingredient=campari, not_ingredient=gin)
    assert "Americano" in names(any_ingredient=[campari, gin], tag="build")
    assert "Negroni" in names(have=[campari, gin, vermouth])
    params: dict[str, Any] = {"have": [campari, gin], "missing": 1, "q": "negroni"}
    short = client.get(f"{V1}/recipes", params=params).json()["items"]
    assert next(one["missing"] for one in short if one["name"] == "Negroni") == [third]


def test_ids_are_the_whole_search_in_order(client: TestClient) -> None:
    searches: list[dict[str, Any]] = [
        {"q": "campari"},
        {"q": "negrono"},
        {"have": [4], "missing": 1},
        {},
    ]
    for params in searches:
        listed: list[int] = []
        cursor: dict[str, Any] = {}
        while True:
            query = {**params, **cursor, "limit": 100}
            page = client.get(f"{V1}/recipes", params=query).json()
            listed += [item["id"] for item in page["items"]]
            if page["next_cursor"] is None:
                break
            cursor = {"cursor": page["next_cursor"]}
        assert client.get(f"{V1}/recipes/ids", params=params).json()["ids"] == listed


def test_facts_hold_ratings_and_tags(client: TestClient) -> None:
    facts = client.get(f"{V1}/recipes/facts").json()
    assert facts["id"]
    for key, rating, tags in zip(facts["id"], facts["rating"], facts["tags"], strict=True):
        recipe = client.get(f"{V1}/recipes/{key}").json()
        assert (recipe["rating"]["average"], recipe["tags"]) == (rating, tags)


def test_pages_cover_the_whole_list(client: TestClient) -> None:
    seen: list[int] = []
    cursor = None
    while True:
        params = {"limit": 7, **({"cursor": cursor} if cursor else {})}
        page = client.get(f"{V1}/recipes", params=params).json()
        seen += [one["id"] for one in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 101


def test_units_tags_and_ingredients(client: TestClient, auth: dict[str, str], site: Any) -> None:
    bodies: list[tuple[str, dict[str, Any], dict[str, str]]] = [
        ("units", {"name": "Bottle", "conversion_to_ml": 700}, {"name": "Flask"}),
        ("tags", {"name": "brand new"}, {"name": "newer"}),
        ("ingredients", {"name": "Air", "parent_id": 1}, {"name": "Fresh Air"}),
    ]
    for what, body, changed in bodies:
        path = _make(client, auth, what, **body).headers["location"]
        taken = client.post(f"{V1}/{what}", json={"name": body["name"].upper()}, headers=auth)
        assert taken.status_code == 409
        assert [one["field"] for one in taken.json()["errors"]] == ["name"]
        put = client.put(path, json=changed, headers=auth)
        assert put.json()["name"] == changed["name"]
        old = client.put(path, json=changed, headers={**auth, "If-Match": '"no"'})
        assert old.status_code == 412
        listed = client.get(f"{V1}/{what}", params={"q": changed["name"]}).json()["items"]
        assert changed["name"] in {one["name"] for one in listed}
        assert client.get(path, headers={"If-None-Match": put.headers["etag"]}).status_code == 304
        assert client.delete(path, headers=auth).status_code == 204
        assert client.get(path).status_code == 404
    used = client.delete(f"{V1}/units/1", headers=auth)
    assert used.status_code == 409
    assert used.json()["errors"][0]["remedy"]
    assert _jobs(site) == 1  # the waiting job absorbed the others; tags requested none


def test_rating_belongs_to_its_user(client: TestClient, auth: dict[str, str], site: Any) -> None:
    path = f"{V1}/ratings/1"
    assert client.put(path, json={"rating": 3}, headers=auth).status_code == 201
    assert client.put(path, json={"rating": 5}, headers=auth).status_code == 200
    assert client.put(path, json={"rating": 6}, headers=auth).status_code == 422
    assert client.put(f"{V1}/ratings/9999", json={"rating": 5}, headers=auth).status_code == 404
    query = {"recipe_id": 1}
    (found,) = client.get(f"{V1}/ratings", params=query, headers=auth).json()["items"]
    assert (found["user_id"], found["rating"]) == ("local", 5)
    (public,) = client.get(f"{V1}/ratings", params=query).json()["items"]
    assert public == {**found, "user_id": None}
    assert client.get(f"{V1}/recipes/1").json()["rating"] == {"average": 5.0, "count": 1}
    assert client.delete(path, headers=auth).status_code == 204
    assert client.delete(path, headers=auth).status_code == 404
    assert _jobs(site) == 0


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_catalog_writes_need_a_token(client: TestClient, method: str) -> None:
    for what in ("recipes", "ingredients", "units", "tags", "ratings"):
        path = f"{V1}/{what}" + ("" if method == "POST" else "/1")
        if method == "POST" and what == "ratings":
            continue
        assert client.request(method, path, json={"name": "x"}).status_code == 401
    assert client.post(f"{V1}/recipes/import", json={"recipes": []}).status_code == 401


def test_invalid_lines_are_named(client: TestClient, auth: dict[str, str]) -> None:
    body = {"name": "X", "ingredients": [{"ingredient_id": 1}, {"ingredient_id": 1, "unit_id": 99}]}
    refused = client.post(f"{V1}/recipes", json=body, headers=auth)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "ingredients[1].unit_id"
    # Found before the database is read, and reported in the same way.
    body["ingredients"] = [{"ingredient_id": 1}, {"ingredient_id": 1, "amount": -1}]
    negative = client.post(f"{V1}/recipes", json=body, headers=auth)
    assert negative.json()["errors"][0]["field"] == "ingredients[1].amount"
    own = client.put(f"{V1}/ingredients/1", json={"name": "S", "parent_id": 1}, headers=auth)
    assert own.status_code == 422
    assert own.json()["errors"][0]["field"] == "parent_id"


def test_blocked_queue_fails_no_write(
    make_client: Callable[..., TestClient], auth: dict[str, str], tmp_path: Path
) -> None:
    blocked = tmp_path / "a-file"
    blocked.touch()
    client = make_client(refresh_queue=blocked / "queue.db")
    _make(client, auth, "recipes", name="Kept")


def test_import_and_export(client: TestClient, auth: dict[str, str], site: Any) -> None:
    for kind, media in (("json", "application/json"), ("csv", "text/csv")):
        exported = client.get(f"{V1}/recipes/export", params={"format": kind})
        assert exported.headers["content-type"].startswith(media)
        assert f"recipes.{kind}" in exported.headers["content-disposition"]
        done = client.post(
            f"{V1}/recipes/import",
            content=exported.content,
            headers={**auth, "Content-Type": media},
            params={"dry_run": True},
        )
        assert done.status_code == 200, done.text
        assert (done.json()["unchanged"], done.json()["dry_run"]) == (101, True)
    assert _jobs(site) == 0
    bad = client.post(
        f"{V1}/recipes/import",
        content="recipe,line,ingredient,amount\n=1+1,1,Gin,2\nX,1,Nothing Known,-1\n",
        headers={**auth, "Content-Type": "text/csv"},
    )
    assert bad.status_code == 422
    assert [one["field"] for one in bad.json()["errors"]] == ["line 3, amount"]
    good = client.post(f"{V1}/recipes/import", json={"recipes": [{"name": "=1+1"}]}, headers=auth)
    assert good.json()["created"] == 1
    assert "'=1+1" in client.get(f"{V1}/recipes/export", params={"format": "csv"}).text
    assert _jobs(site) == 1


def test_import_takes_archives(client: TestClient, auth: dict[str, str]) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("recipes.csv", "recipe,ingredient,amount,unit\nZipped,Gin,30,Milliliter\n")
    headers = {**auth, "Content-Type": "application/octet-stream"}
    done = client.post(f"{V1}/recipes/import", content=archive.getvalue(), headers=headers)
    assert done.status_code == 200, done.text
    assert client.get(f"{V1}/recipes", params={"q": "zipped"}).json()["items"]
    # Everything else takes JSON alone.
    refused = client.post(f"{V1}/tags", content=b'{"name": "x"}', headers=headers)
    assert refused.status_code == 415


def test_exports_are_few_at_once(client: TestClient, site: Any) -> None:
    exports = client.app.state.services.exports  # type: ignore[attr-defined]
    releases = [exports.reserve() for _ in range(AT_ONCE)]
    refused = client.get(f"{V1}/recipes/export")
    assert refused.status_code == 503
    assert refused.headers["retry-after"]
    releases[0]()
    for _ in range(3):  # each gives its place back
        assert client.get(f"{V1}/recipes/export").status_code == 200
    site.database_path.unlink()
    for _ in range(3):  # an error does, too
        assert client.get(f"{V1}/recipes/export").status_code == 503
    assert exports.reserve()


def test_foreign_database_is_read_only(
    make_client: Callable[..., TestClient], auth: dict[str, str], real_db_path: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "real.db"
    shutil.copyfile(real_db_path, copy)
    client = make_client(db_path=copy)
    for what in ("recipes", "ingredients", "units", "tags", "ratings"):
        assert client.get(f"{V1}/{what}").status_code == 200
    assert client.get(f"{V1}/recipes", params={"q": "pina"}).json()["items"]
    refused = client.post(f"{V1}/tags", json={"name": "x"}, headers=auth)
    assert refused.status_code == 409
    assert "cocktaildb db migrate" in refused.json()["detail"]


text_values = st.text(max_size=12) | st.sampled_from(
    ["'", "';--", "%", "_", "\\", "\x00", "\ud800".encode("utf-8", "replace").decode(), "1 OR 1=1"]
)
numbers = st.integers() | st.integers(-2, 120)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    what=st.sampled_from(["recipes", "ingredients", "units", "tags", "ratings"]),
    params=st.dictionaries(
        st.sampled_from(
            ["q", "cursor", "limit", "ingredient", "any_ingredient", "not_ingredient", "have",
             "missing", "tag", "parent_id", "recipe_id"]
        ),
        text_values | numbers,
        max_size=4,
    ),
    body=st.dictionaries(
        st.sampled_from(["name", "parent_id", "ingredients", "tags", "rating", "conversion_to_ml"]),
        text_values | numbers | st.floats() | st.none() | st.lists(text_values, max_size=2),
        max_size=4,
    ),
    identifier=numbers | text_values,
)  # fmt: skip
def test_no_input_is_a_server_error(
    client: TestClient,
    auth: dict[str, str],
    what: str,
    params: dict[str, Any],
    body: dict[str, Any],
    identifier: Any,
) -> None:
    import json
    from urllib.parse import quote

    sent: dict[str, Any] = {
        "content": json.dumps(body),
        "headers": {**auth, "Content-Type": "application/json"},
    }
    one = f"{V1}/{what}/{quote(str(identifier), safe='')}"
    for response in (
        client.get(f"{V1}/{what}", params=params),
        client.get(one),
        client.put(one, **sent),
        client.post(f"{V1}/{what}", **sent),
        client.post(f"{V1}/recipes/import", **sent),
    ):
        assert response.status_code < 500, (response.request.url, response.text)


def test_half_surrogate_pair_is_rejected(client: TestClient, auth: dict[str, str]) -> None:
    headers = {**auth, "Content-Type": "application/json"}
    line = '{"ingredient": "\\ud800"}'
    for path, body in (
        ("recipes", '{"name": "\\ud800"}'),
        ("recipes", '{"name": "x", "\\ud800": 1}'),
        ("recipes/import", '{"\\ud800": [], "recipes": [{"name": "\\udfff"}]}'),
        ("recipes/import", f'{{"recipes": [{{"name": "x", "ingredients": [{line}]}}]}}'),
    ):
        response = client.post(f"{V1}/{path}", content=body, headers=headers)
        assert response.status_code in (400, 422), response.text
        assert response.headers["content-type"] == "application/problem+json"


def test_an_import_reads_any_file(client: TestClient, auth: dict[str, str]) -> None:
    text = "Cocktail;Zutat;Menge\nHaus Sour;Gin;6 cl\nHaus Sour;Zorbl;1 oz\nHaus Sour;Eis;\n"
    headers = {**auth, "Content-Type": "application/octet-stream"}
    names = {"mapping": '{"zorbl": "Campari", "Eis": null}', "dry_run": "true"}
    done = client.post(f"{V1}/recipes/import", content=text, headers=headers, params=names)
    assert done.status_code == 200, done.text
    report = done.json()
    assert (report["created"], report["unsorted"], report["dry_run"]) == (1, [], True)
    wrong = client.post(
        f"{V1}/recipes/import", content=text, headers=headers, params={"mapping": "[1]"}
    )
    assert wrong.status_code == 422
    assert [one["field"] for one in wrong.json()["errors"]] == ["mapping"]
    page = client.post(f"{V1}/recipes", content=text, headers=headers)
    assert page.status_code == 415
