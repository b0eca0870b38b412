"""Usage of ingredients."""

import httpx2
from playwright.sync_api import expect

from tests.pages.conftest import Served, Visiting


def test_drills_down_into_published_usage(any_server: Served, visit: Visiting) -> None:
    found = visit(any_server, "/ingredients")
    page = found.page
    usage = httpx2.get(f"{any_server.url}/api/v1/analytics/ingredient-usage").json()["data"]
    usage.sort(key=lambda row: -row["hierarchical_usage"])
    counts = page.locator("#usage-bars .row .count").all_inner_texts()
    assert [int(text) for text in counts] == [row["hierarchical_usage"] for row in usage][:12]

    family = next(row for row in usage if row["has_children"])
    page.get_by_role("button", name=f"{family['ingredient_name']}:").press("Enter")
    assert page.url.endswith(f"?parent_id={family['ingredient_id']}")
    expect(page.locator("#usage-crumbs [aria-current]")).to_have_text(family["ingredient_name"])
    below = httpx2.get(
        f"{any_server.url}/api/v1/analytics/ingredient-usage",
        params={"parent_id": family["ingredient_id"]},
    ).json()["data"]
    details = page.locator("#usage-table")
    details.locator("summary").press("Enter")
    rows = details.locator("tbody tr").all_inner_texts()
    assert {tuple(row.split("\t")[:3]) for row in rows} == {
        (row["ingredient_name"], str(row["hierarchical_usage"]), str(row["direct_usage"]))
        for row in below
    }
    page.go_back()
    expect(page.locator("#usage-crumbs [aria-current]")).to_have_text("All ingredients")
    found.goto(f"/ingredients?parent_id={family['ingredient_id']}")
    expect(page.locator("#usage-crumbs [aria-current]")).to_have_text(family["ingredient_name"])
    page.locator("#usage-crumbs").get_by_role("button", name="All ingredients").click()
    assert page.url.endswith("/ingredients")


def test_enter_takes_what_was_typed(any_server: Served, visit: Visiting) -> None:
    page = visit(any_server, "/ingredients").page
    # No pause: Enter comes before the suggestions.
    page.get_by_label("Find an ingredient").fill("gin")
    page.get_by_label("Find an ingredient").press("Enter")
    expect(page.locator("#usage-crumbs [aria-current]")).to_have_text("Gin")
    assert "parent_id=" in page.url
    box = page.get_by_label("Find an ingredient")
    box.fill("campari")
    page.locator("#find-list").get_by_role("option").first.wait_for()
    box.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Campari")


def test_bars_link_to_recipes(sample_server: Served, visit: Visiting) -> None:
    page = visit(sample_server, "/ingredients").page
    page.get_by_role("link", name="Recipes with Spirits").click()
    expect(page.get_by_role("button", name="Remove Spirits")).to_be_visible()
    expect(page.locator("#results .recipe-card").first).to_be_visible()
