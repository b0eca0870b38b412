"""The explorer of substitutes."""

import httpx2
from playwright.sync_api import expect

from tests.pages.conftest import Served, Visiting


def _ingredient(served: Served, name: str) -> int:
    items = httpx2.get(f"{served.url}/api/v1/ingredients", params={"q": name}).json()["items"]
    return int(next(item["id"] for item in items if item["name"] == name))


def test_shows_evidence_and_follows_links(any_server: Served, visit: Visiting) -> None:
    campari = _ingredient(any_server, "Campari")
    found = visit(any_server, f"/substitutes?ingredient={campari}")
    page = found.page
    answer = httpx2.get(f"{any_server.url}/api/v1/analytics/ingredient-substitutes/{campari}")
    rows = answer.json()["data"]["substitutes"]
    assert rows
    shown = page.locator(".substitute")
    assert shown.locator(".name").all_inner_texts() == [row["ingredient_name"] for row in rows]
    assert shown.locator(".rating").all_inner_texts() == [row["rating"] for row in rows]
    pairs = [
        "by family alone"
        if not row["support"]
        else ("weak: " if row["weak"] else "")
        + f"{row['support']} {'pair' if row['support'] == 1 else 'pairs'} of recipes"
        for row in rows
    ]
    assert shown.locator(".support").all_inner_texts() == pairs

    shown.first.press("Enter")
    first = rows[0]
    expect(page.get_by_role("heading", level=2)).to_have_text(
        f"Substitutes for {first['ingredient_name']}"
    )
    expect(page.get_by_role("heading", level=2)).to_be_focused()
    assert page.url.endswith(f"?ingredient={first['ingredient_id']}&via={campari}")
    found.goto(page.url.removeprefix(any_server.url))
    page.locator("#trail").get_by_role("button").first.click()
    expect(page.get_by_role("heading", level=2)).to_contain_text(
        answer.json()["data"].get("answered_for", {}).get("ingredient_name", "Campari")
    )
    page.go_back()
    expect(page.get_by_role("heading", level=2)).to_contain_text(first["ingredient_name"])


def test_rolled_up_brand_shows_its_kind(real_server: Served, visit: Visiting) -> None:
    items = httpx2.get(f"{real_server.url}/api/v1/ingredients", params={"q": "allspice"}).json()[
        "items"
    ]
    leaf = next(item for item in items if item["allow_substitution"])
    page = visit(real_server, f"/substitutes?ingredient={leaf['id']}").page
    answer = httpx2.get(
        f"{real_server.url}/api/v1/analytics/ingredient-substitutes/{leaf['id']}"
    ).json()["data"]
    any_works = page.locator(".any-works")
    expect(any_works).to_contain_text(f"Any {answer['ingredient_name']} works")
    others = [name for name in answer["members"] if name != leaf["name"]]
    assert others
    expect(any_works).to_contain_text(others[0])
    expect(page.get_by_role("heading", level=2)).to_have_text(f"Substitutes for {leaf['name']}")


def test_says_that_there_is_no_good_substitute(sample_server: Served, visit: Visiting) -> None:
    egg_white = _ingredient(sample_server, "Egg White")
    page = visit(sample_server, f"/substitutes?ingredient={egg_white}").page
    expect(page.locator(".none")).to_have_text("The recipes show no good substitute.")
    expect(page.locator(".substitute")).to_have_count(0)


def test_a_family_offers_its_kinds(sample_server: Served, visit: Visiting) -> None:
    found = visit(sample_server, f"/substitutes?ingredient={_ingredient(sample_server, 'Spirits')}")
    page = found.page
    page.locator("#answer").get_by_role("link", name="Gin").first.click()
    expect(page.get_by_role("heading", name="Substitutes for Gin")).to_be_visible()
    expect(page.locator("#trail")).to_contain_text("Spirits")
    found.forgive("404")


def test_the_search_takes_the_first_suggestion_by_enter(
    sample_server: Served, visit: Visiting
) -> None:
    page = visit(sample_server, "/substitutes").page
    find = page.get_by_label("Ingredient to replace")
    find.press_sequentially("bourbon")
    page.get_by_role("option", name="Bourbon").wait_for()
    find.press("Enter")
    expect(page.get_by_role("heading", level=2)).to_have_text("Substitutes for Bourbon Whiskey")
