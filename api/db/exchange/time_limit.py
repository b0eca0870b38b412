"""The time that one import may take.

A short text can ask for hours of work, so the loops over rows, names and statements look at the
clock. The limit belongs to the thread or task that sets it.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from math import inf

from api.db.errors import DatabaseError

#: (the end on the monotonic clock, the seconds that were given)
_limit: ContextVar[tuple[float, float]] = ContextVar("import_time_limit", default=(inf, inf))


class ImportTimeoutError(DatabaseError):
    """An import took longer than it may; nothing was changed."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """End the imports within the block after ``seconds``.

    Examples
    --------
    >>> try:
    ...     with time_limit(0):
    ...         check_time()
    ... except ImportTimeoutError as error:
    ...     print(error)
    The import took longer than 0 s; nothing was changed. Import it in parts.
    """
    token = _limit.set((time.monotonic() + seconds, seconds))
    try:
        yield
    finally:
        _limit.reset(token)


def check_time() -> None:
    """Raise :class:`ImportTimeoutError` if the time of this import is over."""
    end, seconds = _limit.get()
    if time.monotonic() >= end:
        raise ImportTimeoutError(
            f"The import took longer than {seconds:g} s; nothing was changed. Import it in parts."
        )
