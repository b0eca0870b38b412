"""Compile what others compile at import, on a second processor, while this one compiles ours.

pynndescent, which umap-learn imports, compiles for ten seconds when it is first imported on a
machine, and keeps the result in numba's cache. The maps come late in a refresh: until then another
process can have done that.
"""

import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path


def _is_cold() -> bool:
    """Tell whether numba's cache lacks pynndescent, as far as one can see without importing it."""
    spec = importlib.util.find_spec("pynndescent")
    if spec is None or spec.origin is None:
        return False
    kept = os.environ.get("NUMBA_CACHE_DIR")
    places = (
        Path(kept).glob("pynndescent*/*.nbi")
        if kept
        else Path(spec.origin).parent.glob("__pycache__/*.nbi")
    )
    return next(places, None) is None


class Warmup:
    """The process that fills the cache; without one, every call does nothing."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Begin."""
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", "import umap"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def wait(self) -> None:
        """Wait until the cache is warm; if that failed, whoever imports umap-learn compiles."""
        if self._process is not None:
            self._process.wait()

    def stop(self) -> None:
        """Leave no process behind."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()


_current: ContextVar[Warmup | None] = ContextVar("warmup", default=None)


@contextmanager
def umap_warming_up() -> Iterator[Warmup]:
    """Start warming the cache if it is cold and there is a processor to spare.

    A context within another one shares its process: a command begins before it imports the
    refresh, which takes seconds by itself.
    """
    outer = _current.get()
    if outer is not None:
        yield outer
        return
    warmup = Warmup()
    token = _current.set(warmup)
    try:
        if (os.cpu_count() or 1) > 1 and _is_cold():
            warmup.start()
        yield warmup
    finally:
        warmup.stop()
        _current.reset(token)
