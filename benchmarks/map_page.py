"""Frame times of the map page with many recipes, in headless Chromium.

Run ``python -m benchmarks.map_page [--recipes 20000]``. The real application serves the real page;
the snapshot behind it is synthetic: blobs of recipes on two maps. The map is panned, zoomed and
switched to the other layout for some seconds each, while the page notes how long each frame took
from one ``requestAnimationFrame`` to the next.

WebGL runs on the processor here (SwiftShader), on as many cores as the machine has, which draws
far slower than any graphics card, and competes with whatever else runs. So the times are an upper
bound for what a person sees. "still" is the machine's own pace, with nothing drawn; "script ms" is
what the page's own code takes of a frame, and what is left of it where drawing costs nothing.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Page, sync_playwright

from api.analysis.atlas import build_atlas
from api.db.migrations import upgrade
from api.settings import Settings
from api.utils.analytics_cache import AnalyticsStorage
from benchmarks.application import serving

SECONDS = 4.0

_MEASURE = """
async ([act, seconds]) => {
  const map = atlas.main;
  const surface = d3.select(map.over);
  const acts = {
    still: () => {},
    pan: (t) => surface.call(map.zoom.translateBy, 6 * Math.cos(5 * t), 6 * Math.sin(5 * t)),
    zoom: (t) => surface.call(map.zoom.scaleBy, Math.sin(3 * t) > 0 ? 1.03 : 1 / 1.03),
    travel: () => {
      if ((map.morph ?? 1) === 1) map.layOut(map.key === "em" ? "manhattan" : "em");
    },
  };
  const paint = map.paint;
  const scripts = [];
  map.paint = function () {
    const start = performance.now();
    paint.call(this);
    scripts.push(performance.now() - start);
  };
  const frames = [];
  const began = performance.now();
  let last = began;
  while (performance.now() - began < seconds * 1000) {
    acts[act]((performance.now() - began) / 1000);
    const now = await new Promise(requestAnimationFrame);
    frames.push(now - last);
    last = now;
  }
  map.paint = paint;
  return [frames.slice(3), scripts.slice(3)];
}
"""


def synthetic_artifacts(recipes: int, seed: int = 0) -> dict[str, Any]:
    """Return two maps of ``recipes`` points in 40 blobs, with ingredients that go with the blob."""
    random = np.random.default_rng(seed)
    spirits = ["Gin", "Rye", "Rum", "Tequila", "Cognac", "Vodka", "Sherry", "Campari", "Cola"]
    blob = random.integers(40, size=recipes)
    artifacts: dict[str, Any] = {}
    for name in ("cocktail-space", "cocktail-space-em"):
        places = random.uniform(-10, 10, (40, 2))[blob] + random.normal(0, 0.9, (recipes, 2))
        artifacts[name] = [
            {
                "recipe_id": i + 1,
                "recipe_name": f"Recipe {i + 1}",
                "x": float(places[i, 0]),
                "y": float(places[i, 1]),
                "ingredients": [spirits[blob[i] % len(spirits)], f"Modifier {blob[i]}", "Ice"],
            }
            for i in range(recipes)
        ]
    artifacts["ingredient-tree"] = {
        "id": "root",
        "name": "All",
        "recipe_count": 0,
        "hierarchical_recipe_count": recipes,
        "children": [
            {"id": str(i), "name": name, "recipe_count": 1, "hierarchical_recipe_count": 1}
            for i, name in enumerate(spirits, 1)
        ],
    }
    return artifacts


def _published(directory: Path, recipes: int) -> Settings:
    """Publish a synthetic snapshot beside an empty database."""
    settings = Settings(
        db_path=directory / "cocktails.db",
        analytics_dir=directory / "analytics",
        refresh_queue=directory / "queue.db",
        api_token="benchmark-benchmark",
    )
    from api.db.database import get_database

    upgrade(get_database(settings).engine)
    artifacts = synthetic_artifacts(recipes)
    storage = AnalyticsStorage.from_settings(settings)
    storage.snapshots.publish({**artifacts, "atlas": build_atlas(artifacts)})
    return settings


def _report(page: Page, act: str) -> None:
    frames, scripts = (np.array(times) for times in page.evaluate(_MEASURE, [act, SECONDS]))
    middle, worst = np.percentile(scripts, (50, 99)) if len(scripts) else (0.0, 0.0)
    print(
        f"{act:>8} {len(frames):7d} {np.median(frames):11.1f} {np.percentile(frames, 99):9.1f}"
        f" {1000 / frames.mean():10.1f} {middle:12.2f} {worst:10.2f}"
    )


def main() -> None:
    """Serve, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--recipes", type=int, default=20_000)
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as directory,
        sync_playwright() as playwright,
        serving(_published(Path(directory), arguments.recipes)) as url,
    ):
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"],
        )
        try:
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            began = time.perf_counter()
            page.goto(f"{url}/")
            # Not wait_for_function: it evaluates text, which the content policy bars.
            page.evaluate(
                "new Promise((done) => { const look = () => globalThis.atlas?.main.painted"
                " ? done() : requestAnimationFrame(look); look(); })"
            )
            painter = page.evaluate("atlas.main.painter.constructor.name")
            drawn = time.perf_counter() - began
            print(f"{arguments.recipes:,} recipes by {painter}: drawn after {drawn:.2f} s")
            print("          frames  median ms    p99 ms  frames/s   script ms     p99 ms")
            for act in ("still", "pan", "zoom", "travel"):
                _report(page, act)
            filled = page.evaluate(
                "(() => { const start = performance.now();"
                " const box = document.getElementById('search'); box.value = 'gin';"
                " box.dispatchEvent(new Event('input')); return performance.now() - start; })()"
            )
            print(f"  search {filled:.0f} ms from a key to the list")
        finally:
            browser.close()


if __name__ == "__main__":
    main()
