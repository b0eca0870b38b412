"""Compile the maps' library on a second processor while this one learns the distance.

pynndescent, which umap-learn imports, compiles for ten seconds when it is first imported on a
machine, and keeps the result in numba's cache. The maps come late in a refresh, so a plain
interpreter can do that beside it. Measured by ``benchmarks/cold_start.py``; a warm cache starts
nothing. The process needs no supervision: killed or orphaned, it ends by itself within seconds.
"""

import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def _is_cold() -> bool:
    """Return whether numba's cache lacks pynndescent, without importing it."""
    spec = importlib.util.find_spec("pynndescent")
    if spec is None or spec.origin is None:
        return False
    cache = os.environ.get("NUMBA_CACHE_DIR")
    found = (
        Path(cache).glob("pynndescent*/*.nbi")
        if cache
        else Path(spec.origin).parent.glob("__pycache__/*.nbi")
    )
    return next(found, None) is None


class Warmup:
    """The process that fills the cache; without one, every call does nothing."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start compiling."""
        self.process = subprocess.Popen(
            [sys.executable, "-c", "import pynndescent"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def wait(self) -> None:
        """Wait until the cache is warm; if filling it failed, importing umap-learn compiles."""
        if self.process is not None:
            self.process.wait()

    def stop(self) -> None:
        """End the process."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()


@contextmanager
def umap_warming_up() -> Iterator[Warmup]:
    """Start warming the cache if it is cold and there is a processor to spare."""
    warmup = Warmup()
    try:
        if (os.cpu_count() or 1) > 1 and _is_cold():
            warmup.start()
        yield warmup
    finally:
        warmup.stop()
