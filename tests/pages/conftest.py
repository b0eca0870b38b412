"""The pages of recipes and ingredients in a real browser, over a real server and its worker."""

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect, sync_playwright
from playwright.sync_api import Error as PlaywrightError
from sqlalchemy import URL

from api.analytics.analytics_refresh import regenerate_analytics
from api.db.database import Database
from api.db.frames import Dataset
from api.http import app as application
from api.jobs.worker import running_worker
from api.settings import Settings
from api.utils.analytics_cache import AnalyticsStorage
from tests.conftest import REAL_DB, fill

TOKEN = "a-token-for-tests-alone"
WIDE, PHONE = (1280, 900), (390, 844)

#: Bounds for waiting, in milliseconds: other tests run on the same processors.
PATIENCE = 30_000
expect.set_options(timeout=PATIENCE)


@dataclass(frozen=True)
class Site:
    """A directory with a database and what was published from it."""

    directory: Path

    @property
    def database(self) -> Database:
        return Database(URL.create("sqlite", database=str(self.directory / "cocktails.db")))

    @property
    def settings(self) -> Settings:
        # No rate limit: tests send many requests.
        return Settings(
            db_path=self.directory / "cocktails.db",
            analytics_dir=self.directory / "analytics",
            refresh_queue=self.directory / "refresh-queue.db",
            api_token=TOKEN,
            rate_limit="off",
            rate_limit_writes="off",
        )

    def refresh(self) -> None:
        storage = AnalyticsStorage(directory=self.directory / "analytics", keep=10)
        regenerate_analytics(database=self.database, storage=storage)

    def copy(self, to: Path) -> "Site":
        shutil.copytree(self.directory, to)
        return Site(to)


@dataclass(frozen=True)
class Served:
    """A site and its URL."""

    site: Site
    url: str

    def write(self, method: str, path: str, body: object) -> Any:
        """Write through the API."""
        done = httpx2.request(
            method,
            f"{self.url}/api/v1/{path}",
            json=body,
            headers={"Authorization": f"Bearer {TOKEN}"},
        )
        assert done.is_success, done.text
        return done.json()


@contextmanager
def serving(site: Site, *, worker: bool = False) -> Iterator[Served]:
    """Serve a site at a free port, with the worker that runs its refreshes if wanted."""
    with ExitStack() as stack:
        if worker:
            stack.enter_context(running_worker(site.settings))
        server = uvicorn.Server(
            uvicorn.Config(application.create_app(site.settings), port=0, log_config=None)
        )
        thread = threading.Thread(target=server.run)
        thread.start()
        stack.callback(thread.join)
        stack.callback(setattr, server, "should_exit", True)
        deadline = time.monotonic() + 20
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            assert time.monotonic() < deadline, "the server takes too long to start"
            time.sleep(0.02)
        host, port = server.servers[0].sockets[0].getsockname()[:2]
        yield Served(site, f"http://{host}:{port}")


@pytest.fixture(scope="session")
def sample_site(sample: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The sample, refreshed once. To change it, take a copy."""
    site = Site(tmp_path_factory.mktemp("sample-site"))
    fill(site.database, sample)
    site.refresh()
    return site


@pytest.fixture(scope="session")
def sample_server(sample_site: Site) -> Iterator[Served]:
    with serving(sample_site) as served:
        yield served


@pytest.fixture(scope="session")
def real_server(real_db_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    site = Site(tmp_path_factory.mktemp("real-site"))
    shutil.copy(real_db_path, site.directory / "cocktails.db")
    site.refresh()
    with serving(site) as served:
        yield served


@pytest.fixture
def own_server(sample_site: Site, tmp_path: Path) -> Iterator[Served]:
    """A writable copy of the sample; nothing refreshes it."""
    with serving(sample_site.copy(tmp_path / "site")) as served:
        yield served


@contextmanager
def launched(*switches: str) -> Iterator[Browser]:
    """Run Chromium with these switches; skip where it is not installed."""
    # The shell has the same engine and less around it: it takes half of the processor time.
    names = ("chromium-headless-shell", "chromium", "chromium-browser")
    path = next(filter(None, map(shutil.which, names)), None)
    if path is None:
        pytest.skip("Chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path,
            args=["--no-sandbox", "--disable-quic", "--disable-dev-shm-usage", *switches],
        )
        yield browser
        browser.close()


# Per module: while Playwright runs, no other test of this process can use asyncio.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser without WebGL, which would cost the processor seconds a page.

    The map is then drawn on a canvas; test_map_webgl.py has the other painter.
    """
    with launched("--disable-gpu", "--disable-3d-apis") as browser:
        yield browser


@dataclass
class Visit:
    """An open page with its console errors and failed requests.

    A test that provokes an error removes the message from ``complaints``; any left at the end
    fail the test.
    """

    page: Page
    served: Served
    complaints: list[str] = field(default_factory=list)
    loading: set[Request] = field(default_factory=set)

    def goto(self, path: str) -> None:
        """Open a path and wait until nothing is loading."""
        self.page.goto(f"{self.served.url}{path}")
        self.settle()

    def settle(self) -> None:
        """Wait until nothing is loading and no script has anything left to do.

        Playwright's "networkidle" means the same, half a second later.
        """
        deadline, rests = time.monotonic() + PATIENCE / 1000, 0
        while rests < 2:
            assert time.monotonic() < deadline, f"still loading {self.loading}"
            try:
                self.page.evaluate(
                    "new Promise((done) => requestIdleCallback(done, { timeout: 500 }))"
                )
            except PlaywrightError as error:
                if "navigation" not in str(error):
                    raise
                rests = 0  # the page that follows has to settle
                continue
            rests = 0 if self.loading else rests + 1

    def forgive(self, part: str) -> None:
        """Remove the complaints that contain a text; there must be one."""
        kept = [text for text in self.complaints if part not in text]
        assert len(kept) < len(self.complaints), f"no complaint holds {part!r}: {self.complaints}"
        self.complaints[:] = kept

    def axe(self) -> list[str]:
        """Violations found by axe, one line each."""
        found = Axe().run(self.page).response["violations"]
        return [
            f"{rule['id']}: {node['target']} {node['html'][:120]}"
            for rule in found
            for node in rule["nodes"]
        ]


Visiting = Callable[..., Visit]


@pytest.fixture
def visit(chromium: Browser) -> Iterator[Visiting]:
    """Open pages that must log nothing and send no request to another host."""
    opened: list[Visit] = []
    with ExitStack() as stack:

        def start(
            served: Served,
            path: str,
            *,
            size: tuple[int, int] = WIDE,
            scheme: str = "light",
            writer: bool = False,
        ) -> Visit:
            context = chromium.new_context(
                viewport={"width": size[0], "height": size[1]},
                color_scheme=scheme,  # type: ignore[arg-type]
                reduced_motion="reduce",
                # It would answer requests that a test watches; tests/pages/jobs has it.
                service_workers="block",
            )
            stack.callback(context.close)
            context.set_default_timeout(PATIENCE)
            found = Visit(context.new_page(), served)
            listen(found)
            opened.append(found)
            found.goto(f"{path}#token={TOKEN}" if writer else path)
            return found

        yield start
        for found in opened:
            assert found.complaints == []


def listen(found: Visit) -> None:
    def console(message: ConsoleMessage) -> None:
        blocked = "registration blocked by Playwright" in message.text  # as wanted: see `visit`
        if message.type in ("error", "warning") and not blocked:
            found.complaints.append(f"{message.type}: {message.text} {message.location['url']}")

    def request(sent: Request) -> None:
        found.loading.add(sent)
        if not sent.url.startswith((found.served.url, "data:")):
            found.complaints.append(f"request to another host: {sent.url}")

    def done(sent: Request) -> None:
        found.loading.discard(sent)

    found.page.on("console", console)
    found.page.on("pageerror", lambda error: found.complaints.append(f"thrown: {error}"))
    found.page.on("request", request)
    found.page.on("requestfinished", done)
    found.page.on("requestfailed", done)


@pytest.fixture
def any_server(request: pytest.FixtureRequest) -> Served:
    """The real database where it is, else the sample."""
    name = "real_server" if REAL_DB.is_file() else "sample_server"
    served: Served = request.getfixturevalue(name)
    return served
