"""Plain threads over kernels that release the GIL."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


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
