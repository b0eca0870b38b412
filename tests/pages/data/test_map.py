"""The map page: drawing, search, selection, list and links, by mouse and by keyboard."""

import io
import unicodedata
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from PIL import Image
from playwright.sync_api import Page

from api.charts.palette import GROUPS

from .conftest import PHONE, WIDE, Served, Site, Visit, Visiting, serving


def _atlas(served: Served) -> Any:
    return httpx.get(f"{served.url}/api/v1/analytics/atlas").json()["data"]


def _until(page: Page, condition: str) -> None:
    """Wait for a JavaScript condition; Playwright's own way needs eval, which the CSP bars."""
    page.evaluate(
        "new Promise((done, fail) => { const start = performance.now(); const look = () => "
        f"({condition}) ? done() : performance.now() - start > 8000 "
        "? fail(new Error('waited too long')) : requestAnimationFrame(look); look(); })"
    )


def _open(visit: Visiting, served: Served, path: str = "/", **options: Any) -> Visit:
    found: Visit = visit(served, path, **options)
    _until(found.page, "globalThis.atlas?.main.width > 0")
    found.page.evaluate(
        "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
    )
    return found


def _positions(found: Visit) -> dict[int, tuple[float, float]]:
    """Where each recipe is on the stage, in CSS pixels, by its id."""
    rows = found.page.evaluate(
        "atlas.main.members.map((i) => [atlas.model.recipes.id[i], ...atlas.main.position(i)])"
    )
    return {key: (x, y) for key, x, y in rows}


def _stage(found: Visit) -> tuple[float, float]:
    box = found.page.locator("#maps .stage").first.bounding_box()
    assert box is not None
    return box["x"], box["y"]


def test_is_accessible_without_console_messages(any_server: Served, visit: Visiting) -> None:
    found = _open(visit, any_server)
    found.page.locator("#recipe-table summary").click()
    assert found.axe() == []
    found.page.emulate_media(color_scheme="dark")
    assert found.axe() == []
    found.page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    assert found.axe() == []
    assert found.page.evaluate("document.documentElement.scrollWidth") == PHONE[0]
    found.page.emulate_media(color_scheme="light")
    assert found.axe() == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_webgl_draws_each_mark_in_its_groups_color(
    sample_server: Served, visit: Visiting, scheme: str
) -> None:
    found = _open(visit, sample_server, scheme=scheme)
    page = found.page
    assert page.evaluate("atlas.main.painter.constructor.name") == "WebglMarks"
    # The marks alone: names, which would lie over some, are another canvas.
    page.evaluate("atlas.main.words.hidden = true")
    shot = Image.open(io.BytesIO(page.locator("#maps .stage").first.screenshot())).convert("RGB")
    positions = _positions(found)
    recipes = _atlas(sample_server)["recipes"]
    solid = [
        (positions[key], GROUPS[group])
        for key, group in zip(recipes["id"], recipes["group"], strict=True)
        if GROUPS[group].shape != "ring"
        # A mark under another one has the other one's color.
        and all(
            abs(x - positions[key][0]) > 12 or abs(y - positions[key][1]) > 12
            for other, (x, y) in positions.items()
            if other != key
        )
    ]
    assert len(solid) > 30
    for (x, y), group in solid:
        wanted = getattr(group, scheme)
        got = shot.getpixel((round(x) + 1, round(y) + 1))  # beyond the stage's border of 1 px
        assert isinstance(got, tuple)
        off = max(abs(int(wanted[i : i + 2], 16) - got[i // 2]) for i in (1, 3, 5))
        assert off <= 30, (group.key, wanted, got)


def test_without_webgl_a_canvas_draws(sample_server: Served, visit: Visiting) -> None:
    found = visit(sample_server, "/status")
    found.page.context.add_init_script(
        "const get = HTMLCanvasElement.prototype.getContext;"
        "HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {"
        "  return kind === 'webgl2' ? null : get.call(this, kind, ...rest); };"
    )
    found.goto("/")
    _until(found.page, "globalThis.atlas?.main.painter.stamped > 50")


def _folded(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(char for char in decomposed if not unicodedata.combining(char)).lower()


@pytest.mark.parametrize("typed", ["cachaca", "CACHAÇA lime", "negroni", "no such drink"])
def test_search_finds_names_and_ingredients_without_accents(
    sample_server: Served, visit: Visiting, typed: str
) -> None:
    atlas = _atlas(sample_server)
    recipes, names = atlas["recipes"], atlas["names"]
    expected = {
        name
        for name, ingredients in zip(recipes["name"], recipes["ingredients"], strict=True)
        if all(
            word in _folded("\n".join([name, *(names[i] for i in ingredients)]))
            for word in _folded(typed).split()
        )
    }
    found = _open(visit, sample_server)
    found.page.get_by_label("Find a recipe or an ingredient").fill(typed)
    assert found.page.locator("#maps").get_attribute("data-lit") == str(len(expected))
    assert set(found.page.locator("#listing li").all_text_contents()) == expected
    assert ("No matches. Remove a filter" in found.page.locator("#search-status").inner_text()) == (
        not expected
    )
    lit = found.page.evaluate("atlas.model.recipes.name.filter((_, i) => atlas.model.lit[i])")
    assert set(lit) == expected


def test_url_restores_the_whole_state(sample_server: Served, visit: Visiting) -> None:
    found = _open(visit, sample_server)
    page = found.page
    page.get_by_label("Find a recipe or an ingredient").fill("lemon")
    page.get_by_role("button", name="Gin 25").click()
    page.get_by_role("radio", name="Manhattan").check()
    page.locator("#listing button").nth(2).click()
    page.get_by_role("button", name="Zoom in").first.click()
    _until(page, "new URLSearchParams(location.search).has('view')")
    look = (
        "[atlas.main.key, atlas.model.selected, atlas.model.order.length, "
        "[...atlas.model.chosen].join(), ...atlas.main.view.map((v) => v.toFixed(2))].join(' ')"
    )
    before = page.evaluate(look)
    address = page.url.removeprefix(sample_server.url)
    assert {"map=manhattan", "q=lemon", "groups=gin"} <= set(address[2:].split("&"))
    again = _open(visit, sample_server, address)
    assert again.page.evaluate(look) == before
    assert (
        again.page.locator("#selection h2").inner_text()
        == page.locator("#selection h2").inner_text()
    )


def test_keyboard_selects_and_opens_recipes(sample_server: Served, visit: Visiting) -> None:
    found = _open(visit, sample_server)
    page = found.page
    page.locator("#maps .over").first.focus()
    positions = _positions(found)
    seen = []
    for _ in range(3):
        page.keyboard.press("ArrowRight")
        seen.append(int(page.locator("#selection").get_attribute("data-recipe") or 0))
        name = page.locator("#selection h2").inner_text()
        assert page.locator("#announcer").inner_text().startswith(f"{name}, ")
    assert positions[seen[0]][0] < positions[seen[1]][0] < positions[seen[2]][0]
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/recipes/{seen[-1]}")


def test_the_lasso_lists_what_it_surrounds(sample_server: Served, visit: Visiting) -> None:
    found = _open(visit, sample_server)
    page = found.page
    left, top = _stage(found)
    positions = _positions(found)
    # From corner to corner of a rectangle around about a quarter of the recipes.
    x0, y0 = 40.0, 12.0
    x1 = sorted(x for x, _ in positions.values())[len(positions) // 2] + 0.5
    y1 = sorted(y for _, y in positions.values())[len(positions) // 2] + 0.5
    page.get_by_role("button", name="Lasso").first.click()
    page.mouse.move(left + x0, top + y0)
    page.mouse.down()
    for x, y in ((x1, y0), (x1, y1), (x0, y1)):
        page.mouse.move(left + x, top + y)
    page.mouse.up()
    start_x, start_y = x0 - 1, y0 - 1  # the stage's border
    atlas = _atlas(sample_server)["recipes"]
    names = dict(zip(atlas["id"], atlas["name"], strict=True))
    expected = {
        names[key]
        for key, (x, y) in positions.items()
        if start_x < x < x1 - 1 and start_y < y < y1 - 1
    }
    assert 5 < len(expected) < 80
    assert page.locator("#listing-title").inner_text() == "In the lasso"
    assert set(page.locator("#listing li").all_text_contents()) == expected
    page.get_by_role("button", name="Clear").click()
    assert page.locator("#listing-title").inner_text() == "In view"


def test_the_list_follows_the_view(sample_server: Served, visit: Visiting) -> None:
    found = _open(visit, sample_server)
    page = found.page
    page.locator("#maps .over").first.focus()
    assert page.locator("#listing-status").inner_text() == "101 recipes"
    for _ in range(3):
        page.keyboard.press("+")
    _until(page, "!document.getElementById('listing-status').textContent.startsWith('101 ')")
    size = page.evaluate("[atlas.main.width, atlas.main.height]")
    inside = [1 for x, y in _positions(found).values() if 0 <= x <= size[0] and 0 <= y <= size[1]]
    assert 0 < len(inside) < 101
    assert page.locator("#listing-status").inner_text().split()[0] == str(len(inside))


def test_pointing_shows_ingredients_and_a_click_chooses(
    sample_server: Served, visit: Visiting
) -> None:
    found = _open(visit, sample_server)
    page = found.page
    left, top = _stage(found)
    key = httpx.get(f"{sample_server.url}/api/v1/recipes?q=negroni").json()["items"][0]["id"]
    x, y = _positions(found)[key]
    page.mouse.move(left + 1 + x, top + 1 + y)
    card = page.locator("#maps .hover-card").first
    assert card.is_visible()
    shown = card.locator("strong").inner_text()
    page.mouse.click(left + 1 + x, top + 1 + y)
    assert page.locator("#selection h2").inner_text() == shown
    link = page.get_by_role("link", name="Open the recipe").get_attribute("href")
    assert link == f"/recipes/{page.locator('#selection').get_attribute('data-recipe')}"


def test_marks_animate_unless_motion_is_reduced(sample_server: Served, visit: Visiting) -> None:
    found = _open(visit, sample_server)
    page = found.page
    page.get_by_role("radio", name="Manhattan").check()
    assert page.evaluate("atlas.main.morph ?? 1") == 1
    page.emulate_media(reduced_motion="no-preference")
    page.get_by_role("radio", name="Learned").check()
    _until(page, "atlas.main.morph > 0.05 && atlas.main.morph < 0.95")
    _until(page, "atlas.main.morph === 1")
    page.get_by_role("radio", name="Side by side").check()
    assert page.locator("#maps .stage:visible").count() == 2
    titles = page.locator("#maps figcaption").all_inner_texts()
    assert titles == ["Manhattan", "Learned"]


def test_errors_of_scripts_are_shown(sample_server: Served, visit: Visiting) -> None:
    found = _open(visit, sample_server)
    banner = found.page.locator("#error-banner")
    assert banner.is_hidden()
    found.page.evaluate("setTimeout(() => { throw new Error('the shaker leaks'); })")
    found.page.evaluate("void Promise.reject(new Error('the ice melts'))")
    banner.get_by_text("the ice melts").wait_for()
    assert "the shaker leaks" in banner.inner_text()
    found.forgive("the shaker leaks")
    found.forgive("the ice melts")


def test_failed_script_load_is_shown(sample_server: Served, visit: Visiting) -> None:
    found = visit(sample_server, "/status")
    found.page.route("**/js/map.js", lambda route: route.abort())
    found.goto("/")
    found.page.locator("#error-banner").get_by_text("Not loaded").wait_for()
    found.forgive("ERR_FAILED")


def test_a_name_is_never_markup(sample_site: Site, tmp_path: Path, visit: Visiting) -> None:
    site = sample_site.copy(tmp_path / "site")
    name = "<img src=x onerror=\"document.title='taken over'\"><b>"
    with serving(site) as served:
        recipe = httpx.get(f"{served.url}/api/v1/recipes/1").json()
        lines = [
            {key: line[key] for key in ("ingredient_id", "unit_id", "amount")}
            for line in recipe["ingredients"]
        ]
        made = served.write("POST", "recipes", {"name": name, "ingredients": lines, "tags": []})
        site.refresh()
        found = _open(visit, served, f"/?recipe={made['id']}&q=onerror")
        page = found.page
        assert page.locator("#selection h2").inner_text() == name
        assert page.locator("#listing li").all_text_contents() == [name]
        left, top = _stage(found)
        x, y = _positions(found)[made["id"]]
        page.mouse.move(left + 1 + x, top + 1 + y)
        assert page.locator(".hover-card strong").first.inner_text() == name
        page.locator("#recipe-table summary").click()
        assert page.locator("main img").count() == 0
        assert "taken over" not in page.title()


def test_explains_that_no_snapshot_exists(own_server: Served, visit: Visiting) -> None:
    (own_server.site.directory / "analytics" / "current.json").unlink()
    found = visit(own_server, "/")
    found.page.get_by_text("There is no map yet").wait_for()
    assert found.axe() == []
    found.forgive("404")


def test_chosen_theme_persists(sample_server: Served, visit: Visiting) -> None:
    found = _open(visit, sample_server, size=WIDE)
    paper = "getComputedStyle(document.body).backgroundColor"
    light = found.page.evaluate(paper)
    found.page.get_by_role("button", name="Use dark colors").click()
    dark = found.page.evaluate(paper)
    assert dark != light
    found.goto("/status")
    assert found.page.evaluate(paper) == dark
