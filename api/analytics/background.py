"""Work beside the main thread, which stays free for signals."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


def in_background(compute: Callable[[], T]) -> Future[T]:
    """Start a computation in a thread of its own; its result, or error, is the future's.

    Nobody waits for the thread at the process's end: unlike those of an executor, an interrupted
    refresh leaves it behind.

    >>> in_background(lambda: 6 * 7).result()
    42
    """
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(compute())
        except BaseException as error:  # for whoever asks for the result
            future.set_exception(error)

    threading.Thread(target=run, name="background", daemon=True).start()
    return future
