"""Whether the published analytics match the present data.

The answer is a comparison of fingerprints, which reads the whole database. Reads must not wait for
that each time, so it is made only after something has been written:

- An embedded database shows a write by its file's size and time (and those of its write-ahead log).
- A database server shows nothing: a comparison is valid for a few seconds, or until a write through
  this process.

Comparisons run one at a time, spaced to cost at most a tenth of a core. In between, after a write
that has not been compared yet, the published result counts as stale: it may be, and a reader can
look again.
"""

import logging
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sqlalchemy.exc import SQLAlchemyError

from api.db.database import Database
from api.db.errors import DatabaseError
from api.db.identity import read_database_id
from api.http.problems import Problem
from api.storage.snapshots import Manifest

logger = logging.getLogger(__name__)

#: Seconds that readers wait for a comparison, from its begin, before the answer is "stale".
PATIENCE_SECONDS = 2.0
#: The minimum pause between two comparisons, in seconds and as a multiple of one's duration.
PAUSE_SECONDS = 1.0
PAUSE_FACTOR = 10
MAX_PAUSE_SECONDS = 60.0
#: Seconds for which a comparison with a database server is valid.
SERVER_SECONDS = 3.0
#: A file's time is the kernel's last tick: two writes within one tick look alike.
_TICK_NS = 20_000_000

_Identity = tuple[object, ...]

#: Of the current recipes, of earlier ones, or of another database.
State = Literal["current", "stale", "foreign"]


@dataclass(frozen=True)
class _Comparison:
    identity: _Identity
    fingerprint: str | None  # None: the database could not be read
    begun: float
    ended: float
    writes: int


@dataclass(frozen=True)
class _DatabaseId:
    identity: _Identity
    database_id: str | None  # None: the database could not be read
    at: float


class Freshness:
    """Compares the database with a snapshot's fingerprint, as rarely as possible.

    Parameters
    ----------
    database
        The recipe database.
    patience
        Seconds after a comparison's begin until which :meth:`compare` waits for it: of a large
        database it takes longer, and not every reader waits anew.
    pause, pause_factor
        The minimum pause between two comparisons: in seconds, and as a multiple of one's duration.
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
        self._running: tuple[Future[None], float] | None = None
        self._last: _Comparison | None = None
        self._id: _DatabaseId | None = None
        self._writes = 0

    def note_write(self) -> None:
        """Record that this process has written."""
        with self._lock:
            self._writes += 1

    def known(self, manifest: Manifest) -> State | None:
        """Return the state of a snapshot; None if it takes a comparison.

        Costs at most two calls of ``stat``.
        """
        own = self._is_own(manifest)
        if own is None:
            return None
        outdated: State = "stale" if own else "foreign"
        if manifest.database_fingerprint is None:
            return outdated  # patched by hand: it matches no state of the database
        last = self._last
        if last is None:
            return None
        now = time.monotonic()
        if last.fingerprint is not None and self._still_holds(last, now):
            # The same rows are the same recipes, as after a migration.
            return "current" if last.fingerprint == manifest.database_fingerprint else outdated
        pause = max(self._pause, self._pause_factor * (last.ended - last.begun))
        if now < last.ended + min(pause, MAX_PAUSE_SECONDS):
            return outdated
        return None

    def compare(self, manifest: Manifest) -> State:
        """Return the state of a snapshot, comparing if necessary. Blocks.

        Never raises: if the database cannot be read, the snapshot counts as stale.
        """
        self._read_id()
        for _ in range(2):  # a running comparison may have begun before the latest write
            known = self.known(manifest)
            if known is not None:
                return known
            running, begun = self._start()
            try:
                running.result(timeout=max(0.0, begun + self._patience - time.monotonic()))
            except FutureTimeoutError:
                break
        known = self.known(manifest)
        return known or ("foreign" if self._is_own(manifest) is False else "stale")

    def require_own(self, manifest: Manifest) -> None:
        """Refuse a snapshot of another database.

        Raises
        ------
        Problem
            404.
        """
        if self.compare(manifest) == "foreign":
            raise Problem(
                404,
                "Analytics of another database",
                "The published analytics were computed from another database. The next refresh "
                "computes those of this one: POST /api/v1/analytics/refresh, or run: "
                "cocktaildb refresh",
            )

    def _is_own(self, manifest: Manifest) -> bool | None:
        """Return whether a snapshot is of this database; None if its id has to be read again."""
        read = self._id
        if read is None or read.identity != self._identity():
            return None
        if self._database.sqlite_path is None and time.monotonic() > read.at + SERVER_SECONDS:
            return None
        return not manifest.is_foreign_to(read.database_id)

    def _read_id(self) -> None:
        identity = self._identity()
        read = self._id
        if (
            read is not None
            and read.identity == identity
            and (
                self._database.sqlite_path is not None
                or time.monotonic() <= read.at + SERVER_SECONDS
            )
        ):
            return
        database_id: str | None = None
        try:
            with self._database.snapshot() as connection:
                database_id = read_database_id(connection)
        except (DatabaseError, SQLAlchemyError) as error:
            logger.warning("the id of the database cannot be read: %s", error)
        self._id = _DatabaseId(identity, database_id, time.monotonic())

    def close(self) -> None:
        """Stop the thread."""
        self._executor.shutdown(wait=True, cancel_futures=True)

    def _still_holds(self, last: _Comparison, now: float) -> bool:
        if self._database.sqlite_path is not None:
            return self._identity() == last.identity
        return last.writes == self._writes and now < last.begun + SERVER_SECONDS

    def _start(self) -> tuple[Future[None], float]:
        """Return the running comparison and when it was begun, beginning one if none runs."""
        with self._lock:
            if self._running is None or self._running[0].done():
                self._running = self._executor.submit(self._compare), time.monotonic()
            return self._running

    def _compare(self) -> None:
        # Here, not at the top: it imports pandas, which would delay the start.
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
            logger.warning(
                "analytics count as stale because the database cannot be read: %s", error
            )
        except Exception:
            logger.exception("analytics count as stale because the comparison failed")
        self._last = _Comparison(identity, fingerprint, begun, time.monotonic(), writes)

    def _settled_identity(self) -> _Identity:
        """Return the identity once the file's times are older than a tick, so the next write shows.

        A file that is written all the time is accepted as it is after a moment.
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
    # A reader may leave an empty log behind, which is as good as none. Size and inode are text, so
    # that the greatest number is the latest time.
    if found.st_size == 0:
        return ("none",)
    return (found.st_mtime_ns, f"{found.st_size}/{found.st_ino}")
