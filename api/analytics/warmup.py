"""Compile what maps need on a second processor, while this one compiles ours.

pynndescent, which umap-learn imports, compiles for ten seconds when it is first imported on a
machine, and keeps the result in numba's cache. The maps come late in a refresh: until then another
process can have done that.

On Linux that process is a fork, so that both share the memory of what is imported already; a
process of its own would need 150 MB more, and a small machine may not have them.
"""

import ctypes
import importlib
import importlib.util
import multiprocessing
import os
import signal
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.process import BaseProcess
from pathlib import Path

_PR_SET_PDEATHSIG = 1


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


def _fill_cache() -> None:
    """Compile, as a process of its own."""
    # What the refresh does when it is told to stop is not for this process to do.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    # Let the kernel kill this process when the refresh is killed, where it can: prctl(2).
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    warnings.simplefilter("ignore")
    importlib.import_module("pynndescent")


class Warmup:
    """The process that fills the cache; without one, every call does nothing."""

    def __init__(self) -> None:
        self._process: BaseProcess | None = None

    def start(self) -> None:
        """Begin. The threads of numba must not have started yet: a fork does not inherit them."""
        # macOS's own libraries may not be used after a fork.
        context = (
            multiprocessing.get_context("fork")
            if sys.platform == "linux"
            else multiprocessing.get_context("spawn")
        )
        process = context.Process(target=_fill_cache, daemon=True)
        with warnings.catch_warnings():
            # Python 3.12 warns of forks beside threads. Those that may run here, of a progress bar
            # or of BLAS, hold no lock that the child takes.
            warnings.simplefilter("ignore", DeprecationWarning)
            process.start()
        self._process = process

    def wait(self) -> None:
        """Wait until the cache is warm; if that failed, whoever imports umap-learn compiles."""
        if self._process is not None:
            self._process.join()

    def stop(self) -> None:
        """Leave no process behind."""
        if self._process is not None:
            self._process.kill()
            self._process.join()


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
