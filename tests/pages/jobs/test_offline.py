"""Reading the last snapshot without a connection."""

import time

from playwright.sync_api import expect

from .conftest import Window

IS_KEPT = """async () => {
  const names = (await caches.keys()).filter((name) => name.startsWith("snapshot-"));
  return names.length === 1 && names[0] !== "snapshot-former"
    && Boolean(await caches.match("/api/v1/analytics/atlas"));
}"""


def test_last_snapshot_is_readable_offline(window: Window) -> None:
    page = window.page
    recipe = window.api("recipes?q=negroni&limit=1")["items"][0]
    window.goto("/map")
    # The cache of a former snapshot goes when the worker has kept this one.
    page.evaluate("caches.open('snapshot-former')")
    deadline = time.monotonic() + 60
    while not page.evaluate(IS_KEPT):
        assert time.monotonic() < deadline, page.evaluate("caches.keys()")
        page.wait_for_timeout(200)
    window.goto(f"/recipes/{recipe['id']}")
    lines = page.locator(".ingredients tbody tr").all_inner_texts()
    page.context.set_offline(True)
    page.reload()
    window.settle()
    expect(page.locator(".offline-note")).to_be_visible()
    expect(page.locator(".amount-tools select")).to_be_visible()
    assert page.locator(".ingredients tbody tr").all_inner_texts() == lines
    window.complaints.clear()  # the browser reports what it could not reach
    page.goto(f"{window.served.url}/map?recipe={recipe['id']}")
    expect(page.locator("#selection h2")).to_have_text(recipe["name"])
    window.complaints.clear()
    window.look("offline")
    # A page without a copy is the map, and says so.
    page.goto(f"{window.served.url}/recipes/{recipe['id'] + 10_000_000}")
    expect(page.locator(".offline-note")).to_contain_text("was not kept")
    window.complaints.clear()
    # What belongs to a user is not kept.
    assert page.evaluate("caches.match('/api/v1/shelf')") is None
    page.context.set_offline(False)
