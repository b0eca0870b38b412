"""Nothing jumps while a page loads, and no page is wider than a small phone."""

import pytest

from api.pages.router import PAGES

from .conftest import Window

#: Layout shift that web.dev calls good.
GOOD = 0.1
MORE = [
    "/recipes/{recipe}",
    "/recipes?have={ingredient}&missing=3",
    "/ingredients/{ingredient}",
    "/substitutes?ingredient={ingredient}",
    "/bar?view=menu&recipe={recipe}",
    "/map?recipe={recipe}&show=filters",
    "/api-docs",
]
#: The sum of the shifts so far; those of a reader's own actions do not count.
SHIFTS = """async () => {
  let sum = 0;
  new PerformanceObserver((list) => {
    for (const { value, hadRecentInput } of list.getEntries()) if (!hadRecentInput) sum += value;
  }).observe({ type: "layout-shift", buffered: true });
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50)));
  return sum;
}"""


@pytest.fixture
def paths(window: Window) -> list[str]:
    """The address of every page."""
    recipe = window.api("recipes?q=negroni&limit=1")["items"][0]["id"]
    ingredient = window.api("ingredients?q=campari&limit=1")["items"][0]["id"]
    pages = [path.replace("{recipe_id:row_id}", "{recipe}") for path in PAGES]
    return [path.format(recipe=recipe, ingredient=ingredient) for path in (*pages, *MORE)]


def test_no_page_jumps_or_is_too_wide(window: Window, paths: list[str]) -> None:
    shifts, too_wide = {}, {}
    size = window.page.viewport_size
    assert size is not None
    for path in paths:
        window.goto(path)
        shifts[path] = window.page.evaluate(SHIFTS)
        window.page.set_viewport_size({"width": 320, "height": 640})
        too_wide[path] = window.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        window.page.set_viewport_size(size)
    assert {path: shift for path, shift in shifts.items() if shift >= GOOD} == {}
    assert {path: pixels for path, pixels in too_wide.items() if pixels > 0} == {}
    # The observer sees a jump where there is one.
    window.page.evaluate(
        "document.body.prepend(Object.assign(document.createElement('div'),"
        " {innerHTML: '<br>'.repeat(9)}))"
    )
    assert window.page.evaluate(SHIFTS) > 0
