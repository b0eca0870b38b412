"""Editing recipes through the page."""

from pathlib import Path

import httpx2
from playwright.sync_api import Dialog, Page, expect

from tests.pages.conftest import Served, Site, Visiting, serving


def _fill_row(page: Page, row: int, name: str, amount: str, unit: str = "Milliliter") -> None:
    line = page.locator(".line").nth(row)
    box = line.get_by_role("combobox", name="Ingredient")
    box.press_sequentially(name)
    line.get_by_role("option", name=name).first.wait_for()
    box.press("ArrowDown")
    box.press("Enter")
    expect(box).to_have_value(name)
    line.get_by_label("Amount").fill(amount)
    line.get_by_label("Unit").select_option(unit)


def test_new_recipe_appears_after_its_refresh(
    sample_site: Site, tmp_path: Path, visit: Visiting
) -> None:
    with serving(sample_site.copy(tmp_path / "site"), worker=True) as served:
        found = visit(served, "/recipes/new", writer=True)
        page = found.page
        page.get_by_label("Name", exact=True).fill("Test Bench Negroni")
        for row, name in enumerate(("Campari", "London Dry Gin", "Sweet Red Vermouth")):
            _fill_row(page, row, name, "30")
        page.get_by_label("Tags").fill("tested, stir")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Test Bench Negroni")
        expect(page.locator("#notice")).to_contain_text("update with the next refresh")
        # The page shows the relatives by itself once they are published.
        expect(page.locator("#similar .similar")).to_contain_text("Negroni", timeout=60_000)
        expect(page.locator("#notice")).to_contain_text("include your changes")
        found.complaints.clear()  # the page requested relatives before they existed
        expect(page.get_by_role("link", name="tested")).to_be_visible()
        found.goto("/complexity")
        expect(page.locator("#maps")).to_have_attribute("data-lit", "102")
        found.goto("/recipes?q=test%20bench")
        expect(page.locator("#results .recipe-card")).to_have_count(1)


def test_invalid_fields_are_marked_without_a_request(own_server: Served, visit: Visiting) -> None:
    page = visit(own_server, "/recipes/new", writer=True).page
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.method))
    line = page.locator(".line").first
    line.get_by_role("combobox", name="Ingredient").fill("no such thing")
    line.get_by_label("Amount").fill("a lot")
    page.get_by_label("Source URL").fill("javascript:alert(1)")
    page.get_by_role("button", name="Save").click()
    name = page.get_by_label("Name", exact=True)
    expect(name).to_be_focused()
    expect(name).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#name-error")).to_have_text("A recipe needs a name.")
    expect(line.locator(".field-error")).to_contain_text("Choose an ingredient")
    expect(line.locator(".field-error")).to_contain_text("Enter a number")
    expect(page.locator("#source_url-error")).to_contain_text("http://")
    assert "POST" not in sent
    name.press_sequentially("A")
    expect(page.locator("#name-error")).to_be_hidden()


def test_shows_the_servers_errors_at_their_fields(own_server: Served, visit: Visiting) -> None:
    found = visit(own_server, "/recipes/new", writer=True)
    page = found.page
    page.get_by_label("Name", exact=True).fill("Much Too Much")
    _fill_row(page, 0, "Campari", "30")
    # The second row that holds anything: empty rows in between are not sent.
    _fill_row(page, 2, "London Dry Gin", "9" * 40)
    page.get_by_role("button", name="Save").click()
    row = page.locator(".line").nth(2)
    expect(row.locator(".field-error")).to_be_visible()
    expect(row.get_by_label("Amount")).to_have_attribute("aria-invalid", "true")
    expect(row.get_by_label("Amount")).to_be_focused()
    assert found.axe() == []
    found.forgive("422")


def test_conflicting_edit_is_rejected(own_server: Served, visit: Visiting) -> None:
    found = visit(own_server, "/recipes/1/edit", writer=True)
    page = found.page
    current = httpx2.get(f"{own_server.url}/api/v1/recipes/1").json()
    theirs = {
        "name": "Their Name",
        "ingredients": [
            {key: line[key] for key in ("ingredient_id", "unit_id", "amount")}
            for line in current["ingredients"]
        ],
    }
    own_server.write("PUT", "recipes/1", theirs)
    page.get_by_label("Name", exact=True).fill("My Name")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#form-summary")).to_contain_text("This recipe was changed")
    found.forgive("412")
    assert httpx2.get(f"{own_server.url}/api/v1/recipes/1").json()["name"] == "Their Name"
    page.get_by_role("button", name="Load it here").click()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Their Name")
    page.get_by_label("Name", exact=True).fill("Our Name")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Our Name")


def test_warns_before_discarding_unsaved_changes(own_server: Served, visit: Visiting) -> None:
    found = visit(own_server, "/recipes/1/edit", writer=True)
    asked: list[str] = []

    def accept(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    found.page.on("dialog", accept)
    found.goto("/recipes")
    assert asked == []  # nothing written, nothing asked
    found.goto("/recipes/1/edit")
    found.page.get_by_label("Name", exact=True).press_sequentially(" II")
    found.goto("/recipes")
    assert asked == ["beforeunload"]


def test_rows_come_and_go_by_keyboard(own_server: Served, visit: Visiting) -> None:
    page = visit(own_server, "/recipes/new", writer=True).page
    expect(page.locator(".line")).to_have_count(3)
    page.get_by_role("button", name="Add an ingredient").press("Enter")
    expect(page.locator(".line").nth(3).get_by_role("combobox", name="Ingredient")).to_be_focused()
    page.get_by_role("button", name="Remove ingredient 4").press("Enter")
    expect(page.locator(".line")).to_have_count(3)
    expect(page.locator(".line").nth(2).get_by_role("combobox", name="Ingredient")).to_be_focused()


def test_wrong_token_keeps_the_form(own_server: Served, visit: Visiting) -> None:
    found = visit(own_server, "/recipes/new#token=not-the-token")
    page = found.page
    page.get_by_label("Name", exact=True).fill("Kept")
    page.get_by_role("button", name="Save").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("The token was not accepted")
    dialog.get_by_role("button", name="Cancel").click()
    expect(page.locator("#form-summary")).to_contain_text("Sign in with a token")
    expect(page.get_by_label("Name", exact=True)).to_have_value("Kept")
    found.forgive("401")
