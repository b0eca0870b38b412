"""Every page: no console output, accessible at both widths and in both themes, never too wide."""

import pytest
from playwright.sync_api import expect

from tests.pages.conftest import PHONE, Served, Visit, Visiting

NARROW = (320, 640)
# Each with an element that appears when it has loaded.
PAGES = {
    "recipes": ("/recipes", "#results .recipe-card"),
    "make": ("/recipes?have={ingredient}&missing=3", "#pick-have"),
    "recipe": ("/recipes/{recipe}", ".similar .step"),
    "import": ("/recipes/import", "#import-form"),
    "new": ("/recipes/new", "#recipe-form .line"),
    "edit": ("/recipes/{recipe}/edit", "#recipe-form .line"),
    "ingredients": ("/ingredients", "#usage-bars .bar"),
    "filters": ("/map?show=filters&color=strength", "#histograms .bin"),
    "tree": ("/tree", "#treemap button"),
    "substitutes": ("/substitutes?ingredient={ingredient}", ".substitute"),
    "substitutes-start": ("/substitutes", "#answer .chip"),
    "bar": ("/bar", "#answer .empty"),
    "bar-menu": ("/bar?view=menu&recipe={recipe}", "#answer .menu-tools"),
    "all": ("/recipes/all", ".recipe-list a"),
    "phone": ("/phone", "#warning code"),
    "api-docs": ("/api-docs", ".api-docs details"),
    "downloads": ("/downloads", ".downloads a"),
    "ingredient": ("/ingredients/{ingredient}", "main h1"),
    "status": ("/status", ".verdict"),
    "map": ("/map?recipe={recipe}", "#selection h2"),
}


@pytest.mark.parametrize("name", PAGES)
def test_is_accessible_without_console_messages(
    any_server: Served, visit: Visiting, name: str
) -> None:
    path, sign = PAGES[name]
    found = visit(any_server, path.format(**_ids(any_server)))
    found.page.locator(sign).first.wait_for()
    assert _faults(found) == []
    found.page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    found.page.emulate_media(color_scheme="dark")
    found.settle()
    assert _faults(found) == []
    assert found.page.locator("h1").count() == 1
    found.page.set_viewport_size({"width": NARROW[0], "height": NARROW[1]})
    found.settle()
    assert _too_wide(found) <= 0


def _too_wide(found: Visit) -> int:
    return int(found.page.evaluate("document.documentElement.scrollWidth - innerWidth"))


def _faults(found: Visit) -> list[str]:
    wide = _too_wide(found)
    return found.axe() + ([f"{wide} px too wide"] if wide > 0 else [])


def _ids(served: Served) -> dict[str, int]:
    """A recipe and an ingredient that either database has."""
    import httpx2

    def first(path: str) -> int:
        return int(httpx2.get(f"{served.url}/api/v1/{path}").json()["items"][0]["id"])

    return {"recipe": first("recipes?q=negroni"), "ingredient": first("ingredients?q=campari")}


@pytest.mark.parametrize(
    "path", ["/recipes/1", "/ingredients", "/tree", "/substitutes?ingredient=4"]
)
def test_explains_that_no_snapshot_exists(
    sample_site: object, own_server: Served, visit: Visiting, path: str
) -> None:
    for entry in sorted((own_server.site.directory / "analytics").rglob("*"), reverse=True):
        if entry.is_file():
            entry.unlink()
    found = visit(own_server, path)
    found.page.get_by_text("Nothing has been computed yet").wait_for()
    # The next step is a link; the API's words for programs are not shown.
    expect(found.page.get_by_role("link", name="Open the status page")).to_be_visible()
    expect(found.page.locator("main")).not_to_contain_text("POST")
    found.forgive("404")


@pytest.mark.parametrize("path", ["/recipes/1", "/ingredients", "/tree"])
def test_marks_what_is_stale(own_server: Served, visit: Visiting, path: str) -> None:
    line = {"ingredient_id": 4, "unit_id": 1, "amount": 30}
    own_server.write("POST", "recipes", {"name": "Since Then", "ingredients": [line]})
    found = visit(own_server, path)
    found.page.get_by_text("Recipes have changed since this was computed").wait_for()
