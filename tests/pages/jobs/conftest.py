"""One browser window a width, shared by the jobs; it must log nothing and request nothing else."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page
from sqlalchemy import URL

from api.db.database import Database
from api.db.migrations import upgrade
from tests.conftest import REAL_DB
from tests.pages.conftest import (
    PATIENCE,
    PHONE,
    TOKEN,
    WIDE,
    Served,
    Site,
    Visit,
    listen,
    serving,
)

SIZES = {"wide": WIDE, "phone": PHONE}
CONTRAST = {"runOnly": {"type": "rule", "values": ["color-contrast"]}}


@dataclass
class Window(Visit):
    """A browser window of one width, on one server."""

    name: str = ""

    def api(self, path: str) -> Any:
        return httpx2.get(f"{self.served.url}/api/v1/{path}").raise_for_status().json()

    def look(self, job: str) -> None:
        """Check the page as it is now, light and dark.

        Set ``SCREENSHOTS`` to a directory to keep what it looks like.
        """
        wide = "document.documentElement.scrollWidth - innerWidth"
        for scheme in ("light", "dark"):
            self.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            # The whole of axe once a width; colors in both schemes.
            whole = (scheme == "light") == (self.name == "wide")
            found = Axe().run(self.page, options=None if whole else CONTRAST)
            assert [rule["id"] for rule in found.response["violations"]] == [], (
                found.generate_report()
            )
            assert self.page.evaluate(wide) <= 0
            if directory := os.environ.get("SCREENSHOTS"):
                self.page.screenshot(path=Path(directory) / f"{job}-{self.name}-{scheme}.png")
        self.page.emulate_media(color_scheme="light", reduced_motion="reduce")
        assert self.complaints == []


def _context(chromium: Browser, size: tuple[int, int]) -> BrowserContext:
    context = chromium.new_context(
        viewport={"width": size[0], "height": size[1]}, reduced_motion="reduce"
    )
    context.set_default_timeout(PATIENCE)
    return context


def _window(page: Page, served: Served, name: str) -> Window:
    found = Window(page, served, name=name)
    listen(found)
    return found


@pytest.fixture(scope="module", params=list(SIZES))
def shared_window(request: pytest.FixtureRequest, chromium: Browser) -> Iterator[Window]:
    served = request.getfixturevalue("real_server" if REAL_DB.is_file() else "sample_server")
    context = _context(chromium, SIZES[request.param])
    yield _window(context.new_page(), served, request.param)
    context.close()


@pytest.fixture
def window(shared_window: Window) -> Iterator[Window]:
    """A window without a shelf or any other memory."""
    shared_window.complaints.clear()
    shared_window.page.goto(f"{shared_window.served.url}/downloads")
    shared_window.page.evaluate("localStorage.clear(); sessionStorage.clear()")
    yield shared_window
    assert shared_window.complaints == []


@pytest.fixture(params=list(SIZES))
def empty_window(
    request: pytest.FixtureRequest, chromium: Browser, tmp_path: Path
) -> Iterator[Window]:
    """A window of a signed-in reader on a bar without recipes; nothing refreshes it."""
    database = Database(URL.create("sqlite", database=str(tmp_path / "cocktails.db")))
    upgrade(database.engine)
    database.dispose()
    context = _context(chromium, SIZES[request.param])
    with serving(Site(tmp_path)) as served:
        found = _window(context.new_page(), served, request.param)
        found.page.goto(f"{served.url}/downloads#token={TOKEN}")
        found.settle()
        yield found
        context.close()
    assert found.complaints == []
