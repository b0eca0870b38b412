"""Plain threads over kernels that release the GIL, and none in between."""

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ContextDecorator
from typing import TypeVar

from threadpoolctl import threadpool_limits

T = TypeVar("T")


class OneBlasThread(ContextDecorator):
    """Keep BLAS to one thread, in the whole process, while any thread is inside.

    Sums divided among threads round otherwise: with one, results are the same for any number of
    processors. OpenBLAS's threads also spin for tens of milliseconds after each product, which
    takes more processor time than our products do.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._limits: threadpool_limits | None = None

    def __enter__(self) -> None:
        with self._lock:
            if self._inside == 0:
                self._limits = threadpool_limits(limits=1, user_api="blas")
            self._inside += 1

    def __exit__(self, *_error: object) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0 and self._limits is not None:
                self._limits.restore_original_limits()
                self._limits = None


one_blas_thread = OneBlasThread()


def thread_count(n_jobs: int | None) -> int:
    """Resolve a number of threads: None and -1 mean one per processor this process may use.

    Raises
    ------
    ValueError
        If it is zero or below -1.
    """
    if n_jobs is None or n_jobs == -1:
        affinity = getattr(os, "sched_getaffinity", None)
        return len(affinity(0)) if affinity else os.cpu_count() or 1
    if n_jobs < 1:
        raise ValueError(f"n_jobs must be positive, or -1 or None for all processors, not {n_jobs}")
    return n_jobs


def run_tasks(
    task: Callable[[int], T], n_tasks: int, n_jobs: int | None
) -> Iterator[tuple[int, T]]:
    """Run ``task(0)`` to ``task(n_tasks - 1)`` on threads; yield (number, result) in order."""
    n_threads = min(thread_count(n_jobs), n_tasks)
    if n_threads <= 1:
        for number in range(n_tasks):
            yield number, task(number)
        return
    pool = ThreadPoolExecutor(n_threads)
    try:
        yield from enumerate(pool.map(task, range(n_tasks)))
    finally:
        # After an error or an interrupt, don't work through what is still in the queue.
        pool.shutdown(cancel_futures=True)


def run_blocks(task: Callable[[int, int], None], n_items: int, n_jobs: int | None) -> None:
    block = max(256, -(-n_items // (8 * thread_count(n_jobs))))
    starts = range(0, n_items, block)
    for _ in run_tasks(
        lambda number: task(starts[number], min(starts[number] + block, n_items)),
        len(starts),
        n_jobs,
    ):
        pass
