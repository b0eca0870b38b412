"""Largest contentful paint and layout shift of every page, in headless Chromium.

Run ``DB_PATH=bar.db python -m benchmarks.first_paint [--repeat 5] [--phone]``. The real application
serves the real pages of the database, after one refresh; the sample without ``DB_PATH``. Each load
has a context of its own, so nothing is cached. A page's figure is the median over its loads; in
milliseconds from navigation, as the browser reports it (``PerformanceObserver``).

``--phone`` asks for a phone's screen, a processor four times slower and a connection of 10 Mbit/s
with 40 ms of latency. The server runs on the same processors as the browser.
"""

from __future__ import annotations

import argparse
import logging
import os
import shutil
import statistics
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright
from sqlalchemy import URL

from api.analytics.analytics_refresh import regenerate_analytics
from api.db.database import Database
from api.db.migrations import upgrade
from api.db.write import write_dataset
from api.settings import Settings
from api.utils.analytics_cache import AnalyticsStorage
from benchmarks.application import serving
from benchmarks.site_pages import SHIFTS, page_addresses
from benchmarks.small_database import sample

_MEASURE = """async () => {
  const found = {};
  const paints = new PerformanceObserver((list) => {
    for (const one of list.getEntries()) {
      found.largest = one.startTime;
      found.element = one.element?.tagName.toLowerCase() ?? "?";
      if (one.element?.id) found.element += `#${one.element.id}`;
      else if (one.element?.className) found.element += `.${one.element.className}`;
    }
  });
  paints.observe({ type: "largest-contentful-paint", buffered: true });
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50)));
  found.first = performance.getEntriesByName("first-contentful-paint")[0]?.startTime;
  return found;
}"""


def _refreshed(directory: Path) -> Settings:
    """Copy the database, or write the sample, and compute its analytics."""
    path = directory / "cocktails.db"
    given = os.environ.get("DB_PATH")
    if given:
        shutil.copy(given, path)
    database = Database(URL.create("sqlite", database=str(path)))
    upgrade(database.engine)
    if not given:
        with database.engine.begin() as connection:
            write_dataset(connection, sample())
    settings = Settings(
        db_path=path,
        analytics_dir=directory / "analytics",
        refresh_queue=directory / "queue.db",
        rate_limit="off",
    )
    regenerate_analytics(database=database, storage=AnalyticsStorage.from_settings(settings))
    database.dispose()
    return settings


def _slow_down(page: Page) -> None:
    devtools = page.context.new_cdp_session(page)
    devtools.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    devtools.send(
        "Network.emulateNetworkConditions",
        {
            "offline": False,
            "latency": 40,
            "downloadThroughput": 10_000_000 / 8,
            "uploadThroughput": 5_000_000 / 8,
        },
    )


def _load(browser: Browser, address: str, *, phone: bool) -> tuple[float, float, float, str]:
    width, height = (390, 844) if phone else (1280, 800)
    context = browser.new_context(
        viewport={"width": width, "height": height}, service_workers="block"
    )
    try:
        page = context.new_page()
        if phone:
            _slow_down(page)
        page.goto(address)
        page.wait_for_load_state("networkidle")
        found = page.evaluate(_MEASURE)
        return found["first"], found["largest"], page.evaluate(SHIFTS), found["element"]
    finally:
        context.close()


def main() -> None:
    """Serve, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--phone", action="store_true")
    parser.add_argument("--only", default="", help="pages whose address has this text")
    arguments = parser.parse_args()
    logging.disable(logging.INFO)  # the access log
    with tempfile.TemporaryDirectory() as directory, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium-headless-shell") or shutil.which("chromium"),
            args=["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"],
        )
        with serving(_refreshed(Path(directory))) as url:
            print("| page | first paint ms | largest ms | worst ms | shift | largest element |")
            print("| --- | ---: | ---: | ---: | ---: | --- |")
            for path, address in page_addresses(url).items():
                if arguments.only not in path:
                    continue
                loads = [
                    _load(browser, address, phone=arguments.phone)
                    for _ in range(arguments.repeat + 1)
                ][1:]  # the first fills the server's caches
                first = statistics.median(load[0] for load in loads)
                largest = [load[1] for load in loads]
                shift = max(load[2] for load in loads)
                print(
                    f"| `{path}` | {first:.0f} | {statistics.median(largest):.0f} "
                    f"| {max(largest):.0f} | {shift:.2f} | `{loads[-1][3]}` |",
                    flush=True,
                )
        browser.close()


if __name__ == "__main__":
    main()
