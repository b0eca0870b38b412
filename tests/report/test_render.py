"""The report: one file, safe with any name, the same for the same input."""

import copy
import html.parser
import re
from typing import Any

import pytest

from api.analysis.base_spirit import base_spirit
from api.report.render import render_report

TREE: dict[str, Any] = {
    "id": "root",
    "name": "All Ingredients",
    "recipe_count": 0,
    "hierarchical_recipe_count": 2,
    "children": [
        {
            "id": "1",
            "name": "Spirits",
            "edge_weight": 1.0,
            "recipe_count": 0,
            "hierarchical_recipe_count": 2,
            "children": [
                {
                    "id": "2",
                    "name": "Whiskey",
                    "edge_weight": 1.0,
                    "recipe_count": 0,
                    "hierarchical_recipe_count": 1,
                    "children": [
                        {
                            "id": "3",
                            "name": "Bourbon",
                            "edge_weight": 1.0,
                            "recipe_count": 1,
                            "hierarchical_recipe_count": 1,
                        }
                    ],
                },
                {
                    "id": "4",
                    "name": "Cachaça",
                    "edge_weight": 1.0,
                    "recipe_count": 1,
                    "hierarchical_recipe_count": 1,
                },
            ],
        },
        {
            "id": "5",
            "name": "Lime Juice",
            "edge_weight": 1.0,
            "recipe_count": 1,
            "hierarchical_recipe_count": 1,
        },
    ],
}
POINTS = [
    {
        "recipe_id": 1,
        "recipe_name": "Old Fashioned",
        "x": 0.0,
        "y": 1.0,
        "ingredients": ["Bourbon"],
    },
    {
        "recipe_id": 2,
        "recipe_name": "Caipirinha",
        "x": 1.0,
        "y": 0.0,
        "ingredients": ["Cachaça", "Lime Juice"],
    },
]
ARTIFACTS: dict[str, Any] = {
    "ingredient-usage": [
        {
            "ingredient_id": 1,
            "ingredient_name": "Spirits",
            "path": "/1/",
            "parent_id": None,
            "direct_usage": 0,
            "hierarchical_usage": 2,
            "has_children": True,
        }
    ],
    "recipe-complexity": [{"ingredient_count": 1, "recipe_count": 1}],
    "cocktail-space": POINTS,
    "cocktail-space-em": POINTS,
    "ingredient-tree": TREE,
}
MANIFEST: dict[str, Any] = {
    "snapshot_id": "20260102T030405.000006Z-0123abcd",
    "created_at": "2026-01-02T03:04:05.000006Z",
    "schema_version": 1,
    "database_fingerprint": "f" * 64,
    "counts": {"cocktail_space_count": 2},
}
EMPTY: dict[str, Any] = {
    "ingredient-usage": [],
    "recipe-complexity": [],
    "cocktail-space": [],
    "cocktail-space-em": [],
    "ingredient-tree": {
        "id": "root",
        "name": "All Ingredients",
        "recipe_count": 0,
        "hierarchical_recipe_count": 0,
        "children": [],
    },
}


class _Elements(html.parser.HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def test_page_names_title_and_snapshot() -> None:
    page = render_report(ARTIFACTS, MANIFEST, title="The bar's atlas")
    assert "The bar&#39;s atlas" in page or "The bar's atlas" in page
    assert MANIFEST["snapshot_id"] in page
    assert "Old Fashioned" in page


def test_same_input_same_page() -> None:
    assert render_report(copy.deepcopy(ARTIFACTS), dict(MANIFEST)) == render_report(
        ARTIFACTS, MANIFEST
    )


def test_does_not_change_its_input() -> None:
    before = copy.deepcopy(ARTIFACTS)
    render_report(ARTIFACTS, MANIFEST)
    assert before == ARTIFACTS


def test_makes_no_network_request() -> None:
    page = render_report(ARTIFACTS, MANIFEST)
    for tag, attributes in _Elements(page).tags:
        for name in ("src", "href", "action", "poster", "srcset"):
            value = attributes.get(name) or ""
            assert value.startswith(("#", "data:")) or not value, (tag, value)
    assert not re.search(r"url\(\s*['\"]?(https?:)?//", page)
    assert "@import" not in page


def test_empty_database_renders() -> None:
    page = render_report(EMPTY, {})
    assert page.startswith("<!DOCTYPE html>")
    assert len(page) > 1000


@pytest.mark.parametrize(
    "name",
    [
        "</script><script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "{{ 7*7 }}",
        "\u2028'\"",
    ],
)
def test_a_name_is_never_markup(name: str) -> None:
    def with_name(chosen: str) -> str:
        artifacts = copy.deepcopy(ARTIFACTS)
        for space in ("cocktail-space", "cocktail-space-em"):
            artifacts[space][0]["recipe_name"] = chosen
            artifacts[space][0]["ingredients"] = [chosen]
        artifacts["ingredient-usage"][0]["ingredient_name"] = chosen
        artifacts["ingredient-tree"]["children"][1]["name"] = chosen
        return render_report(artifacts, MANIFEST, title=chosen)

    hostile, harmless = (_Elements(with_name(chosen)).tags for chosen in (name, "harmless"))
    assert [tag for tag, _ in hostile] == [tag for tag, _ in harmless]


@pytest.mark.parametrize(
    ("ingredients", "expected"),
    [
        (["Bourbon", "Lime Juice"], "whiskey"),
        (["Lime Juice", "Bourbon"], "whiskey"),
        (["Cachaça"], "rum"),
    ],
)
def test_base_spirit_comes_from_the_tree(ingredients: list[str], expected: str) -> None:
    assert base_spirit(ingredients, TREE) == expected


def test_without_a_spirit_there_is_another_group() -> None:
    groups = {base_spirit(["Lime Juice"], TREE), base_spirit([], TREE)}
    assert groups.isdisjoint({"whiskey", "rum", "gin"})
