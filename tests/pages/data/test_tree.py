"""The ingredient tree."""

from playwright.sync_api import expect

from tests.pages.conftest import Served, Visiting


def test_keyboard_drills_in_and_out(sample_server: Served, visit: Visiting) -> None:
    page = visit(sample_server, "/tree").page
    block = page.locator("#treemap").get_by_role("button", name="Spirits: ")
    block.press("Enter")
    expect(page.locator("#tree-crumbs [aria-current]")).to_have_text("Spirits")
    expect(page.locator("#place h2")).to_have_text("Spirits")
    assert page.evaluate("document.activeElement.closest('#treemap') !== null")
    page.locator("#treemap").get_by_role("button", name="Gin: 27").press("Enter")
    expect(page.locator("#tree-crumbs [aria-current]")).to_have_text("Gin")
    expect(page.locator("#place")).to_contain_text("27 recipes: 20 directly")
    page.keyboard.press("Escape")
    expect(page.locator("#tree-crumbs [aria-current]")).to_have_text("Spirits")
    page.go_back()
    expect(page.locator("#tree-crumbs [aria-current]")).to_have_text("Gin")


def test_leaf_is_found_and_linked(sample_server: Served, visit: Visiting) -> None:
    found = visit(sample_server, "/tree")
    page = found.page
    find = page.get_by_label("Find an ingredient")
    find.press_sequentially("london")
    page.get_by_role("option", name="London Dry Gin").wait_for()
    find.press("ArrowDown")
    find.press("Enter")
    expect(page.locator("#place h2")).to_have_text("London Dry Gin")
    expect(page.locator("#treemap [aria-current]")).to_contain_text("London Dry Gin")
    found.goto(page.url.removeprefix(sample_server.url))
    expect(page.locator("#tree-crumbs [aria-current]")).to_have_text("Gin")
    expect(page.locator("#place h2")).to_have_text("London Dry Gin")
    page.locator("#place").get_by_role("link", name="Substitutes").click()
    expect(page.get_by_role("heading", name="Substitutes for London Dry Gin")).to_be_visible()


def test_list_has_every_ingredient(any_server: Served, visit: Visiting) -> None:
    import httpx2

    page = visit(any_server, "/tree").page
    tree = httpx2.get(f"{any_server.url}/api/v1/analytics/ingredient-tree").json()["data"]
    stack, nodes = [tree], -1
    while stack:
        stack.extend(stack.pop().get("children", []))
        nodes += 1
    page.locator("#tree-list summary").press("Enter")
    expect(page.locator("#tree-list li")).to_have_count(nodes)
