"""Names that are markup stay text on every page."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect
from sqlalchemy import text

from tests.pages.conftest import Served, Site, Visiting, serving

HOSTILE = '<img src=x onerror="window.hacked=1"><b>'


@pytest.fixture(scope="module")
def hostile(sample_site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
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
    with serving(site) as served:
        yield served


@pytest.mark.parametrize(
    "path",
    [
        "/recipes",
        "/recipes?ingredient={campari}&have={campari}",
        "/recipes/1",
        "/recipes/1/edit",
        "/ingredients",
        "/ingredients?parent_id={spirits}",
        "/map?show=filters&color=neighborhood",
        "/tree",
        "/tree?ingredient={campari}",
        "/substitutes?ingredient={campari}",
    ],
)
def test_stays_text(hostile: Served, visit: Visiting, path: str) -> None:
    with hostile.site.database.engine.connect() as connection:
        find = text("SELECT name, id FROM ingredients WHERE name LIKE '<%' ORDER BY id")
        (_, spirits), *_, (_, campari) = connection.execute(find).all()
    found = visit(hostile, path.format(campari=campari, spirits=spirits), writer=True)
    page = found.page
    expect(page.locator("#main img, #main b, main b, main img")).to_have_count(0)
    assert page.evaluate("window.hacked === undefined")
    everything = page.evaluate(
        "document.querySelector('main').textContent + "
        "[...document.querySelectorAll('input, [aria-label]')]"
        ".map((node) => node.value + node.getAttribute('aria-label')).join()"
    )
    assert HOSTILE in everything
    assert page.locator("a[href^='javascript:']").count() == 0


def test_suggestions_stay_text(hostile: Served, visit: Visiting) -> None:
    page = visit(hostile, "/recipes").page
    box = page.get_by_label("With all of", exact=True)
    box.press_sequentially("onerror")
    option = page.get_by_role("option").first
    expect(option).to_contain_text(HOSTILE)
    box.press("ArrowDown")
    box.press("Enter")
    expect(page.locator(".picked")).to_contain_text([HOSTILE])
    expect(page.locator("main img")).to_have_count(0)
