"""The explorer of substitutes."""

import httpx2
from playwright.sync_api import expect

from .conftest import Served, Visiting


def _ingredient(served: Served, name: str) -> int:
    items = httpx2.get(f"{served.url}/api/v1/ingredients", params={"q": name}).json()["items"]
    return int(next(item["id"] for item in items if item["name"] == name))


def test_shows_evidence_and_follows_links(any_server: Served, visit: Visiting) -> None:
    campari = _ingredient(any_server, "Campari")
    found = visit(any_server, f"/substitutes?ingredient={campari}")
    page = found.page
    answer = httpx2.get(f"{any_server.url}/api/v1/analytics/ingredient-substitutes/{campari}")
    rows = answer.json()["data"]["substitutes"]
    ordered = [row for row in rows if not row["weak"]] + [row for row in rows if row["weak"]]
    shown = page.locator(".substitute")
    assert shown.locator(".name").all_inner_texts() == [row["ingredient_name"] for row in ordered]
    assert shown.locator(".cost").all_text_contents() == [
        f"cost {row['cost']:.3f}" for row in ordered
    ]
    weak = page.locator(".weak .support").all_inner_texts()
    assert len(weak) == sum(row["weak"] for row in rows)
    assert all(text.startswith("weak: ") for text in weak)

    shown.first.press("Enter")
    first = ordered[0]
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
    expect(page.locator(".rolled-up")).to_contain_text(leaf["name"])
    answer = httpx2.get(
        f"{real_server.url}/api/v1/analytics/ingredient-substitutes/{leaf['id']}"
    ).json()["data"]
    expect(page.locator(".rolled-up")).to_contain_text(
        f"These are substitutes for {answer['ingredient_name']}."
    )


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
