"""The search for recipes."""

from playwright.sync_api import expect

from tests.pages.conftest import PHONE, Served, Visiting

CARD = "#results .recipe-card"


def test_finds_a_name_without_its_accents(sample_server: Served, visit: Visiting) -> None:
    page = visit(sample_server, "/recipes").page
    page.get_by_label("Name", exact=True).fill("pina")
    expect(page.locator(CARD)).to_have_count(1)
    expect(page.locator(CARD)).to_contain_text("Piña Colada")
    assert page.url.endswith("/recipes?q=pina")


def test_first_rows_come_with_the_page(sample_server: Served, visit: Visiting) -> None:
    found = visit(sample_server, "/downloads")
    page, asked = found.page, []
    page.on("request", lambda sent: asked.append(sent.url))
    found.goto("/recipes?q=campari")
    rows = page.locator(CARD)
    served = rows.all_inner_texts()
    assert any("Negroni" in text for text in served)
    assert not [url for url in asked if "/api/v1/recipes?" in url]
    # The script draws the same cards.
    page.evaluate("dispatchEvent(new PopStateEvent('popstate'))")
    with page.expect_response("**/api/v1/recipes?*"):
        page.get_by_label("Name", exact=True).fill("campari ")
    found.settle()
    assert rows.all_inner_texts() == served


def test_ingredient_filters_work_by_keyboard_and_url(
    sample_server: Served, visit: Visiting
) -> None:
    found = visit(sample_server, "/recipes")
    page = found.page
    box = page.get_by_label("With all of", exact=True)
    box.press_sequentially("campa")
    expect(box).to_have_attribute("aria-expanded", "true")
    box.press("ArrowDown")
    expect(page.locator("#pick-ingredient-option-0")).to_have_attribute("aria-selected", "true")
    assert box.get_attribute("aria-activedescendant") == "pick-ingredient-option-0"
    box.press("Enter")
    expect(page.get_by_role("button", name="Remove Campari")).to_be_visible()
    expect(page.locator(CARD, has_text="Negroni")).to_be_visible()
    with_campari = page.locator(CARD).count()

    without = page.get_by_label("Without", exact=True)
    without.press_sequentially("gin")
    page.locator("#pick-not_ingredient-list").get_by_role("option").filter(
        has_text="with its kinds"
    ).first.click()
    expect(page.locator(CARD, has_text="Negroni")).to_have_count(0)
    assert 0 < page.locator(CARD).count() < with_campari

    found.goto(page.url.removeprefix(sample_server.url))
    expect(page.get_by_role("button", name="Remove Campari")).to_be_visible()
    expect(page.locator(CARD, has_text="Americano")).to_be_visible()
    expect(page.locator(CARD, has_text="Negroni")).to_have_count(0)
    page.get_by_role("button", name="Clear all").click()
    expect(page.locator(CARD)).to_have_count(30)
    page.go_back()
    expect(page.locator(CARD, has_text="Negroni")).to_have_count(0)
    expect(page.locator(CARD, has_text="Americano")).to_be_visible()


def test_suggestions_close_and_report_no_match(sample_server: Served, visit: Visiting) -> None:
    page = visit(sample_server, "/recipes").page
    box = page.get_by_label("With any of", exact=True)
    box.press_sequentially("rum")
    expect(page.locator("#pick-any_ingredient-list")).to_be_visible()
    box.press("Escape")
    expect(page.locator("#pick-any_ingredient-list")).to_be_hidden()
    box.fill("xyzzy")
    expect(page.get_by_text("No matches for “xyzzy”.").first).to_be_visible()


def test_lists_what_can_be_made(sample_server: Served, visit: Visiting) -> None:
    page = visit(sample_server, "/recipes").page
    page.get_by_label("What can I make?").check()
    box = page.get_by_label("Your bottles", exact=True)
    for name in ("Campari", "Sweet Red Vermouth", "Soda Water"):
        box.press_sequentially(name)
        page.locator("#pick-have-list").get_by_role("option").first.wait_for()
        box.press("Enter")
        expect(page.get_by_role("button", name=f"Remove {name}")).to_be_visible()
    americano = page.locator(CARD, has_text="Americano")
    expect(americano).to_contain_text("Nothing missing")
    page.get_by_label("Missing ingredients allowed").select_option("1")
    negroni = page.locator(CARD).filter(has=page.get_by_role("link", name="Negroni", exact=True))
    expect(negroni).to_contain_text("1 missing: Gin")
    assert "missing=1" in page.url


def test_empty_search_can_be_cleared(sample_server: Served, visit: Visiting) -> None:
    page = visit(sample_server, "/recipes?q=nosuchdrink").page
    page.get_by_role("button", name="Clear the search").click()
    expect(page.locator(CARD)).to_have_count(30)


def test_show_more_loads_every_page(sample_server: Served, visit: Visiting) -> None:
    page = visit(sample_server, "/recipes", size=PHONE).page
    more = page.get_by_role("button", name="Show more")
    for shown in (60, 90, 101):
        more.click()
        expect(page.locator(CARD)).to_have_count(shown)
    expect(more).to_be_hidden()
    names = page.locator(f"{CARD} h3").all_inner_texts()
    assert len(set(names)) == 101
    # Focus is on the first new item.
    assert page.evaluate("document.activeElement.textContent") == names[90]


def test_tags_narrow_the_search(sample_server: Served, visit: Visiting) -> None:
    page = visit(sample_server, "/recipes").page
    chip = page.locator("#tags").get_by_role("button", name="blend")
    chip.click()
    expect(chip).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#results-status")).not_to_contain_text("more below")
    assert "tag=blend" in page.url
    for card in page.locator(CARD).all():
        expect(card).to_contain_text("blend")


def test_unreachable_server_offers_a_retry(sample_server: Served, visit: Visiting) -> None:
    found = visit(sample_server, "/recipes")
    page = found.page
    page.route("**/api/v1/recipes?*", lambda route: route.abort())
    page.get_by_label("Name", exact=True).fill("negroni")
    page.locator("#results-message").get_by_role("alert").wait_for()
    found.forgive("ERR_FAILED")
    page.unroute("**/api/v1/recipes?*")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(CARD).first).to_contain_text("Negroni")
