"""The map page for tests: opened, waited for, and where its marks are."""

from typing import Any

import httpx2 as httpx
from playwright.sync_api import Page

from tests.pages.conftest import Served, Visit, Visiting


def read_atlas(served: Served) -> Any:
    return httpx.get(f"{served.url}/api/v1/analytics/atlas").json()["data"]


def wait_until(page: Page, condition: str) -> None:
    """Wait for a JavaScript condition; Playwright's own way needs eval, which the CSP bars."""
    page.evaluate(
        "new Promise((done, fail) => { const start = performance.now(); const look = () => "
        f"({condition}) ? done() : performance.now() - start > 30000 "
        "? fail(new Error('waited too long')) : requestAnimationFrame(look); look(); })"
    )


def open_map(visit: Visiting, served: Served, path: str = "/", **options: Any) -> Visit:
    found: Visit = visit(served, path, **options)
    wait_until(found.page, "globalThis.atlas?.main.width > 0")
    found.page.evaluate(
        "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
    )
    return found


def read_positions(found: Visit) -> dict[int, tuple[float, float]]:
    """Where each recipe is on the stage, in CSS pixels, by its id."""
    rows = found.page.evaluate(
        "atlas.main.members.map((i) => [atlas.model.recipes.id[i], ...atlas.main.position(i)])"
    )
    return {key: (x, y) for key, x, y in rows}


def stage_corner(found: Visit) -> tuple[float, float]:
    box = found.page.locator("#maps .stage").first.bounding_box()
    assert box is not None
    return box["x"], box["y"]
