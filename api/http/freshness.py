"""Whether the published analytics match the present data.

The answer is a comparison of fingerprints, which reads the whole database. Reads must not wait for
that each time, so it is made only after something has been written:

- An embedded database shows a write by its file's size and time (and those of its write-ahead log).
- A database server names its state: the transactions whose writes a reader sees. A look every few
  seconds, and after each write through this process, shows whether that has changed.

Comparisons run one at a time, spaced to cost at most a tenth of a core. In between, after a write
that has not been compared yet, the published result counts as stale: it may be, and a reader can
look again. A comparison that takes long is not waited for.
"""

import logging
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from api.db.database import Database
from api.db.errors import DatabaseError
from api.db.fingerprint import database_fingerprint
from api.db.identity import read_database_id
from api.db.revision import server_revision
from api.http.problems import Problem
from api.storage.snapshots import Manifest, State

logger = logging.getLogger(__name__)

#: Seconds that readers wait for a comparison, from its begin, before the answer is "stale".
PATIENCE_SECONDS = 2.0
#: The minimum pause between two comparisons, in seconds and as a multiple of one's duration.
PAUSE_SECONDS = 1.0
PAUSE_FACTOR = 10
MAX_PAUSE_SECONDS = 60.0
#: Nobody waits for a comparison of more seconds of processor time than this: of a file as its size
#: suggests (20,000 recipes), of a server as the last one took.
LONG_SECONDS = 0.2
_BYTES_A_SECOND = 40_000_000
#: Seconds for which a look at a database server is valid.
SERVER_SECONDS = 3.0
#: A file's time is the kernel's last tick: two writes within one tick look alike.
_TICK_NS = 20_000_000

_Identity = tuple[object, ...]

#: Words for people, on every page that shows a snapshot's figures.
STALE = "Recipes have changed since this was computed. The next refresh updates it."
FOREIGN = (
    "The published analytics were computed from another database. The next refresh "
    "computes those of this one: POST /api/v1/analytics/refresh, or run: "
    "cocktaildb refresh"
)


@dataclass(frozen=True)
class _Comparison:
    identity: _Identity
    fingerprint: str | None  # None: the database could not be read
    begun: float
    ended: float
    processor: float  # seconds of the comparison's thread


@dataclass(frozen=True)
class _Look:
    identity: _Identity
    database_id: str | None  # None: the database could not be read
    at: float
    writes: int


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
        self._look: _Look | None = None
        self._writes = 0

    def note_write(self) -> None:
        """Record that this process has written."""
        with self._lock:
            self._writes += 1

    def begin(self) -> None:
        """Begin the first comparison, in the background."""
        self._start()

    def known(self, manifest: Manifest) -> State | None:
        """Return the state of a snapshot; None if it takes a look or a comparison.

        Costs at most two calls of ``stat``.
        """
        look = self._valid_look()
        if look is None:
            return None
        outdated = _outdated(manifest, look)
        if manifest.database_fingerprint is None:
            return outdated  # patched by hand: it matches no state of the database
        last = self._last
        if last is None:
            return None
        if last.fingerprint is not None and look.identity == last.identity:
            # The same rows are the same recipes, as after a migration.
            return "current" if last.fingerprint == manifest.database_fingerprint else outdated
        pause = max(self._pause, self._pause_factor * (last.ended - last.begun))
        if time.monotonic() < last.ended + min(pause, MAX_PAUSE_SECONDS):
            return outdated
        return None

    def compare(self, manifest: Manifest) -> State:
        """Return the state of a snapshot, comparing if necessary. Blocks.

        Never raises: if the database cannot be read, the snapshot counts as stale.
        """
        for _ in range(2):  # a running comparison may have begun before the latest write
            look = self._valid_look() or self._take_look()
            known = self.known(manifest)
            if known is not None:
                return known
            long = self.takes_long()
            running, begun = self._start()
            patience = 0.0 if long else begun + self._patience - time.monotonic()
            try:
                running.result(timeout=max(0.0, patience))
            except FutureTimeoutError:
                break
        return self.known(manifest) or _outdated(manifest, look)

    def require_own(self, manifest: Manifest) -> State:
        """Return a snapshot's state, and refuse one of another database.

        Raises
        ------
        Problem
            404.
        """
        state = self.compare(manifest)
        if state == "foreign":
            raise Problem(404, "Analytics of another database", FOREIGN)
        return state

    def _valid_look(self) -> _Look | None:
        """Return the last look at the database; None if something may have changed since."""
        look = self._look
        if look is None:
            return None
        if self._database.sqlite_path is not None:
            return look if look.identity == self._file_identity() else None
        recent = look.writes == self._writes and time.monotonic() <= look.at + SERVER_SECONDS
        return look if recent else None

    def _take_look(self) -> _Look:
        at, writes = time.monotonic(), self._writes
        identity = self._file_identity()
        database_id: str | None = None
        try:
            with self._database.snapshot() as connection:
                identity = identity or _server_identity(connection)
                database_id = read_database_id(connection)
        except (DatabaseError, SQLAlchemyError) as error:
            logger.warning("the id of the database cannot be read: %s", error)
        look = self._look = _Look(identity or _unknown(), database_id, at, writes)
        return look

    def takes_long(self) -> bool:
        """Return whether the next comparison takes longer than readers should wait."""
        last, path = self._last, self._database.sqlite_path
        if path is None:
            return last is not None and last.processor > LONG_SECONDS
        try:
            return path.stat().st_size > LONG_SECONDS * _BYTES_A_SECOND
        except OSError:
            return False

    def close(self) -> None:
        """Stop the thread."""
        self._executor.shutdown(wait=True, cancel_futures=True)

    def _start(self) -> tuple[Future[None], float]:
        """Return the running comparison and when it was begun, beginning one if none runs."""
        with self._lock:
            if self._running is None or self._running[0].done():
                self._running = self._executor.submit(self._compare), time.monotonic()
            return self._running

    def _compare(self) -> None:
        begun, writes = time.monotonic(), self._writes
        processor = time.thread_time()
        identity = self._settled_identity()
        fingerprint: str | None = None
        database_id: str | None = None
        try:
            with self._database.snapshot() as connection:
                identity = identity or _server_identity(connection)
                fingerprint = database_fingerprint(connection)
                database_id = read_database_id(connection)
        except (DatabaseError, SQLAlchemyError) as error:
            logger.warning(
                "analytics count as stale because the database cannot be read: %s", error
            )
        except Exception:
            logger.exception("analytics count as stale because the comparison failed")
        identity = identity or _unknown()
        processor = time.thread_time() - processor
        self._last = _Comparison(identity, fingerprint, begun, time.monotonic(), processor)
        look = self._look
        if self._database.sqlite_path is None and (look is None or look.at <= begun):
            self._look = _Look(identity, database_id, begun, writes)

    def _settled_identity(self) -> _Identity:
        """Return the identity once the file's times are older than a tick, so the next write shows.

        A file that is written all the time is accepted as it is after a moment.
        """
        for _ in range(5):
            identity = self._file_identity()
            newest = max((part for part in identity if isinstance(part, int)), default=0)
            age = time.time_ns() - newest
            if not 0 <= age < _TICK_NS:
                break
            time.sleep((_TICK_NS - age) / 1e9)
        return identity

    def _file_identity(self) -> _Identity:
        path = self._database.sqlite_path
        if path is None:
            return ()
        return (*_stat(path), *_stat(path.with_name(path.name + "-wal")))


def _outdated(manifest: Manifest, look: _Look) -> State:
    """Return what a snapshot is that is not of the present data."""
    return "foreign" if manifest.is_foreign_to(look.database_id) else "stale"


def _server_identity(connection: Connection) -> _Identity:
    state = server_revision(connection)
    return () if state is None else (state,)


def _unknown() -> _Identity:
    """Return the identity of a state that equals no other."""
    return (object(),)


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
