"""What the map page costs a browser: time to the first map, frames, tasks and memory.

    DB_PATH=folder/large.db ANALYTICS_DIR=folder/analytics python -m benchmarks.map_page

The database and its published analytics have to be there: benchmarks/large_refresh.py --keep makes
both. The real application serves the real page to headless Chromium, with WebGL and without, on a
desktop's window and on a phone's with the processor slowed four times; ``--only`` takes one of the
four. Each action is carried out in the page. "ms" is the median time of a frame while something
moves, else the time until the map has been drawn again; "p99" is of frames, and "task" is the main
thread's longest task in milliseconds, 0 where none took 50.

WebGL runs on the processor here (SwiftShader), on as many cores as the machine has, which draws
far slower than any graphics card, and competes with whatever else runs: frames are an upper bound
for what a person sees. "still" is the machine's own pace, with nothing drawn.
"""

import argparse
import re
import shutil
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from playwright.sync_api import Browser, CDPSession, Page, Playwright, sync_playwright

from api.settings import Settings
from benchmarks.application import serving

SECONDS: Final = 3.0
SHELF: Final = list(range(100, 140))

_WATCH: Final = f"""
localStorage.setItem("shelf", "{SHELF}");
globalThis.tasks = [];
new PerformanceObserver((list) => {{
  for (const {{ duration }} of list.getEntries()) tasks.push(duration);
}}).observe({{ type: "longtask", buffered: true }});
const look = () => {{
  if (globalThis.atlas?.main.painted) globalThis.drawnAfter = performance.now() / 1000;
  else requestAnimationFrame(look);
}};
look();
"""

#: One frame of a movement; `t` is in seconds.
MOVES: Final = {
    "still": "",
    "pan": "surface.call(map.zoom.translateBy, 6 * Math.cos(5 * t), 6 * Math.sin(5 * t))",
    "zoom": "surface.call(map.zoom.scaleBy, Math.sin(3 * t) > 0 ? 1.03 : 1 / 1.03)",
    "hover": """map.over.dispatchEvent(new PointerEvent("pointermove", { pointerType: "mouse",
      clientX: corner.x + corner.width * (0.5 + 0.3 * Math.cos(3 * t)),
      clientY: corner.y + corner.height * (0.5 + 0.3 * Math.sin(2 * t)) }))""",
    "other map": """(map.morph ?? 1) === 1
      && map.layOut(map.key === "em" ? "manhattan" : "em")""",
}
_MOVE: Final = """
async (seconds) => {
  const map = atlas.main;
  const surface = d3.select(map.over);
  const corner = map.over.getBoundingClientRect();
  const frames = [];
  const began = performance.now();
  for (let last = began; last - began < seconds * 1000; ) {
    const t = (last - began) / 1000;
    MOVE;
    const now = await new Promise(requestAnimationFrame);
    frames.push(now - last);
    last = now;
  }
  return frames;
}
"""

#: What a reader does once, and how it shows that it was done.
STEPS: Final = {
    "search": ("""box.value = "NAME"; box.dispatchEvent(new Event("input"))""", "model.matches"),
    "search ended": ("""box.value = ""; box.dispatchEvent(new Event("input"))""", "!model.matches"),
    "color": (
        """color.value = "strength"; color.dispatchEvent(new Event("change"))""",
        """model.field.key === "strength" """,
    ),
    "histogram": (
        """document.querySelectorAll("#histograms .bin")[2].click()""",
        "model.filters.size",
    ),
    "filter ended": (
        """document.querySelectorAll("#histograms .bin")[2].click()""",
        "!model.filters.size",
    ),
    "list": ("""document.getElementById("list-button").click()""", "true"),
    "shelf": ("""document.getElementById("bar-toggle").click()""", "model.reach"),
}
_STEP: Final = """
async () => {
  const { main, model } = atlas;
  const box = document.getElementById("search");
  const color = document.getElementById("color");
  const began = performance.now();
  ACT;
  let calm = 0;
  let now = began;
  while (calm < 3 && now - began < 10000) {
    now = await new Promise(requestAnimationFrame);
    calm = DONE && !main.frame ? calm + 1 : 0;
  }
  return performance.now() - began;
}
"""


@dataclass(frozen=True)
class Device:
    """A window, the processor's slowness and Chromium's switches."""

    title: str
    size: tuple[int, int]
    slowed: int
    switches: tuple[str, ...]


_WEBGL: Final = ("--use-angle=swiftshader", "--enable-unsafe-swiftshader")
_CANVAS: Final = ("--disable-gpu", "--disable-3d-apis")
DEVICES: Final = (
    Device("desktop, WebGL", (1280, 800), 1, _WEBGL),
    Device("desktop, canvas", (1280, 800), 1, _CANVAS),
    Device("phone, WebGL", (390, 844), 4, _WEBGL),
    Device("phone, canvas", (390, 844), 4, _CANVAS),
)


def _longest_task(page: Page) -> float:
    page.wait_for_timeout(400)  # what an action leaves for later, and the observer's own delay
    return float(page.evaluate("Math.max(0, ...tasks.splice(0))"))


def _renderer_megabytes(browser: Browser) -> float:
    """Return the peak resident memory of the page's process (Linux)."""
    session = browser.new_browser_cdp_session()
    found = session.send("SystemInfo.getProcessInfo")["processInfo"]
    peaks = [
        re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{one['id']}/status").read_text())
        for one in found
        if one["type"] == "renderer"
    ]
    return max(int(peak[1]) for peak in peaks if peak) / 1024


def _heap_megabytes(session: CDPSession) -> float:
    session.send("HeapProfiler.collectGarbage")
    used = session.send("Runtime.getHeapUsage")
    return float(used["usedSize"] + used.get("backingStorageSize", 0)) / 1e6


def _measure(playwright: Playwright, url: str, device: Device) -> None:
    """Open the page, act, print."""
    browser = playwright.chromium.launch(
        executable_path=shutil.which("chromium"), args=["--no-sandbox", *device.switches]
    )
    try:
        width, height = device.size
        page = browser.new_page(viewport={"width": width, "height": height})
        page.add_init_script(_WATCH)
        session = page.context.new_cdp_session(page)
        session.send("Emulation.setCPUThrottlingRate", {"rate": device.slowed})
        session.send("Network.enable")
        sent: list[float] = []
        session.on("Network.loadingFinished", lambda done: sent.append(done["encodedDataLength"]))
        page.goto(f"{url}/map", wait_until="domcontentloaded")
        while not (drawn := page.evaluate("globalThis.drawnAfter")):
            page.wait_for_timeout(100)
        total = page.evaluate("atlas.model.total")
        painter = page.evaluate("atlas.main.painter.constructor.name")
        print(f"{device.title}: {total:,} recipes by {painter}, {sum(sent) / 1e6:.1f} MB sent,")
        print(f"  drawn after {drawn:.1f} s, longest task {_longest_task(page):.0f} ms")
        print(f"  {'':12} {'ms':>7} {'p99':>7} {'task':>7}")
        for act, move in MOVES.items():
            frames = np.array(page.evaluate(_MOVE.replace("MOVE", move), SECONDS))
            median, worst = np.percentile(frames, (50, 99))
            print(f"  {act:12} {median:7.0f} {worst:7.0f} {_longest_task(page):7.0f}")
        name = page.evaluate("atlas.model.recipes.name[atlas.model.total >> 1]")
        for act, (script, done) in STEPS.items():
            script = script.replace("NAME", name)
            taken = page.evaluate(_STEP.replace("ACT", script).replace("DONE", done))
            print(f"  {act:12} {taken:7.0f} {'':7} {_longest_task(page):7.0f}")
        heap, peak = _heap_megabytes(session), _renderer_megabytes(browser)
        print(f"  {heap:.0f} MB in use by scripts, {peak:.0f} MB the process at its peak")
    finally:
        browser.close()


def main() -> None:
    """Serve, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--only", type=int, choices=range(1, len(DEVICES) + 1))
    only = parser.parse_args().only
    with sync_playwright() as playwright, serving(Settings(rate_limit="off")) as url:
        compressed = urllib.request.Request(
            f"{url}/api/v1/analytics/atlas", headers={"Accept-Encoding": "gzip"}
        )
        urllib.request.urlopen(compressed).close()  # the server has answered before
        for device in DEVICES[only - 1 : only] if only else DEVICES:
            _measure(playwright, url, device)


if __name__ == "__main__":
    main()
