"""One recipe."""

import pytest
from playwright.sync_api import expect

from tests.pages.conftest import PHONE, Served, Visiting


def _id(served: Served, name: str) -> int:
    import httpx2

    items = httpx2.get(f"{served.url}/api/v1/recipes", params={"q": name}).json()["items"]
    return int(next(item["id"] for item in items if item["name"] == name))


def test_shows_ingredients_and_relatives(sample_server: Served, visit: Visiting) -> None:
    import httpx2

    recipe = _id(sample_server, "Negroni")
    page = visit(sample_server, f"/recipes/{recipe}").page
    expect(page.get_by_role("heading", level=1)).to_have_text("Negroni")
    expect(page.locator(".ingredients tbody tr")).to_have_count(3)
    expect(page.locator(".ingredients tfoot")).to_contain_text("90 ml")
    widths = page.locator(".volume-bar span").evaluate_all(
        "bars => bars.map((bar) => Math.round(bar.getBoundingClientRect().width))"
    )
    assert len(set(widths)) == 1  # equal parts have equal bars
    assert widths[0] > 50

    similar = httpx2.get(f"{sample_server.url}/api/v1/analytics/recipe-similar/{recipe}").json()
    nearest = similar["data"]["similar"]
    assert page.locator(".similar > li summary .name").all_inner_texts() == [
        row["recipe_name"] for row in nearest
    ]
    # The first step of the published plan, word for word.
    published = nearest[0]["steps"][0]
    first = page.locator(".similar > li").first.locator(".step").first
    assert published["kind"] == "swap"
    assert first.locator("del").inner_text() == published["from"]
    assert first.locator("ins").inner_text() == published["to"]
    assert first.locator(".measure").inner_text() == published["measure"]
    for kept in nearest[0]["keep"]:
        expect(page.locator(".similar > li").first.locator(".plan-note")).to_contain_text(
            f"{kept['measure']} {kept['name']}"
        )
    expect(page.locator(".similar > li").first).to_contain_text(f"{nearest[0]['distance']:.2f}")
    expect(page.get_by_role("link", name="Show on the map")).to_have_attribute(
        "href", f"/?recipe={recipe}"
    )
    page.locator(".similar > li").nth(5).locator("summary").press("Enter")
    page.locator(".similar > li").nth(5).get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(nearest[5]["recipe_name"])


def test_readers_see_edit_but_not_delete(sample_server: Served, visit: Visiting) -> None:
    page = visit(sample_server, "/recipes/1").page
    expect(page.get_by_label("Drinks")).to_be_visible()
    expect(page.get_by_role("link", name="Edit")).to_be_visible()
    expect(page.get_by_role("button", name="Delete")).to_have_count(0)


def test_unknown_recipe_shows_not_found(sample_server: Served, visit: Visiting) -> None:
    found = visit(sample_server, "/recipes/987654")
    expect(found.page.get_by_role("heading", name="Page not found")).to_be_visible()
    expect(found.page.locator("main")).to_contain_text("987654")
    found.forgive("404")


def test_rates_and_deletes(own_server: Served, visit: Visiting) -> None:
    import httpx2

    found = visit(own_server, "/recipes/1", writer=True)
    page = found.page
    page.get_by_role("radio", name="4").check(force=True)
    expect(page.locator(".rating-line")).to_have_text("★ 4.0 of 5 from 1 rating")
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Keep it").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    page.wait_for_url("**/recipes")
    expect(page.locator("#notice")).to_contain_text("was deleted")
    assert httpx2.get(f"{own_server.url}/api/v1/recipes/1").status_code == 404


def test_new_recipe_has_no_relatives_yet(own_server: Served, visit: Visiting) -> None:
    line = {"ingredient_id": 4, "unit_id": 1, "amount": 30}
    made = own_server.write("POST", "recipes", {"name": "Since Then", "ingredients": [line]})
    found = visit(own_server, f"/recipes/{made['id']}")
    expect(found.page.locator("#similar")).to_contain_text("with the next refresh")
    found.forgive("404")


MENU_OF_20 = "/bar?view=menu" + "".join(f"&recipe={number}" for number in range(1, 21))


@pytest.mark.parametrize("path", ["/recipes/1", MENU_OF_20])
def test_prints_on_one_light_page(sample_server: Served, visit: Visiting, path: str) -> None:
    page = visit(sample_server, path, size=PHONE, scheme="dark").page
    expect(page.locator(".ingredients, #answer .recipe-card").first).to_be_visible()
    assert page.pdf(format="A4").count(b"/Type /Page\n") == 1
    page.emulate_media(media="print")
    expect(page.locator(".site-header")).to_be_hidden()
    ink = page.evaluate("getComputedStyle(document.body).color.match(/\\d+/g).map(Number)")
    assert max(ink[:3]) < 128  # dark ink, although the reader's screen is dark
