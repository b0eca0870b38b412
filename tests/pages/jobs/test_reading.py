"""Reading: a recipe for a round of guests, the map, the status, and figures to take away."""

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from .conftest import Window


@pytest.fixture
def recipe(window: Window) -> Any:
    found = window.api("recipes?q=negroni&limit=1")["items"][0]
    return window.api(f"recipes/{found['id']}")


def test_recipe_is_poured_in_any_unit_for_many(window: Window, recipe: Any) -> None:
    page = window.page
    window.goto(f"/recipes/{recipe['id']}")
    page.get_by_label("Amounts").select_option("ml")
    page.get_by_label("Drinks").fill("8")
    figures = page.locator(".ingredients .amount").all_inner_texts()
    assert all(text.endswith(" ml") for text in figures)
    total = sum(float(text.removesuffix(" ml").replace(",", "")) for text in figures)
    expect(page.locator(".ingredients tfoot .number")).to_have_text(f"{total:,g} ml")
    window.look("recipe")
    # The choice is kept, also for the measures of the relatives' plans.
    window.goto(f"/recipes/{recipe['id']}")
    expect(page.get_by_label("Amounts")).to_have_value("ml")
    assert not re.search(r"\d oz", page.locator("#similar").inner_text())
    # Edit is there before anybody has signed in.
    expect(page.get_by_role("link", name="Edit")).to_be_visible()


def test_map_shows_a_recipe_where_it_is_tapped(window: Window, recipe: Any) -> None:
    page = window.page
    window.goto("/map")
    found = window.api(f"recipes/ids?q={recipe['name']}")["ids"]
    page.get_by_label("Find a recipe or an ingredient").fill(recipe["name"])
    expect(page.locator("#maps")).to_have_attribute("data-lit", str(len(found)))
    x, y = page.evaluate(f"[...atlas.main.position(atlas.model.find({recipe['id']}))]")
    stage = page.locator("#maps .stage").first.bounding_box()
    assert stage is not None
    page.mouse.click(stage["x"] + x, stage["y"] + y)
    # Near marks may lie above each other: what was tapped is one of them.
    expect(page.locator("#selection h2")).to_be_in_viewport()
    assert int(page.url.split("recipe=")[1].split("&")[0]) in found
    window.look("map")


def test_status_says_up_to_date_and_figures_download(window: Window) -> None:
    page = window.page
    window.goto("/status")
    expect(page.locator("main")).to_contain_text("Up to date")
    window.look("status")
    window.goto("/downloads")
    window.look("downloads")
    with page.expect_download() as started:
        page.get_by_role("row", name="recipe-similar").get_by_role("link", name="CSV").click()
    assert "recipe" in started.value.path().read_text(encoding="utf-8").splitlines()[0]
