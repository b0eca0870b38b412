"""The map as a browser with WebGL draws it: its colors, its motion, and what it falls back to."""

import io
from collections.abc import Iterator

import pytest
from PIL import Image
from playwright.sync_api import Browser

from api.charts.palette import GROUPS
from tests.pages.conftest import PHONE, Served, Visiting, launched
from tests.pages.map_page import open_map, read_atlas, read_positions, wait_until


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser with WebGL on the processor (SwiftShader): there is no graphics card."""
    # Debian turns GPU rasterization on; without a graphics card the processor does it twice.
    switches = "--use-angle=swiftshader --enable-unsafe-swiftshader --disable-gpu-rasterization"
    with launched(*switches.split()) as browser:
        yield browser


def test_is_accessible_without_console_messages(any_server: Served, visit: Visiting) -> None:
    found = open_map(visit, any_server)
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
    found = open_map(visit, sample_server, scheme=scheme)
    page = found.page
    assert page.evaluate("atlas.main.painter.constructor.name") == "WebglMarks"
    # The marks alone: names, which would lie over some, are another canvas.
    page.evaluate("atlas.main.words.hidden = true")
    shot = Image.open(io.BytesIO(page.locator("#maps .stage").first.screenshot())).convert("RGB")
    positions = read_positions(found)
    recipes = read_atlas(sample_server)["recipes"]
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
        got = shot.getpixel((round(x), round(y)))
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
    wait_until(found.page, "globalThis.atlas?.main.painter.stamped > 50")


def test_marks_animate_unless_motion_is_reduced(sample_server: Served, visit: Visiting) -> None:
    found = open_map(visit, sample_server)
    page = found.page
    page.get_by_role("radio", name="Manhattan").check()
    assert page.evaluate("atlas.main.morph ?? 1") == 1
    page.emulate_media(reduced_motion="no-preference")
    page.evaluate(
        "globalThis.morphs = []; const draw = atlas.main.draw.bind(atlas.main);"
        "atlas.main.draw = () => { morphs.push(atlas.main.morph ?? 0); draw(); };"
    )
    page.get_by_role("radio", name="Learned").check()
    wait_until(page, "morphs.length > 0 && atlas.main.morph === 1")
    seen = page.evaluate("morphs")
    assert any(0 < value < 1 for value in seen)
    assert seen == sorted(seen)
    page.get_by_role("radio", name="Side by side").check()
    assert page.locator("#maps .stage:visible").count() == 2
    titles = page.locator("#maps figcaption").all_inner_texts()
    assert titles == ["Manhattan", "Learned"]
