"""Names that are markup stay text on every page."""

from pathlib import Path

import pytest
from playwright.sync_api import expect
from sqlalchemy import text

from .conftest import Served, Site, Visiting, serving

HOSTILE = "<img src=x onerror=\"document.title='hacked'\"><b>"


@pytest.fixture(scope="module")
def hostile(sample_site: Site, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The sample with markup for names, written past the API, which is not the only way in."""
    site = sample_site.copy(tmp_path_factory.mktemp("hostile") / "site")
    with site.database.engine.begin() as connection:
        for table, where in (
            ("recipes", "id IN (1, 2)"),
            ("ingredients", "name IN ('Campari', 'Spirits', 'Cognac')"),
            ("tags", "id = 1"),
            ("units", "id = 1"),
        ):
            connection.execute(
                text(f"UPDATE {table} SET name = :name || id WHERE {where}"),
                {"name": HOSTILE},
            )
        connection.execute(
            text(
                "UPDATE recipes SET instructions = :name, description = :name, source = :name, "
                "source_url = 'javascript:document.title=1' WHERE id IN (1, 2)"
            ),
            {"name": HOSTILE},
        )
    site.refresh()
    return site


@pytest.mark.parametrize(
    "path",
    [
        "/recipes",
        "/recipes?ingredient={campari}&have={campari}",
        "/recipes/1",
        "/recipes/1/edit",
        "/ingredients",
        "/ingredients?parent_id={spirits}",
        "/complexity?size=3",
        "/tree",
        "/tree?ingredient={campari}",
        "/substitutes?ingredient={campari}",
    ],
)
def test_stays_text(hostile: Site, visit: Visiting, path: str) -> None:
    with hostile.database.engine.connect() as connection:
        find = text("SELECT id FROM ingredients WHERE name LIKE '<%' ORDER BY id")
        spirits, *_, campari = connection.execute(find).scalars()
    with serving(hostile) as served:
        found = visit(served, path.format(campari=campari, spirits=spirits), writer=True)
        page = found.page
        expect(page.locator("#main img, #main b, main b, main img")).to_have_count(0)
        assert "hacked" not in page.title()
        everything = page.evaluate(
            "document.querySelector('main').textContent + "
            "[...document.querySelectorAll('input, [aria-label]')]"
            ".map((node) => node.value + node.getAttribute('aria-label')).join()"
        )
        assert HOSTILE in everything
        assert page.locator("a[href^='javascript:']").count() == 0


def test_suggestions_stay_text(hostile: Site, visit: Visiting, tmp_path: Path) -> None:
    with serving(hostile) as served:
        found = visit(served, "/recipes")
        _suggestions(found.page, served)


def _suggestions(page: object, _served: Served) -> None:
    from playwright.sync_api import Page

    assert isinstance(page, Page)
    box = page.get_by_label("With all of", exact=True)
    box.press_sequentially("onerror")
    option = page.get_by_role("option").first
    expect(option).to_contain_text(HOSTILE)
    box.press("ArrowDown")
    box.press("Enter")
    expect(page.locator(".picked")).to_contain_text([HOSTILE])
    expect(page.locator("main img")).to_have_count(0)
