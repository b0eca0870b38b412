"""My bar: the shelf and the questions about it."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.pages.conftest import PHONE, TOKEN, WIDE, Served, Visiting

CARD = "#answer .recipe-card"
NEGRONI = ("Gin", "Campari", "Sweet Red Vermouth")


def _fill(page: Page, *names: str) -> None:
    box = page.get_by_label("Bottles", exact=True)
    for name in names:
        box.press_sequentially(name)
        page.locator("#shelf-list").get_by_role("option", name=name).first.click()
        expect(page.get_by_role("button", name=f"Remove {name}", exact=True)).to_be_visible()


@pytest.mark.parametrize("size", [WIDE, PHONE])
def test_shelf_answers_and_survives_a_visit(
    sample_server: Served, visit: Visiting, size: tuple[int, int]
) -> None:
    found = visit(sample_server, "/bar", size=size)
    page = found.page
    expect(page.get_by_text("Your shelf is empty")).to_be_visible()
    _fill(page, *NEGRONI)
    negroni = page.locator(CARD).filter(has=page.get_by_role("link", name="Negroni", exact=True))
    expect(negroni).to_be_visible()
    # The home page is now the bar; the map stays where it is.
    found.goto("/")
    page.wait_for_url("**/bar")
    expect(negroni).to_be_visible()
    found.goto("/map")
    expect(page.locator("main h1")).not_to_have_text("My bar")


def test_pasted_lists_report_unknown_bottles(sample_server: Served, visit: Visiting) -> None:
    page = visit(sample_server, "/bar").page
    page.get_by_text("Paste a list", exact=True).click()
    page.get_by_label("Bottles, one per line").fill(
        "1 btl. campari\n2 x Camapri\n\n- gin (750 ml)\nAperol 70cl\nzzzz unknown"
    )
    page.get_by_role("button", name="Add to the shelf").click()
    expect(page.locator("#paste-result")).to_have_text(
        "3 bottles added. Taken as: 2 x Camapri → Campari. Not found: zzzz unknown."
    )
    expect(page.get_by_role("button", name="Remove Campari")).to_be_visible()
    # A tab that was open before has the same shelf, so that neither undoes what the other did.
    other = page.context.new_page()
    other.goto(page.url)
    expect(other.get_by_role("button", name="Remove Gin")).to_be_visible()
    page.get_by_role("button", name="Remove Gin").click()
    expect(other.get_by_role("button", name="Remove Gin")).to_have_count(0)
    expect(other.get_by_role("button", name="Remove Campari")).to_be_visible()


def test_every_question_has_an_answer(sample_server: Served, visit: Visiting) -> None:
    page = visit(sample_server, "/bar").page
    page.keyboard.press("/")
    expect(page.get_by_label("Bottles", exact=True)).to_be_focused()
    _fill(page, *NEGRONI, "Aperol")
    page.get_by_label("Buy next").check()
    expect(page.get_by_role("heading", name="Shopping list, in order")).to_be_visible()
    page.locator("[value=without]").check()
    page.get_by_label("Empty bottle").select_option(label="Campari")
    expect(page.locator(CARD, has_text="Negroni").first).to_contain_text("Campari")
    page.get_by_label("Dead stock").check()
    expect(page.locator(CARD)).to_have_count(4)
    page.get_by_label("Menu check").check()
    page.get_by_label("Add a drink").press_sequentially("negroni")
    page.locator("#menu-add-list").get_by_role("option", name="Negroni").first.click()
    expect(page.get_by_role("heading", name="Gaps on the map")).to_be_visible()
    assert "recipe=" in page.url
    # Each question is a step back; the empty bottle is in its address.
    page.go_back()
    page.go_back()
    page.go_back()
    page.reload()
    expect(page.get_by_label("Empty bottle")).to_have_value(re.compile(r"\d"))
    expect(page.get_by_label("Empty bottle").locator(":checked")).to_have_text("Campari")


def test_menu_link_opens_the_same_menu(sample_server: Served, visit: Visiting) -> None:
    page = visit(sample_server, "/bar?view=menu&recipe=1&recipe=2").page
    expect(page.locator("#bar-status")).to_have_text("2 drinks on the menu")


def test_signed_in_devices_share_one_shelf(own_server: Served, visit: Visiting) -> None:
    first = visit(own_server, "/bar")
    _fill(first.page, "Gin")  # before the sign-in
    second = visit(own_server, "/bar", writer=True)
    _fill(second.page, "Campari")
    second.settle()
    first.goto(f"/?x#token={TOKEN}")
    first.goto("/bar")
    remove = first.page.get_by_role("button", name="Remove Campari")
    expect(remove).to_be_visible()
    expect(first.page.get_by_role("button", name="Remove Gin")).to_be_visible()
    remove.click()
    first.settle()
    second.goto("/bar")
    expect(second.page.get_by_role("button", name="Remove Gin")).to_be_visible()
    expect(second.page.get_by_role("button", name="Remove Campari")).to_have_count(0)
    # A phone that signs in for the first time goes to the bar.
    phone = visit(own_server, "/", size=PHONE, writer=True).page
    phone.wait_for_url("**/bar")
    expect(phone.locator("#shelf-count")).to_have_text("1 bottle")
