"""Nothing jumps while a page loads."""

from benchmarks.site_pages import SHIFTS, page_addresses

from .conftest import Window

#: Layout shift that web.dev calls good.
GOOD = 0.1


def test_no_page_jumps(window: Window) -> None:
    shifts = {}
    for page, address in page_addresses(window.served.url).items():
        window.page.goto(address)
        window.settle()
        shifts[page] = window.page.evaluate(SHIFTS)
    assert {page: shift for page, shift in shifts.items() if shift >= GOOD} == {}
    # The observer sees a jump where there is one.
    window.page.locator("main").evaluate("main => main.style.marginTop = '9rem'")
    assert window.page.evaluate(SHIFTS) > 0
