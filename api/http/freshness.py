"""Whether what is published still tells of the present data.

The truth is a comparison of fingerprints, which reads the whole database. Reads must not wait for
that each time, so it is made when something has been written since the last time:

- An embedded database's file (with its write-ahead log) tells by its size and time.
- A server's database does not tell: a comparison holds for a few seconds, or until a write through
  this process.

Comparisons are made one at a time, and far enough apart to cost a tenth of a core at most. In
between, after a write that has not been compared yet, the published result counts as stale: it may
be, and a reader who is told so can look again.
"""

import logging
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from api.db.database import Database
from api.db.errors import DatabaseError

logger = logging.getLogger(__name__)

#: How long a reader waits for a comparison, in seconds, before it is told "stale".
PATIENCE_SECONDS = 1.0
#: The least time between two comparisons, and how many times its own length.
PAUSE_SECONDS = 1.0
PAUSE_FACTOR = 10
MAX_PAUSE_SECONDS = 60.0
#: How long a comparison with a database server holds.
SERVER_SECONDS = 3.0
#: A file's time is that of the kernel's last tick: two writes in one tick look alike.
_TICK_NS = 20_000_000

_Identity = tuple[object, ...]


@dataclass(frozen=True)
class _Comparison:
    identity: _Identity
    fingerprint: str | None  # None: the database could not be read
    begun: float
    ended: float
    writes: int


class Freshness:
    """Compares the database with a snapshot's fingerprint, sparingly.

    Parameters
    ----------
    database
        Which.
    patience
        Seconds that :meth:`compare` waits.
    pause, pause_factor
        The least time between two comparisons: in seconds, and as a multiple of how long one takes.
    """

    def __init__(
        self,
        database: Database,
        *,
        patience: float = PATIENCE_SECONDS,
        pause: float = PAUSE_SECONDS,
        pause_factor: float = PAUSE_FACTOR,
    ) -> None:
        self._database = database
        self._patience = patience
        self._pause = pause
        self._pause_factor = pause_factor
        self._lock = threading.Lock()
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="freshness")
        self._running: Future[None] | None = None
        self._last: _Comparison | None = None
        self._writes = 0

    def note_write(self) -> None:
        """Say that this process has written."""
        with self._lock:
            self._writes += 1

    def known(self, fingerprint: str | None) -> bool | None:
        """Return whether a snapshot of this fingerprint is stale; None if it takes a comparison.

        Costs two calls of ``stat`` at most.
        """
        if fingerprint is None:
            return True  # patched by hand: it claims to tell of no state of the database
        last = self._last
        if last is None:
            return None
        now = time.monotonic()
        if last.fingerprint is not None and self._still_holds(last, now):
            return last.fingerprint != fingerprint
        pause = max(self._pause, self._pause_factor * (last.ended - last.begun))
        if now < last.ended + min(pause, MAX_PAUSE_SECONDS):
            return True
        return None

    def compare(self, fingerprint: str | None) -> bool:
        """Return whether a snapshot of this fingerprint is stale, comparing if need be. Blocks.

        Never raises: a database that cannot be read leaves the snapshot stale, for all one knows.
        """
        for _ in range(2):  # a comparison under way may have begun before the latest write
            known = self.known(fingerprint)
            if known is not None:
                return known
            try:
                self._start().result(timeout=self._patience)
            except FutureTimeoutError:
                return True
        return self.known(fingerprint) is not False

    def close(self) -> None:
        """Let the thread end."""
        self._executor.shutdown(wait=True, cancel_futures=True)

    def _still_holds(self, last: _Comparison, now: float) -> bool:
        if self._database.sqlite_path is not None:
            return self._identity() == last.identity
        return last.writes == self._writes and now < last.begun + SERVER_SECONDS

    def _start(self) -> Future[None]:
        with self._lock:
            if self._running is None or self._running.done():
                self._running = self._executor.submit(self._compare)
            return self._running

    def _compare(self) -> None:
        # Here, not above: it brings pandas, for which no start should wait.
        from api.db.dataset import read_dataset
        from api.db.fingerprint import dataset_fingerprint

        begun = time.monotonic()
        writes = self._writes
        identity = self._settled_identity()
        fingerprint: str | None = None
        try:
            with self._database.snapshot() as connection:
                fingerprint = dataset_fingerprint(read_dataset(connection))
        except (DatabaseError, SQLAlchemyError) as error:
            logger.warning("analytics count as stale, since the database cannot be read: %s", error)
        except Exception:
            logger.exception("analytics count as stale, since the comparison failed")
        self._last = _Comparison(identity, fingerprint, begun, time.monotonic(), writes)

    def _settled_identity(self) -> _Identity:
        """Return the identity once the file's times are older than a tick, so that they will tell.

        A file that never rests is taken as it is after a moment; the next write will show.
        """
        for _ in range(5):
            identity = self._identity()
            newest = max((part for part in identity if isinstance(part, int)), default=0)
            age = time.time_ns() - newest
            if not 0 <= age < _TICK_NS:
                break
            time.sleep((_TICK_NS - age) / 1e9)
        return identity

    def _identity(self) -> _Identity:
        path = self._database.sqlite_path
        if path is None:
            return ()
        return (*_stat(path), *_stat(path.with_name(path.name + "-wal")))


def _stat(path: Path) -> tuple[int | str, ...]:
    try:
        found = path.stat()
    except OSError:
        return ("none",)
    # A reader may leave an empty log behind: it holds nothing, and so is none. The size and inode
    # are text, so that the greatest number is the latest time.
    if found.st_size == 0:
        return ("none",)
    return (found.st_mtime_ns, f"{found.st_size}/{found.st_ino}")
