"""Publish similar recipes of a large collection and read one: time and memory, two ways.

    python -m benchmarks.large_artifact --recipes 100000

Each way runs in a process of its own: record by record with an index, as the refresh and the API
do; and whole, as for a small artifact. The records are made up but have the real ones' shape. Time
and peak are those of publishing beyond the records themselves, and of the first read of one record.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

NEIGHBORS = 10


def records(number: int) -> Iterator[dict[str, Any]]:
    """Yield records like those of ``recipe-similar``, 2.6 kB each."""
    for recipe in range(number):
        neighbors = [
            {
                "recipe_id": (recipe + step) % number,
                "recipe_name": f"Made-up Cocktail {(recipe + step) % number}",
                "distance": round(0.01 * step + recipe / number / 100, 6),
                "plan": [{"from": "Gin", "to": "Vodka", "ml": 45.0 + part} for part in range(4)],
            }
            for step in range(1, NEIGHBORS + 1)
        ]
        yield {"recipe_id": recipe, "recipe_name": f"Made-up {recipe}", "neighbors": neighbors}


def measure(number: int, *, whole: bool) -> dict[str, float]:
    """Publish and read in this process; return seconds and MB."""
    from api.analytics.memory import peak_mb, reset_peak
    from api.storage.local import LocalStore
    from api.storage.serialization import from_bytes, to_bytes
    from api.storage.snapshots import Snapshots

    with tempfile.TemporaryDirectory() as directory:
        snapshots = Snapshots(LocalStore(Path(directory)))
        reset_peak()
        before = peak_mb()
        begun = time.perf_counter()
        if whole:
            encoded = to_bytes(list(records(number)))
            snapshots.store.put("whole.json", encoded)
            size = len(encoded)
            del encoded
        else:
            manifest = snapshots.publish(
                {"recipe-similar": records(number)}, record_keys={"recipe-similar": "recipe_id"}
            )
            size = manifest.artifacts["recipe-similar"].size
        published = time.perf_counter() - begun
        publishing_mb = peak_mb() - before
        reset_peak()
        before = peak_mb()
        begun = time.perf_counter()
        if whole:
            value = from_bytes(snapshots.store.get("whole.json").data)
            found = {one["recipe_id"]: one for one in value}[number // 2]
        else:
            read = snapshots.record_reader(manifest, "recipe-similar")
            found = from_bytes(read(number // 2) or b"null")
        assert found["recipe_id"] == number // 2
        return {
            "artifact_mb": size / 1e6,
            "publish_s": published,
            "publish_mb": publishing_mb,
            "read_s": time.perf_counter() - begun,
            "read_mb": peak_mb() - before,
        }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--recipes", type=int, default=100_000)
    parser.add_argument("--way", choices=("indexed", "whole"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.way is not None:
        print(json.dumps(measure(arguments.recipes, whole=arguments.way == "whole")))
        return
    table = Table("way", "artifact MB", "publish s", "peak MB", "first record s", "peak MB")
    for way in ("indexed", "whole"):
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.large_artifact", "--way", way,
             "--recipes", str(arguments.recipes)],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        figures = json.loads(done.stdout)
        table.add_row(way, *[f"{value:.2f}" for value in figures.values()])
    Console().print(table)


if __name__ == "__main__":
    main()
