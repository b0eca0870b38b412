"""Peak memory of a stretch of work, giving memory back, and where not to look for garbage."""

import atexit
import ctypes
import gc
import resource
import sys
from contextlib import suppress
from pathlib import Path

_CLEAR_REFS = Path("/proc/self/clear_refs")
_STATUS = Path("/proc/self/status")
#: Writing this to clear_refs resets the peak: proc(5), "/proc/pid/clear_refs".
_RESET_PEAK = "5"
#: mallopt(3): arrays from this size on are mapped one by one.
_M_MMAP_THRESHOLD, _MAPPED_BYTES = -3, 1 << 20


def collect_garbage_after_imports() -> None:
    """Turn the garbage collector on, for a process that imported everything without it.

    What is imported lives to the end: to look for garbage in it takes a seventh of the imports'
    time, and again as long at the exit.
    """
    gc.freeze()
    gc.enable()
    atexit.register(gc.freeze)


def return_large_arrays() -> None:
    """Let glibc return each large array to the system when it is freed; elsewhere do nothing.

    By itself it raises the size from which it does so with each array that is freed, up to 32 MB,
    and then keeps holes between arrays: 30 MB after reading 100,000 recipes.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _MAPPED_BYTES)


def reset_peak() -> None:
    """Begin a new measurement, where the system can; elsewhere peaks are the process's so far."""
    with suppress(OSError):
        _CLEAR_REFS.write_text(_RESET_PEAK)


def peak_mb() -> float:
    """Return the largest resident memory since the last reset, in MB (10^6 bytes)."""
    try:
        for line in _STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / 1e6
    except OSError:
        pass
    # Kilobytes on Linux, bytes on macOS: getrusage(2) of each.
    scale = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale / 1e6
