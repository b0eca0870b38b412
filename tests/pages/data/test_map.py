"""The map page: drawing, search, selection, list and links, by mouse and by keyboard."""

import csv
import io
import time
from pathlib import Path
from xml.etree import ElementTree

import httpx2 as httpx
import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.pages.conftest import PHONE, WIDE, Served, Site, Visiting, serving
from tests.pages.map_page import open_map, read_atlas, read_positions, stage_corner, wait_until


@pytest.mark.parametrize("size", [(1280, 800), PHONE])
def test_map_fills_the_first_screen(
    any_server: Served, visit: Visiting, size: tuple[int, int]
) -> None:
    found = open_map(visit, any_server, size=size)
    box = found.page.locator("#maps").bounding_box()
    assert box is not None
    assert box["y"] + box["height"] <= size[1]
    assert box["width"] * box["height"] >= 0.7 * size[0] * size[1]
    tools = found.page.locator(".map-tools > :visible").all()
    middles = {
        round(place["y"] + place["height"] / 2) for tool in tools if (place := tool.bounding_box())
    }
    assert len(tools) == (4 if size[0] > 1180 else 3)
    assert max(middles) - min(middles) <= 2  # one row


def test_side_by_side_maps_are_equally_wide(sample_server: Served, visit: Visiting) -> None:
    found = open_map(visit, sample_server, "/?map=both", size=(820, 1180))
    boxes = [stage.bounding_box() for stage in found.page.locator("#maps .stage").all()]
    widths = [box["width"] for box in boxes if box]
    assert len(widths) == 2
    assert abs(widths[0] - widths[1]) <= 1


_LABELS = """(() => {
  const map = atlas.main, reach = map.markRadius;
  const marks = map.members.map((i) => map.position(i));
  const distance = ([l, t, r, b], [x, y]) =>
    Math.hypot(Math.max(l - x, 0, x - r), Math.max(t - y, 0, y - b));
  return map.labels.map(({ name, box }) =>
    [name, Math.min(...marks.map((mark) => distance(box, mark))) - reach, ...box]);
})()"""


@pytest.mark.parametrize("size", [(1280, 800), PHONE])
@pytest.mark.parametrize("which", ["em", "manhattan"])
def test_region_names_cover_no_mark(
    any_server: Served, visit: Visiting, size: tuple[int, int], which: str
) -> None:
    found = open_map(visit, any_server, f"/?map={which}", size=size)
    seen: list[set[str]] = []
    for zoom in (1, 2, 4, 8):
        found.page.evaluate(
            f"atlas.main.view = [{zoom}, ...atlas.main.view.slice(1)], "
            "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )
        labels = found.page.evaluate(_LABELS)
        seen.append({name for name, *_ in labels})
        for name, gap, left, top, right, bottom in labels:
            assert gap >= 0, (zoom, name)
            assert left >= 0, name
            assert right <= size[0], name
            for other, _, x0, y0, x1, y1 in labels:
                apart = right <= x0 or x1 <= left or bottom <= y0 or y1 <= top
                assert apart or other == name, (name, other)
    assert len(seen[0]) >= 3
    assert any(names - seen[0] for names in seen[1:])  # finer names as one zooms in


def test_panel_lists_and_draws_the_true_nearest(any_server: Served, visit: Visiting) -> None:
    key = httpx.get(f"{any_server.url}/api/v1/recipes?q=negroni").json()["items"][0]["id"]
    similar = httpx.get(f"{any_server.url}/api/v1/analytics/recipe-similar/{key}").json()["data"]
    found = open_map(visit, any_server, f"/?recipe={key}")
    page = found.page
    nearest = [row["recipe_name"] for row in similar["similar"]][:6]
    assert page.locator("#selection .relatives button").all_inner_texts() == nearest
    distances = [f"{row['distance']:.2f}" for row in similar["similar"]][:6]
    assert page.locator("#selection .distance").all_inner_texts() == distances
    # A line to each: something is painted halfway, unless the halo of the selection is there.
    painted = page.evaluate(
        """(() => {
          const map = atlas.main, [x, y] = map.position(atlas.model.selected);
          const { width, height } = map.rings;
          const { data } = map.rings.getContext("2d").getImageData(0, 0, width, height);
          return atlas.model.nearest(atlas.model.selected).map(({ row }) => {
            const [a, b] = map.position(row);
            const [u, v] = [(x + a) / 2, (y + b) / 2].map((value) => Math.round(value * map.ratio));
            return data[4 * (v * width + u) + 3];
          });
        })()"""
    )
    assert len(painted) == 6
    assert all(alpha > 0 for alpha in painted)


def test_tap_on_a_phone_opens_the_sheet(sample_server: Served, visit: Visiting) -> None:
    found = open_map(visit, sample_server, size=PHONE)
    page = found.page
    assert page.locator("#panel").is_hidden()
    left, top = stage_corner(found)
    x, y = read_positions(found)[1]
    page.mouse.click(left + x, top + y)
    sheet = page.locator("#panel").bounding_box()
    assert sheet is not None
    assert sheet["y"] + sheet["height"] <= PHONE[1]  # seen without scrolling
    assert page.locator("#selection h2").is_visible()
    assert found.axe() == []
    # The options come to the top of the same sheet; closed, it leaves the whole map again.
    page.get_by_role("button", name="Options").click()
    shown = page.locator("#filter-card h2").bounding_box()
    assert shown is not None
    assert sheet["y"] <= shown["y"] < sheet["y"] + 60
    page.get_by_role("button", name="Close the filters").click()
    page.get_by_role("button", name="Clear selection").click()
    assert page.locator("#panel").is_hidden()
    assert page.evaluate("atlas.main.transform.toString()") == "translate(0,0) scale(1)"
    # A link to a recipe shows its mark above the sheet.
    lowest = max(read_positions(found).items(), key=lambda item: item[1][1])[0]
    found.goto(f"/map?recipe={lowest}")
    page.locator("#panel").wait_for()
    page.wait_for_function("atlas.main.width && atlas.main.covered.bottom")
    sheet = page.locator("#panel").bounding_box()
    assert sheet is not None
    assert stage_corner(found)[1] + read_positions(found)[lowest][1] < sheet["y"]


def test_slash_focuses_the_search(sample_server: Served, visit: Visiting) -> None:
    page = open_map(visit, sample_server).page
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "search"
    page.keyboard.type("gin/")
    assert page.locator("#search").input_value() == "gin/"


_QUERIES = ["cachaca", "CACHAÇA", "campari", "negroni", "negrono", "gin fizz", "no such drink"]


def _server_names(served: Served, typed: str) -> list[str]:
    """What the server's search finds, best first, by name."""
    recipes = read_atlas(served)["recipes"]
    names = dict(zip(recipes["id"], recipes["name"], strict=True))
    found = httpx.get(f"{served.url}/api/v1/recipes/ids", params={"q": typed}).json()["ids"]
    return [names[key] for key in found if key in names]


def test_search_ranks_as_the_server_does(sample_server: Served, visit: Visiting) -> None:
    found = open_map(visit, sample_server)
    page = found.page
    for typed in _QUERIES:
        expected = _server_names(sample_server, typed)
        with page.expect_response("**/recipes/ids?*"):
            page.get_by_label("Find a recipe or an ingredient").fill(typed)
        expect(page.locator("#maps")).to_have_attribute("data-lit", str(len(expected)))
        # Two searches may find as many: wait for this one's list.
        expect(page.locator("#listing li")).to_have_text(expected)
        assert page.locator("#listing li").all_text_contents() == expected
        assert page.locator("#no-matches").is_visible() == (not expected)
    assert len(_server_names(sample_server, "campari")) > 5  # recipes that hold it
    assert _server_names(sample_server, "negrono")[0] == "Negroni"


def test_search_without_a_server_ranks_alike(sample_server: Served, visit: Visiting) -> None:
    found = open_map(visit, sample_server)
    page = found.page
    page.route("**/recipes/ids?*", lambda route: route.abort())
    for typed in _QUERIES:
        expected = _server_names(sample_server, typed)
        with page.expect_event("requestfailed"):
            page.get_by_label("Find a recipe or an ingredient").fill(typed)
        expect(page.locator("#maps")).to_have_attribute("data-lit", str(len(expected)))
        assert page.locator("#listing li").all_text_contents() == expected, typed
    found.forgive("ERR_FAILED")


def test_url_restores_the_whole_state(sample_server: Served, visit: Visiting) -> None:
    found = open_map(visit, sample_server)
    page = found.page
    with page.expect_response("**/recipes/ids?*"):
        page.get_by_label("Find a recipe or an ingredient").fill("lemon")
    page.locator("#legend").get_by_role("button", name="Gin 25").click()
    page.get_by_role("radio", name="Manhattan").check()
    page.locator("#listing button").nth(2).click()
    page.get_by_role("button", name="Zoom in").first.click()
    wait_until(page, "new URLSearchParams(location.search).has('view')")
    look = (
        "[atlas.main.key, atlas.model.selected, atlas.model.order.length, "
        "[...atlas.model.filters.get('base')].join(), "
        "...atlas.main.view.map((v) => v.toFixed(2))].join(' ')"
    )
    before = page.evaluate(look)
    address = page.url.removeprefix(sample_server.url)
    assert {"map=manhattan", "q=lemon", "base=gin"} <= set(address[2:].split("&"))
    again = open_map(visit, sample_server, address)
    expect(again.page.locator("#listing-title")).to_have_text("Found")
    assert again.page.evaluate(look) == before
    assert (
        again.page.locator("#selection h2").inner_text()
        == page.locator("#selection h2").inner_text()
    )


def test_keyboard_selects_and_opens_recipes(sample_server: Served, visit: Visiting) -> None:
    found = open_map(visit, sample_server)
    page = found.page
    page.locator("#maps .over").first.focus()
    positions = read_positions(found)
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
    found = open_map(visit, sample_server)
    page = found.page
    left, top = stage_corner(found)
    positions = read_positions(found)
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
    atlas = read_atlas(sample_server)["recipes"]
    names = dict(zip(atlas["id"], atlas["name"], strict=True))
    expected = {names[key] for key, (x, y) in positions.items() if x0 < x < x1 and y0 < y < y1}
    assert 5 < len(expected) < 80
    assert page.locator("#listing-title").inner_text() == "In the lasso"
    assert set(page.locator("#listing li").all_text_contents()) == expected
    page.get_by_role("button", name="Clear").click()
    assert page.locator("#listing-title").inner_text() == "In view"


def test_the_list_follows_the_view(sample_server: Served, visit: Visiting) -> None:
    found = open_map(visit, sample_server)
    page = found.page
    page.get_by_role("button", name="List", exact=True).click()
    page.locator("#maps .over").first.focus()
    assert page.locator("#listing-status").inner_text() == "101 recipes"
    for _ in range(3):
        page.keyboard.press("+")
    wait_until(page, "!document.getElementById('listing-status').textContent.startsWith('101 ')")
    width, height = page.evaluate("[atlas.main.width, atlas.main.height]")

    def counts() -> tuple[int, int]:
        """Return how many recipes are listed, and how many in view."""
        listed = int(page.locator("#listing-status").inner_text().split()[0])
        at = read_positions(found).values()
        return listed, sum(0 <= x <= width and 0 <= y <= height for x, y in at)

    deadline = time.monotonic() + 10.0  # the view still moves, and the list follows it
    while len(set(counts())) > 1 and time.monotonic() < deadline:
        page.wait_for_timeout(50)
    listed, inside = counts()
    assert 0 < listed == inside < 101


def test_pointing_shows_ingredients_and_a_click_chooses(
    sample_server: Served, visit: Visiting
) -> None:
    found = open_map(visit, sample_server)
    page = found.page
    left, top = stage_corner(found)
    key = httpx.get(f"{sample_server.url}/api/v1/recipes?q=negroni").json()["items"][0]["id"]
    x, y = read_positions(found)[key]
    page.mouse.move(left + x, top + y)
    card = page.locator("#maps .hover-card").first
    assert card.is_visible()
    shown = card.locator("strong").inner_text()
    page.mouse.click(left + x, top + y)
    assert page.locator("#selection h2").inner_text() == shown
    link = page.get_by_role("link", name="Open the recipe").get_attribute("href")
    assert link == f"/recipes/{page.locator('#selection').get_attribute('data-recipe')}"


def test_each_field_colors_and_has_a_legend(any_server: Served, visit: Visiting) -> None:
    found = open_map(visit, any_server)
    page = found.page
    keys = page.locator("#color option").evaluate_all("(all) => all.map(({ value }) => value)")
    assert {"base", "strength", "ingredients", "neighborhood"} <= set(keys)
    for key in keys:
        page.locator("#color").select_option(key)
        used = page.evaluate("new Set(atlas.model.field.of).size")
        chips = page.locator("#legend .chip:not(.clear)")
        assert chips.count() == used >= 3
        # Each mark has its class's color: the counts of the legend are those of the classes.
        counts = [
            int(text.replace(",", "")) for text in page.locator("#legend .count").all_inner_texts()
        ]
        assert sum(counts) == page.evaluate("atlas.model.total")
    page.go_back()
    assert page.locator("#color").input_value() == keys[-2]


def test_histograms_filter_by_drag_and_keyboard(sample_server: Served, visit: Visiting) -> None:
    found = open_map(visit, sample_server, "/map?show=filters")
    page = found.page
    recipes = read_atlas(sample_server)["recipes"]
    sizes = [len(names) for names in recipes["ingredients"]]
    bins = page.get_by_role("group", name="Ingredients", exact=True).get_by_role("button")
    first, second = bins.nth(1), bins.nth(2)
    first.scroll_into_view_if_needed()
    first.hover()
    page.mouse.down()
    second.hover()
    page.mouse.up()
    low = min(sizes) + 1
    kept = sum(size in (low, low + 1) for size in sizes)
    expect(page.locator("#maps")).to_have_attribute("data-lit", str(kept))
    assert f"ingredients={low}%2C{low + 1}" in page.url
    # A second filter combines, and the first one's histogram counts what it keeps.
    strength = page.get_by_role("group", name="Strength", exact=True).get_by_role("button")
    strength.nth(3).focus()
    page.keyboard.press("Shift+ArrowRight")
    strong = [15 <= value < 25 for value in recipes["strength"]]
    both = sum(s in (low, low + 1) and ok for s, ok in zip(sizes, strong, strict=True))
    expect(page.locator("#maps")).to_have_attribute("data-lit", str(both))
    third = sum(size == low + 2 and ok for size, ok in zip(sizes, strong, strict=True))
    assert f": {third} of " in (bins.nth(3).get_attribute("aria-label") or "")
    page.keyboard.press("Escape")
    expect(page.locator("#maps")).to_have_attribute("data-lit", str(kept))
    page.get_by_role("button", name="Remove the filter Ingredients").click()
    expect(page.locator("#maps")).to_have_attribute("data-lit", str(len(sizes)))


def test_former_complexity_page_leads_here(sample_server: Served, visit: Visiting) -> None:
    found = visit(sample_server, "/complexity?size=4")
    sizes = [len(names) for names in read_atlas(sample_server)["recipes"]["ingredients"]]
    expect(found.page.locator("#maps")).to_have_attribute("data-lit", str(sizes.count(4)))
    assert found.page.locator("#color").input_value() == "ingredients"
    assert found.page.get_by_role("group", name="Ingredients", exact=True).is_visible()
    assert found.axe() == []


def test_a_filter_without_matches_can_be_removed(sample_server: Served, visit: Visiting) -> None:
    found = open_map(visit, sample_server, "/map?base=vodka&strength=0", size=PHONE)
    page = found.page
    nothing = page.locator("#no-matches")
    expect(nothing).to_contain_text("No matches. Remove a filter")
    assert found.axe() == []
    nothing.get_by_role("button", name="Base spirit").click()
    nothing.get_by_role("button", name="Strength").click()
    expect(nothing).to_be_hidden()
    assert "base" not in page.url


def test_shelf_glows_on_the_map(any_server: Served, visit: Visiting) -> None:
    api = f"{any_server.url}/api/v1"
    shelf = [
        httpx.get(f"{api}/ingredients", params={"q": name}).json()["items"][0]["id"]
        for name in ("gin", "campari", "sweet vermouth", "lemon juice")
    ]
    found = visit(any_server, "/status")
    found.page.evaluate(f"localStorage.setItem('shelf', '{shelf}')")
    found.goto("/bar")
    found.page.get_by_role("link", name="On the map").click()
    page = found.page
    now = httpx.get(f"{api}/analytics/bar/now", params={"have": shelf}).json()["recipes"]
    placed = set(read_atlas(any_server)["recipes"]["id"])
    expected = {one["recipe_id"] for one in now} & placed
    expect(page.locator(".reach.makeable")).to_have_text(f"{len(expected)} to make now")
    glowing = page.evaluate("atlas.model.recipes.id.filter((_, i) => atlas.model.reach[i] === 2)")
    assert set(glowing) == expected
    assert page.evaluate("atlas.model.reach.includes(1)")
    animation = "getComputedStyle(document.querySelector('.pulse')).animationName"
    assert page.evaluate(animation) == "none"
    page.emulate_media(reduced_motion="no-preference")
    assert page.evaluate(animation) == "pulse"
    assert found.axe() == []
    page.go_back()
    expect(page.get_by_role("link", name="On the map")).to_be_visible()


def test_view_and_recipes_can_be_saved(sample_server: Served, visit: Visiting) -> None:
    found = open_map(visit, sample_server, "/map?base=gin&color=strength")
    page = found.page

    def saved(name: str) -> bytes:
        page.locator("#export summary").click()
        with page.expect_download() as download:
            page.get_by_role("button", name=name).click()
        return Path(download.value.path()).read_bytes()

    root = ElementTree.fromstring(saved("SVG"))
    svg = "{http://www.w3.org/2000/svg}"
    uses = [use.get("href") for use in root.iter(f"{svg}use")]
    assert len(uses) >= page.evaluate("atlas.main.members.length")
    assert {one.get("id") for one in root.iter(f"{svg}path")} >= {
        str(use).removeprefix("#") for use in uses
    }
    assert "image" not in {one.tag.removeprefix(svg) for one in root.iter()}
    picture = Image.open(io.BytesIO(saved("PNG"))).convert("RGB")
    assert picture.width == 2 * page.evaluate("atlas.main.width")
    assert len(picture.getcolors(1 << 24) or ()) > 50
    rows = list(csv.DictReader(io.StringIO(saved("CSV").decode())))
    assert {row["base"] for row in rows} == {"Gin"}
    assert len(rows) == page.evaluate("atlas.model.order.length")


def test_errors_of_scripts_are_shown(sample_server: Served, visit: Visiting) -> None:
    found = open_map(visit, sample_server)
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
        found = open_map(visit, served, f"/?recipe={made['id']}&q=onerror")
        page = found.page
        assert page.locator("#selection h2").inner_text() == name
        assert page.locator("#listing li").all_text_contents() == [name]
        left, top = stage_corner(found)
        x, y = read_positions(found)[made["id"]]
        page.mouse.move(left + x, top + y)
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
    found = open_map(visit, sample_server, size=WIDE)
    paper = "getComputedStyle(document.body).backgroundColor"
    light = found.page.evaluate(paper)
    found.page.get_by_role("button", name="Use dark colors").click()
    dark = found.page.evaluate(paper)
    assert dark != light
    found.goto("/status")
    assert found.page.evaluate(paper) == dark


def test_crowded_maps_have_the_same_marks(sample_server: Served, visit: Visiting) -> None:
    page = open_map(visit, sample_server, "/?q=gin").page
    wait_until(page, "atlas.model.searching && atlas.model.order.length && !atlas.main.frame")
    inked, difference = page.evaluate(
        """(() => {
          const { main } = atlas;
          const { canvas } = main.painter;
          // On paper, because the colors of faint pixels are rounded.
          const [stamped, blended] = [false, true].map((dense) => {
            const map = Object.create(main, { dense: { value: dense } });
            main.painter.draw({ map, radius: 3, litRadius: 5 });
            const sheet = new OffscreenCanvas(canvas.width, canvas.height);
            const context = sheet.getContext("2d", { willReadFrequently: true });
            context.fillStyle = "white";
            context.fillRect(0, 0, sheet.width, sheet.height);
            context.drawImage(canvas, 0, 0);
            return context.getImageData(0, 0, sheet.width, sheet.height).data;
          });
          return [
            stamped.reduce((sum, value) => sum + (value < 200), 0),
            stamped.reduce((most, value, at) => Math.max(most, Math.abs(value - blended[at])), 0),
          ];
        })()"""
    )
    assert inked > 1000
    assert difference <= 4
