"""The histogram of complexity."""

import httpx2
from playwright.sync_api import expect

from .conftest import Served, Visiting


def test_columns_are_buttons_that_list_their_recipes(any_server: Served, visit: Visiting) -> None:
    data = httpx2.get(f"{any_server.url}/api/v1/analytics/recipe-complexity").json()["data"]
    sizes = {row["ingredient_count"]: row["recipe_count"] for row in data}
    found = visit(any_server, "/complexity")
    page = found.page
    columns = page.locator("#histogram [role=button]")
    assert columns.count() == len(sizes)
    columns.first.focus()
    page.keyboard.press("ArrowRight")
    size = sorted(sizes)[1]
    expect(columns.nth(1)).to_be_focused()
    page.keyboard.press("Enter")
    expect(columns.nth(1)).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#of-size-title")).to_have_text(
        f"{sizes[size]} recipes with {size} ingredients"
    )
    assert page.url.endswith(f"?size={size}")
    more = page.locator("#of-size-more")
    if more.is_visible():
        more.click()
    assert page.locator("#of-size a").count() == sizes[size]
    page.go_back()
    expect(page.locator("#of-size-section")).to_be_hidden()


def test_figures_are_also_in_a_table(sample_server: Served, visit: Visiting) -> None:
    page = visit(sample_server, "/complexity").page
    page.locator("#complexity-table summary").click()
    data = httpx2.get(f"{sample_server.url}/api/v1/analytics/recipe-complexity").json()["data"]
    assert page.locator("#complexity-table tbody tr").all_inner_texts() == [
        f"{row['ingredient_count']}\t{row['recipe_count']}" for row in data
    ]
