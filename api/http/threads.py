"""The threads in which the catalog is read and written.

Reads, writes and the reading of imports have threads of their own. Writes run one after the other
in the database anyway (:mod:`api.db.catalog.writing`), so one thread is enough for them, and a
writer that is stuck on a lock never takes a thread that a reader needs.
"""

import logging
from collections.abc import Callable
from typing import TypeVar

import anyio
from anyio import CapacityLimiter, to_thread

from api.http.problems import RETRY_AFTER_OUTAGE, Problem

logger = logging.getLogger(__name__)

T = TypeVar("T")

#: Threads for reads, fewer than a pool has connections, and for writes, which exclude each other.
READ_THREADS = 12
WRITE_THREADS = 1
#: Imports keep the interpreter busy: each beside another would slow down everybody.
IMPORT_THREADS = 1
#: How long a request waits for a thread, in seconds.
QUEUE_SECONDS = 10.0


class CatalogThreads:
    """The threads in which the catalog is read and written.

    Parameters
    ----------
    reads, writes
        How many of each.
    patience
        Seconds that a request waits for one.
    """

    def __init__(
        self,
        reads: int = READ_THREADS,
        writes: int = WRITE_THREADS,
        patience: float = QUEUE_SECONDS,
    ) -> None:
        self._reads = CapacityLimiter(reads)
        self._writes = CapacityLimiter(writes)
        self._imports = CapacityLimiter(IMPORT_THREADS)
        self._patience = patience

    async def read(self, work: Callable[[], T]) -> T:
        """Run ``work`` in a thread for reads; Problem 503 if none becomes free in time."""
        return await self._run(work, self._reads, "reads")

    async def write(self, work: Callable[[], T]) -> T:
        """Run ``work`` in a thread for writes; Problem 503 if none becomes free in time."""
        return await self._run(work, self._writes, "writes")

    async def parse(self, work: Callable[[], T]) -> T:
        """Run ``work`` in the thread that reads imports; Problem 503 if it is not free in time."""
        return await self._run(work, self._imports, "imports")

    async def _run(self, work: Callable[[], T], limiter: CapacityLimiter, what: str) -> T:
        borrower = object()
        try:
            with anyio.fail_after(self._patience):
                await limiter.acquire_on_behalf_of(borrower)
        except TimeoutError as error:
            logger.warning("a request waited %g s among %s and was refused", self._patience, what)
            raise Problem(
                503,
                "Service unavailable",
                f"Too many {what} are waiting. Try again later.",
                headers={"Retry-After": str(RETRY_AFTER_OUTAGE)},
            ) from error
        try:
            # The default limiter would let this wait for threads that others hold.
            return await to_thread.run_sync(work, limiter=CapacityLimiter(1))
        finally:
            limiter.release_on_behalf_of(borrower)
