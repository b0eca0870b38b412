"""The analytics' pages are readable without JavaScript."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import URL

from api.db.database import Database
from api.db.migrations import upgrade
from api.http.app import create_app
from api.http.tree_index import TreeIndex
from api.pages import analytics_pages
from api.pages.plain_lists import map_groups, tree_rows
from api.pages.rendering import render
from api.settings import Settings

ANALYTICS = "/api/v1/analytics"


def plain(client: TestClient, path: str) -> str:
    """Return what a page says without JavaScript."""
    page = client.get(path, headers={"accept": "text/html"})
    assert page.status_code == 200
    return "".join(re.findall(r"<noscript>(.*?)</noscript>", page.text, re.DOTALL))


def ids(kind: str, html: str) -> list[int]:
    return [int(one) for one in re.findall(rf'href="/{kind}/(\d+)"', html)]


def text(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", "", html).split())


def test_tree_is_a_nested_list(sample_client: TestClient) -> None:
    html = plain(sample_client, "/tree")
    tree = sample_client.get(f"{ANALYTICS}/ingredient-tree").json()["data"]

    def below(node: dict[str, Any]) -> list[int]:
        children = node.get("children") or []
        return [one for child in children for one in (int(child["id"]), *below(child))]

    assert ids("ingredients", html) == below(tree)  # each once, kinds after their family
    assert html.count("<ul>") == html.count("</ul>") > 5
    assert html.count("<li>") == html.count("</li>")
    gin = next(one for one in tree["children"][0]["children"] if one["name"] == "Gin")
    counts = f"{gin['hierarchical_recipe_count']} recipes, {gin['recipe_count']} directly"
    assert f"Gin {counts}" in text(html)


def test_substitutes_have_an_index(
    sample_client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = sample_client.get(f"{ANALYTICS}/ingredient-substitutes?limit=100").json()
    records = records["data"]["items"]
    html = plain(sample_client, "/substitutes")
    assert sorted(ids("ingredients", html))[: len(records)] == [
        one["ingredient_id"] for one in records
    ]
    best = next(one for one in records if one["substitutes"])
    named = f"{best['ingredient_name']}: {best['substitutes'][0]['ingredient_name']}"
    assert named in text(html)
    # The rest is on further pages.
    monkeypatch.setattr(analytics_pages, "_LISTED", 5)
    last = records[4]["ingredient_id"]
    page = plain(sample_client, f"/substitutes?after={last}")
    assert sorted(ids("ingredients", page)) == [one["ingredient_id"] for one in records[5:10]]
    assert f'rel="next" href="/substitutes?after={records[9]["ingredient_id"]}"' in page


def test_substitutes_of_one_ingredient(sample_client: TestClient) -> None:
    path = f"{ANALYTICS}/ingredient-substitutes"
    page = sample_client.get(path).json()["data"]["items"]
    one = next(record for record in page if record["substitutes"])
    html = plain(sample_client, f"/substitutes?ingredient={one['ingredient_id']}")
    assert f"Substitutes for {one['ingredient_name']}" in text(html)
    for row in one["substitutes"]:
        assert f"{row['ingredient_name']}: {row['rating']}" in text(html)
    of_family = next(
        found
        for identifier in ids("ingredients", plain(sample_client, "/tree"))
        if "answered_for"
        in (found := sample_client.get(f"{path}/{identifier}").json().get("data", {}))
    )
    name = of_family["answered_for"]["ingredient_name"]
    html = plain(
        sample_client, f"/substitutes?ingredient={of_family['answered_for']['ingredient_id']}"
    )
    assert f"Substitutes for {name} It is too rare" in text(html)
    assert f"the substitutes for {of_family['ingredient_name']}." in text(html)
    unknown = plain(sample_client, "/substitutes?ingredient=999999")
    assert "Ingredient 999999 is not in the analytics." in unknown
    assert plain(sample_client, "/substitutes?ingredient=x") == plain(sample_client, "/substitutes")


def test_map_lists_recipes_by_neighborhood(sample_client: TestClient) -> None:
    atlas = sample_client.get(f"{ANALYTICS}/atlas").json()["data"]
    html = plain(sample_client, "/map")
    assert sorted(ids("recipes", html)) == sorted(atlas["recipes"]["id"])
    names = {one["name"] for one in atlas["maps"][1]["regions"] if one["level"] == 0}
    assert names
    headings = set(re.findall(r"<h3>(.*?)</h3>", html))
    assert headings <= names | {"Not on this map"}
    assert plain(sample_client, "/") == html


def test_small_maps_are_listed_by_base() -> None:
    groups = map_groups(
        {
            "groups": [{"label": "Gin"}, {"label": "Rum"}],
            "names": ["Gin", "Rum"],
            "recipes": {
                "id": [1, 2, 3],
                "name": ["A", "B", "C"],
                "group": [0, 1, 1],
                "ingredients": [[0], [1], [1, 0]],
            },
            "maps": [{"key": "em", "x": [0, 1, 1], "y": [0, 1, None], "regions": []}],
        },
        limit=2,
    )
    found = [(one.name, one.recipes) for one in groups]
    assert found == [("Gin", [(1, "A", ["Gin"])]), ("Rum", [(2, "B", ["Rum"])])]


def test_status_says_whether_it_is_current(sample_client: TestClient) -> None:
    said = text(plain(sample_client, "/status"))
    assert "Up to date" in said
    published = sample_client.get(f"{ANALYTICS}/status").json()["snapshot"]
    assert f"{published['counts']['cocktail_space_count']} recipes" in said
    assert published["created_at"][:4] in said


def test_unchanged_pages_are_not_sent_again(sample_client: TestClient) -> None:
    first = sample_client.get("/tree")
    again = sample_client.get("/tree", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_pages_without_a_snapshot_say_so(tmp_path: Path) -> None:
    database = Database(URL.create("sqlite", database=str(tmp_path / "cocktails.db")))
    upgrade(database.engine)
    database.dispose()
    settings = Settings(
        db_path=tmp_path / "cocktails.db",
        analytics_dir=tmp_path / "analytics",
        refresh_queue=tmp_path / "queue.db",
        rate_limit="off",
    )
    with TestClient(create_app(settings), base_url="http://localhost") as client:
        for path in ("/", "/map", "/tree", "/substitutes", "/substitutes?ingredient=1"):
            assert "Nothing has been computed yet." in plain(client, path)
        assert "Nothing yet" in plain(client, "/status")
        assert "The shelf needs JavaScript." in plain(client, "/bar")


def test_large_artifacts_lead_to_the_lists(
    sample_client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample_client.get("/map")
    monkeypatch.setattr(analytics_pages, "_MOST_BYTES", 10)
    loaded = sample_client.app.state.services.published.current()  # type: ignore[attr-defined]
    monkeypatch.setattr(loaded, "_rendered", type(loaded._rendered)())
    for path in ("/map", "/tree"):
        html = plain(sample_client, path)
        assert "There is too much to list on one page." in html
        assert "/all" in html


def test_deep_and_wide_trees_are_cut() -> None:
    deep: dict[str, Any] = {"id": "2000", "name": "<b>", "children": None}
    for identifier in range(1999, 0, -1):
        deep = {"id": str(identifier), "name": "<b>", "children": [deep]}
    wide = [{"id": str(one), "name": "w", "children": None} for one in range(3000, 3010)]

    def counted(node: dict[str, Any]) -> dict[str, Any]:
        return {**node, "recipe_count": 0, "hierarchical_recipe_count": 1}

    pending = [deep, *wide]
    while pending:
        node = pending.pop()
        node.update(counted(node))
        pending += node["children"] or []
    rows = tree_rows(TreeIndex({"children": [deep, *wide]}), 1500)
    assert len(rows) == 1500
    # The whole top level is there, however deep its first family is.
    assert [row.usage["ingredient_id"] for row in rows[-10:]] == list(range(3000, 3010))
    assert sum(row.opens for row in rows) == sum(row.closes for row in rows) == 1489
    html = render(
        "tree",
        reason=None,
        rows=rows,
        more=True,
        stale=None,
        computed=datetime(2026, 1, 2, tzinfo=UTC),
    )
    assert html.count("<li>") == html.count("</li>")
    assert "<b>" not in html
    assert "&lt;b&gt;" in html
