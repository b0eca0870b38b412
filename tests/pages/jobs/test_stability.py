"""Nothing jumps while a page loads."""

import pytest

from .conftest import Window

#: Layout shift that web.dev calls good.
GOOD = 0.1
PAGES = [
    "/map",
    "/map?recipe={recipe}&show=filters",
    "/bar",
    "/bar?view=menu&recipe={recipe}",
    "/recipes",
    "/recipes?have={ingredient}&missing=3",
    "/recipes/new",
    "/recipes/import",
    "/recipes/{recipe}",
    "/recipes/{recipe}/edit",
    "/ingredients",
    "/ingredients/{ingredient}",
    "/tree",
    "/substitutes?ingredient={ingredient}",
    "/status",
    "/downloads",
    "/phone",
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
    return [path.format(recipe=recipe, ingredient=ingredient) for path in PAGES]


def test_no_page_jumps(window: Window, paths: list[str]) -> None:
    shifts = {}
    for path in paths:
        window.goto(path)
        shifts[path] = window.page.evaluate(SHIFTS)
    assert {path: shift for path, shift in shifts.items() if shift >= GOOD} == {}
    # The observer sees a jump where there is one.
    window.page.locator("main").evaluate("main => main.style.marginTop = '9rem'")
    assert window.page.evaluate(SHIFTS) > 0
