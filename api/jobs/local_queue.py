"""Refreshes that wait on this machine: the local twin of the Batch job queue.

One SQLite file, in which each operation is one transaction that takes the write lock at its start:
processes that submit at the same instant are serialized, and each decides on the state that the
previous one left. The rule is that of :mod:`api.jobs.coalescing`.

A lock on a file beside the queue marks its worker as alive. The worker's refresh inherits the lock,
so the queue has an owner until both have ended, and no two refreshes of one queue ever run at once.
Neither a process id, which may be reused, nor a clock, which may be set, is involved.
"""

import os
import sqlite3
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from api.jobs.coalescing import Job, JobStatus, decide
from api.storage.file_lock import FileLock, LockHeldError, LocksUnsupportedError
from api.storage.permissions import FILE_MODE, make_directory

#: Ended jobs that are kept for people to look at.
HISTORY = 100

#: How long to wait for other processes' transactions, each of which takes milliseconds.
_BUSY_SECONDS = 10.0

_SCHEMA = """
CREATE TABLE IF NOT EXISTS refresh_jobs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    job_id TEXT NOT NULL UNIQUE,
    status TEXT NOT NULL,
    submitted_at TEXT NOT NULL,
    started_at TEXT,
    finished_at TEXT,
    attempt INTEGER NOT NULL DEFAULT 0,
    detail TEXT,
    failures INTEGER NOT NULL DEFAULT 0,
    requests INTEGER NOT NULL DEFAULT 1
)
"""
#: Columns that queues of earlier releases lack.
_ADDED_COLUMNS = {
    "failures": "INTEGER NOT NULL DEFAULT 0",
    "requests": "INTEGER NOT NULL DEFAULT 1",
}
_COLUMNS = (
    "job_id, status, submitted_at, started_at, finished_at, attempt, detail, failures, requests"
)
_Row = tuple[str, str, str, str | None, str | None, int, str | None, int, int]


class QueueError(Exception):
    """The queue cannot be used. The message gives the reason and the remedy."""


class QueueOwnedError(QueueError):
    """Another worker serves the queue."""


@dataclass(frozen=True)
class QueuedJob:
    """A refresh in the local queue.

    Attributes
    ----------
    job_id
        Its id.
    status
        ``RUNNABLE``, ``RUNNING`` or ``SUCCEEDED``; ``FAILED`` only where it was abandoned.
    submitted_at, started_at, finished_at
        When it was submitted, last started, and ended (UTC); for people only.
    attempt
        How often it was started.
    detail
        How its last attempt ended, for people; None before.
    failures
        How many attempts failed or crashed in a row. Being stopped, or losing the worker, is not
        the job's failure.
    requests
        How many triggers it answers.
    """

    job_id: str
    status: JobStatus
    submitted_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    attempt: int = 0
    detail: str | None = None
    failures: int = 0
    requests: int = 1


@dataclass(frozen=True)
class Submission:
    """The result of a trigger.

    Attributes
    ----------
    job
        The job that will refresh.
    absorbed
        Whether it was waiting already; False if it was created for this trigger.
    """

    job: QueuedJob
    absorbed: bool


class LocalQueue:
    """Refreshes that wait on this machine.

    Parameters
    ----------
    path
        The queue's file; created by the first submission.

    Examples
    --------
    >>> import tempfile
    >>> queue = LocalQueue(Path(tempfile.mkdtemp()) / "queue.db")
    >>> queue.submit().absorbed, queue.submit().absorbed
    (False, True)
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def __repr__(self) -> str:
        return f"LocalQueue({str(self.path)!r})"

    def submit(self) -> Submission:
        """Request a refresh that reads the database later than now.

        Raises
        ------
        QueueError
            If the queue cannot be written.
        """
        with _transaction(self.path) as connection:
            jobs = _select(connection, "finished_at IS NULL")
            waiting = decide(Job(job.job_id, job.status) for job in jobs).absorbed_by
            if waiting is not None:
                connection.execute(
                    "UPDATE refresh_jobs SET requests = requests + 1 WHERE job_id = ?",
                    (waiting.job_id,),
                )
                return Submission(_known(connection, waiting.job_id), absorbed=True)
            job = QueuedJob(str(uuid.uuid4()), JobStatus.RUNNABLE, _now())
            connection.execute(
                "INSERT INTO refresh_jobs (job_id, status, submitted_at) VALUES (?, ?, ?)",
                (job.job_id, job.status, job.submitted_at.isoformat()),
            )
            return Submission(job, absorbed=False)

    def jobs(self, limit: int = HISTORY) -> list[QueuedJob]:
        """Return the jobs, newest first; none if nothing was ever submitted.

        Raises
        ------
        QueueError
            If the queue cannot be read.
        """
        with _reading(self.path) as connection:
            return [] if connection is None else _select(connection, "1", limit)

    def job(self, job_id: str) -> QueuedJob | None:
        """Return one job; None if there is no such id, or its history has been dropped."""
        with _reading(self.path) as connection:
            return None if connection is None else _one(connection, job_id)

    @contextmanager
    def owned(self) -> Iterator["OwnedQueue"]:
        """Hold the queue as its only worker.

        A job that a dead worker left running goes back to waiting: its process, which shared the
        worker's lock, has ended too.

        Raises
        ------
        QueueOwnedError
            If another worker holds it, or a refresh of a worker that died has not ended yet.
        QueueError
            If the queue cannot be written.
        """
        try:
            make_directory(self.path.parent)
            lock = FileLock(self.path.with_name(f"{self.path.name}.lock")).acquire()
        except LockHeldError as error:
            raise QueueOwnedError(
                f"Another worker serves {self.path} and will run what waits. To run a second one, "
                f"give it its own queue with REFRESH_QUEUE."
            ) from error
        except LocksUnsupportedError as error:
            raise QueueError(
                f"The file system of {self.path} has no working locks ({error.strerror}), so "
                f"workers cannot exclude each other. Set REFRESH_QUEUE to a file on a local disk."
            ) from error
        except OSError as error:
            raise _unusable(self.path, error) from error
        try:
            owned = OwnedQueue(self.path, lock.fileno())
            owned.requeue_abandoned()
            yield owned
        finally:
            lock.release()


class OwnedQueue:
    """Operations reserved to the worker that holds the queue; see :meth:`LocalQueue.owned`.

    Attributes
    ----------
    lock_descriptor
        The descriptor to pass to a refresh, which then holds the queue until it ends.
    """

    def __init__(self, path: Path, lock_descriptor: int) -> None:
        self._path = path
        self.lock_descriptor = lock_descriptor

    def claim(self, is_due: Callable[[QueuedJob], bool] = lambda job: True) -> QueuedJob | None:
        """Take the job that has waited longest, if it is due; None if none is.

        It is RUNNING from here on, before anything has read the database for it: a later change
        creates a job of its own, and none is mistaken for read.
        """
        with _reading(self._path) as connection:
            # Looking first takes no write lock, twice a second.
            if connection is None or not _waiting(connection):
                return None
        with _transaction(self._path) as connection:
            waiting = _waiting(connection)
            if not waiting or not is_due(waiting[0]):
                return None
            job_id = waiting[0].job_id
            connection.execute(
                "UPDATE refresh_jobs SET status = ?, started_at = ?, attempt = attempt + 1 "
                "WHERE job_id = ?",
                (JobStatus.RUNNING, _now().isoformat(), job_id),
            )
            return _one(connection, job_id)

    def succeed(self, job_id: str, detail: str) -> QueuedJob:
        """Record that a job has published, drop the oldest history, and return the job."""
        with _transaction(self._path) as connection:
            connection.execute(
                "UPDATE refresh_jobs SET status = ?, finished_at = ?, detail = ?, failures = 0 "
                "WHERE job_id = ?",
                (JobStatus.SUCCEEDED, _now().isoformat(), detail, job_id),
            )
            connection.execute(
                "DELETE FROM refresh_jobs WHERE finished_at IS NOT NULL AND number NOT IN ("
                "SELECT number FROM refresh_jobs WHERE finished_at IS NOT NULL "
                "ORDER BY number DESC LIMIT ?)",
                (HISTORY,),
            )
            return _known(connection, job_id)

    def requeue(self, job_id: str, detail: str, *, failed: bool) -> QueuedJob:
        """Let a job that has not published wait again.

        Parameters
        ----------
        job_id
            The job.
        detail
            What happened, for people.
        failed
            Whether the attempt failed or crashed by itself, which makes the next wait longer.
        """
        with _transaction(self._path) as connection:
            return _requeue(connection, job_id, detail, failed=failed)

    def requeue_abandoned(self) -> None:
        """Let jobs that a dead worker left running wait again."""
        with _transaction(self._path) as connection:
            for job in _select(connection, "status = 'RUNNING'"):
                _requeue(connection, job.job_id, "its worker died", failed=False)


def _requeue(
    connection: sqlite3.Connection, job_id: str, detail: str, *, failed: bool
) -> QueuedJob:
    connection.execute(
        "UPDATE refresh_jobs SET status = ?, detail = ?, failures = failures + ? WHERE job_id = ?",
        (JobStatus.RUNNABLE, detail, int(failed), job_id),
    )
    return _known(connection, job_id)


def _known(connection: sqlite3.Connection, job_id: str) -> QueuedJob:
    job = _one(connection, job_id)
    if job is None:
        raise QueueError(f"There is no job {job_id} in the queue.")
    return job


def _waiting(connection: sqlite3.Connection) -> list[QueuedJob]:
    return _select(connection, "status = 'RUNNABLE'", oldest_first=True, limit=1)


def _select(
    connection: sqlite3.Connection,
    condition: str,
    limit: int = -1,
    *,
    oldest_first: bool = False,
) -> list[QueuedJob]:
    """Return jobs under a condition, which is one of this module's own literals."""
    order = "ASC" if oldest_first else "DESC"
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM refresh_jobs WHERE {condition} "  # noqa: S608
        f"ORDER BY number {order} LIMIT ?",
        (limit,),
    )
    return [_job(row) for row in rows]


def _one(connection: sqlite3.Connection, job_id: str) -> QueuedJob | None:
    row = connection.execute(
        f"SELECT {_COLUMNS} FROM refresh_jobs WHERE job_id = ?",  # noqa: S608
        (job_id,),
    ).fetchone()
    return None if row is None else _job(row)


def _job(row: _Row) -> QueuedJob:
    job_id, status, submitted_at, started_at, finished_at, attempt, detail, failures, requests = row
    try:
        return QueuedJob(
            job_id=job_id,
            status=JobStatus(status),
            submitted_at=datetime.fromisoformat(submitted_at),
            started_at=None if started_at is None else datetime.fromisoformat(started_at),
            finished_at=None if finished_at is None else datetime.fromisoformat(finished_at),
            attempt=int(attempt),
            detail=detail,
            failures=int(failures),
            requests=int(requests),
        )
    except (TypeError, ValueError) as error:
        raise sqlite3.DatabaseError(f"job {job_id!r} is damaged: {error}") from error


def _now() -> datetime:
    return datetime.now(UTC)


@contextmanager
def _transaction(path: Path) -> Iterator[sqlite3.Connection]:
    """Open the queue for one transaction that excludes all others."""
    with _reporting(path):
        make_directory(path.parent)
        # SQLite would create it readable by everybody; its journal takes the file's mode. Never
        # open a file that exists: closing it would release this process's SQLite locks on it.
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE))
    with _connection(path, "rw") as connection:
        connection.execute("BEGIN IMMEDIATE")
        try:
            connection.execute(_SCHEMA)
            _add_columns(connection)
            yield connection
        except BaseException:
            connection.rollback()
            raise
        connection.commit()


def _columns(connection: sqlite3.Connection) -> set[str]:
    return {row[1] for row in connection.execute("PRAGMA table_info(refresh_jobs)")}


def _add_columns(connection: sqlite3.Connection) -> None:
    for name in _ADDED_COLUMNS.keys() - _columns(connection):
        connection.execute(f"ALTER TABLE refresh_jobs ADD COLUMN {name} {_ADDED_COLUMNS[name]}")


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection | None]:
    """Open the queue for reading, which needs no permission to write; None if it is empty."""
    if not path.exists():
        yield None
        return
    # Not "ro": that could not roll back what a process killed in the middle of a commit left.
    with _connection(path, "rw") as connection:
        present = _columns(connection)
        if present and not _ADDED_COLUMNS.keys() <= present:
            # A queue of an earlier release, which its next writer will migrate.
            connection.execute(
                "CREATE TEMP TABLE refresh_jobs AS "
                "SELECT *, 0 AS failures, 1 AS requests FROM main.refresh_jobs"
            )
        yield connection if present else None


@contextmanager
def _connection(path: Path, mode: str) -> Iterator[sqlite3.Connection]:
    """Connect for one operation.

    A connection per operation costs a fraction of a millisecond, and none is ever shared by two
    threads or carried through a fork. The rollback journal, SQLite's default, and not the
    write-ahead log: switching a new file over can fail when two processes do it at once, and no
    reader takes long here.
    """
    with (
        _reporting(path),
        closing(
            sqlite3.connect(
                f"{path.absolute().as_uri()}?mode={mode}",
                uri=True,
                timeout=_BUSY_SECONDS,
                isolation_level=None,
            )
        ) as connection,
    ):
        yield connection


@contextmanager
def _reporting(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise _unusable(path, error) from error


def _unusable(path: Path, error: Exception) -> QueueError:
    if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError):
        remedy = "Remove it; a running worker requests the refresh that it held."
    else:
        remedy = "Check its permissions and the free space, or set REFRESH_QUEUE to another file."
    return QueueError(f"The refresh queue {path} cannot be used: {error}. {remedy}")
