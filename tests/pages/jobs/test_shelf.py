"""The shelf: what it makes, what to buy, what replaces a bottle, what sits unused, and a menu."""

import csv
import io
import re
from typing import Any
from urllib.parse import unquote

import pytest
from playwright.sync_api import Page, expect

from .conftest import Window

CARD = "#answer .recipe-card"


@pytest.fixture
def recipe(window: Window) -> Any:
    """A recipe of several bottles that either database has."""
    found = window.api("recipes?q=negroni&limit=1")["items"][0]
    return window.api(f"recipes/{found['id']}")


def _fill(window: Window, *names: str) -> Page:
    """Paste bottles; every one must be found."""
    window.goto("/bar")
    page = window.page
    page.get_by_text("Paste a list", exact=True).click()
    page.get_by_label("Bottles, one per line").fill("\n".join(names))
    page.get_by_role("button", name="Add to the shelf").click()
    expect(page.locator("#paste-result")).to_contain_text("added.")
    if window.name == "phone":  # the answer takes the place of a complete shelf
        expect(page.locator("#shelf-picker")).to_be_hidden()
    expect(page.locator(".picked li")).to_have_count(len(set(names)))
    window.settle()
    return page


def _bottles(recipe: Any) -> list[str]:
    return [line["ingredient_name"] for line in recipe["ingredients"]]


def _query(ids: list[int]) -> str:
    return "&".join(f"have={one}" for one in ids)


def _question(page: Page, value: str) -> None:
    page.locator(f"[name=view][value={value}]").check(force=True)
    expect(page.locator("#answer .skeleton")).to_have_count(0)


def test_pasted_bottles_make_their_drink(window: Window, recipe: Any) -> None:
    page = _fill(window, *_bottles(recipe))
    card = page.locator(CARD).get_by_role("link", name=recipe["name"], exact=True)
    expect(card).to_be_visible()
    page.get_by_label("Sort by").select_option("similarity")
    page.get_by_label("A drink you like").press_sequentially(recipe["name"][:12])
    page.locator("#like-list").get_by_role("option", name=recipe["name"]).first.click()
    # Nothing is nearer to a drink than itself.
    expect(page.locator(CARD).first).to_contain_text(recipe["name"])
    window.look("now")


def test_any_of_a_kind_makes_more_drinks(window: Window) -> None:
    # A shelf of the bottles of ever more recipes, until a kind would make more of them.
    have: dict[int, str] = {}
    for found in window.api("recipes?q=gin&limit=30")["items"]:
        lines = window.api(f"recipes/{found['id']}")["ingredients"]
        have |= {line["ingredient_id"]: line["ingredient_name"] for line in lines}
        if window.api(f"analytics/bar/next?{_query(list(have))}")["kinds"]:
            break
    page = _fill(window, *have.values())
    made = len(window.api(f"analytics/bar/now?{_query(list(have))}")["recipes"])
    expect(page.locator(CARD)).to_have_count(made)
    offer = page.locator("#kinds .chip").first
    gained = int(re.findall(r"\+(\d+)", offer.inner_text())[0])
    offer.click()
    expect(page.locator(CARD)).to_have_count(made + gained)


def test_next_bottle_is_a_chart_and_a_map(window: Window, recipe: Any) -> None:
    page = _fill(window, *_bottles(recipe))
    _question(page, "next")
    expect(page.get_by_role("heading", name="Shopping list, in order")).to_be_visible()
    counts = [int(text) for text in page.locator(".unlock .count").all_inner_texts()]
    assert counts[3:] == sorted(counts[3:], reverse=True)
    widths = page.locator(".unlock .bar").evaluate_all(
        "bars => bars.map((bar) => bar.getBoundingClientRect().width)"
    )
    # Bars are as long as their counts are large.
    assert widths[0] / widths[-1] == pytest.approx(counts[0] / counts[-1], rel=0.05)
    window.look("next")
    window.goto("/map?bar=1")
    expect(page.locator("#bar-toggle")).to_have_attribute("aria-pressed", "true")
    window.look("next-map")


def test_empty_bottle_has_a_fix_in_bar_measures(window: Window, recipe: Any) -> None:
    bottles = [line["ingredient_id"] for line in recipe["ingredients"]]
    ingredient = recipe["ingredients"][0]
    swaps = window.api(f"analytics/ingredient-substitutes/{bottles[0]}")["data"]["substitutes"]
    spare = next(one for one in swaps if one["ingredient_id"] not in bottles)
    page = _fill(window, *_bottles(recipe), spare["ingredient_name"])
    _question(page, "without")
    page.get_by_label("Empty bottle").select_option(label=ingredient["ingredient_name"])
    fix = page.locator(CARD).filter(has=page.get_by_role("link", name=recipe["name"], exact=True))
    expect(fix).to_contain_text(f"instead of {ingredient['ingredient_name']}")
    page.get_by_label("Amounts").select_option("ml")
    expect(fix.locator(".swap-line")).to_have_text(re.compile(r"^Pour [\d.]+ ml "))
    window.look("without")


def test_dead_stock_names_what_would_use_it(window: Window, recipe: Any) -> None:
    shelf = _bottles(recipe)
    have = [line["ingredient_id"] for line in recipe["ingredients"]]

    def serves_nothing(one: Any) -> bool:
        found = window.api(f"analytics/bar/stock?{_query([*have, one['id']])}")["bottles"][0]
        return bool(found["ingredient_id"] == one["id"] and found["serves"] == 0)

    bottles = window.api("ingredients?limit=100")["items"]
    other = next(
        one["name"]
        for one in bottles
        if one["recipe_count"] and one["id"] not in have and serves_nothing(one)
    )
    page = _fill(window, *shelf, other)
    _question(page, "stock")
    expect(page.locator(CARD)).to_have_count(len(shelf) + 1)
    unused = page.locator(f"{CARD}.unused")
    expect(unused).to_have_count(1)
    expect(unused).to_contain_text("would use it; needs")
    window.look("stock")


def test_menu_has_card_file_and_link(window: Window, recipe: Any) -> None:
    page = _fill(window, *_bottles(recipe))
    _question(page, "menu")
    for name in (recipe["name"], "daiquiri"):
        page.get_by_label("Add a drink").press_sequentially(name)
        page.locator("#menu-add-list").get_by_role("option").first.click()
        window.settle()
    expect(page.locator("#bar-status")).to_have_text("2 drinks on the menu")
    card = page.locator(CARD).first.locator(".contents-line")
    with_amounts = card.inner_text()
    assert re.search(r"\d\S* \S+ ", with_amounts.replace("\u00a0", " "))
    page.get_by_label("Card shows").select_option("names")
    expect(card).to_have_text(", ".join(_bottles(recipe)))
    link = page.get_by_role("link", name="CSV")
    address = link.get_attribute("href") or ""
    rows = list(csv.DictReader(io.StringIO(unquote(address.split(",", 1)[1]), newline="")))
    assert [row["ingredient"] for row in rows[: len(_bottles(recipe))]] == _bottles(recipe)
    assert rows[0]["link"] == f"{window.served.url}/recipes/{recipe['id']}"
    window.look("menu")
    shared = page.url
    page.evaluate("localStorage.clear()")
    page.goto("about:blank")
    page.goto(shared)
    expect(page.locator("#bar-status")).to_have_text("2 drinks on the menu")
