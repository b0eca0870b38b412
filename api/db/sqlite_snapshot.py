"""One consistent view of a SQLite file on any mount, with any concurrent writers.

Two methods, tried in this order:

*In place.* ``mode=ro`` and one read transaction. SQLite's own locks keep the view consistent.

*From a private copy.* On a read-only mount the first method fails whenever SQLite has to write: a
WAL-mode file needs its ``-shm`` index, and a crashed writer's journal must be rolled back
(https://www.sqlite.org/wal.html#read_only_databases, https://www.sqlite.org/lockingv3.html). The
``immutable=1`` flag opens such a file, but it ignores the WAL and the journal, so it can show
stale or half-written pages. Instead the file and its ``-wal`` or ``-journal`` are copied and the
copy is opened normally: SQLite then recovers it as after a crash.

The copy is consistent because the file is read twice and the copy used only if both readings are
identical. A page written between the readings makes them differ. A transaction in progress during
both readings keeps its journal (or its WAL frames) in place during both, so the copy has what
recovery needs: SQLite syncs these before it changes the database file.
"""

import hashlib
import logging
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from api.db.errors import DatabaseError
from api.db.sqlite_connection import TrackedConnection

logger = logging.getLogger(__name__)

#: How long to wait for a writer's lock before falling back to a copy.
BUSY_TIMEOUT_SECONDS = 10.0
#: Attempts to get two identical readings, and the shortest and longest pause between them.
COPY_ATTEMPTS = 20
COPY_PAUSE_SECONDS = (0.01, 1.0)
_COMPANIONS = ("-wal", "-journal")
_CHUNK_BYTES = 1 << 20


@contextmanager
def open_snapshot(path: Path) -> Iterator[sqlite3.Connection]:
    """Open ``path`` read-only and verify that it is readable; the caller begins one transaction.

    Raises
    ------
    DatabaseError
        If the file is missing, not an SQLite database, damaged, or always changing.
    """
    if not path.is_file():
        raise DatabaseError(
            f"No database at {path}. Set DB_PATH to an existing SQLite file, "
            f"or create one with: cocktaildb db init"
        )
    try:
        connection = open_in_place(path)
    except sqlite3.OperationalError as error:
        logger.info("%s cannot be read in place (%s): reading a private copy", path, error)
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        raise _unreadable(path, error) from error
    else:
        with closing(connection):
            yield connection
        return

    with tempfile.TemporaryDirectory(prefix="cocktaildb-") as directory:
        copy = Path(directory) / "snapshot.db"
        _copy_when_stable(path, copy)
        try:
            connection = _open(f"file:{quote(str(copy))}?mode=rw")
            damage = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            raise _unreadable(path, error) from error
        with closing(connection):
            if damage != "ok":
                raise _unreadable(path, damage)
            yield connection


def open_in_place(path: Path) -> sqlite3.Connection:
    """Open a file read-only, whoever writes it; raises what sqlite3 raises."""
    return _open(f"file:{quote(str(path.absolute()))}?mode=ro")


def _open(uri: str) -> sqlite3.Connection:
    # isolation_level=None: only the caller issues BEGIN, never the driver.
    # check_same_thread=False: SQLAlchemy's pool may use the connection from another thread.
    connection = sqlite3.connect(
        uri,
        uri=True,
        isolation_level=None,
        timeout=BUSY_TIMEOUT_SECONDS,
        check_same_thread=False,
        factory=TrackedConnection,
    )
    try:
        connection.execute("PRAGMA query_only = 1")
        # Opening is lazy: only a first read shows whether the file can be locked and recovered.
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


def _copy_when_stable(source: Path, target: Path) -> None:
    pause, longest = COPY_PAUSE_SECONDS
    for _ in range(COPY_ATTEMPTS):
        try:
            first = _read(source, target)
            if first == _read(source, None):
                return
        except OSError as error:
            raise DatabaseError(
                f"{source} cannot be copied for reading: {error}. "
                f"Check its permissions and the free space of {tempfile.gettempdir()}."
            ) from error
        logger.info("%s changed while it was copied: trying again in %.2f s", source, pause)
        time.sleep(pause)
        pause = min(1.7 * pause, longest)
    raise DatabaseError(
        f"{source} changed during each of {COPY_ATTEMPTS} attempts to copy it. "
        f"Try again when fewer writes are in progress."
    )


def _read(source: Path, target: Path | None) -> list[bytes | None]:
    """Digest the file and its companions, copying them to ``target`` if given."""
    digests: list[bytes | None] = []
    for suffix in ("", *_COMPANIONS):
        part = source.with_name(source.name + suffix)
        copy = target.with_name(target.name + suffix) if target else None
        if copy:
            copy.unlink(missing_ok=True)
        try:
            stream = part.open("rb")
        except FileNotFoundError:
            digests.append(None)
            continue
        digest = hashlib.blake2b()
        with stream, copy.open("wb") if copy else _discard() as out:
            while chunk := stream.read(_CHUNK_BYTES):
                digest.update(chunk)
                if out:
                    out.write(chunk)
        digests.append(digest.digest())
    return digests


@contextmanager
def _discard() -> Iterator[None]:
    yield None


def _unreadable(path: Path, reason: object) -> DatabaseError:
    return DatabaseError(
        f"{path} is not a readable SQLite database ({reason}). "
        f"Restore it from a backup, or point DB_PATH at another file."
    )
