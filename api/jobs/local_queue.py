"""Refreshes that wait on this machine: the local twin of the Batch job queue.

One SQLite file, in which each operation is one transaction that has the write lock from its start:
processes that submit at the same instant are put in a row, and each decides over what the one
before it has left. The rule is that of :mod:`api.jobs.coalescing`.

Whether a worker lives is told by a lock that it holds on a file beside the queue until it ends. The
kernel releases it, however the worker ends; neither a process id, which comes again, nor a clock,
which may be set, has a say.
"""

import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from api.jobs.coalescing import Job, JobStatus, decide

#: How often a refresh is begun before it is given up: as on Batch.
MAX_ATTEMPTS = 3

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
    detail TEXT
)
"""
_COLUMNS = "job_id, status, submitted_at, started_at, finished_at, attempt, detail"


class QueueError(Exception):
    """The queue cannot be used; the message says why and what helps."""


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
        ``RUNNABLE``, ``RUNNING``, ``SUCCEEDED`` or ``FAILED``.
    submitted_at, started_at, finished_at
        When it was asked for, was last begun, and ended (UTC).
    attempt
        How often it was begun.
    detail
        What came of it, for people; None before.
    """

    job_id: str
    status: JobStatus
    submitted_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    attempt: int
    detail: str | None


@dataclass(frozen=True)
class Submission:
    """What a trigger led to.

    Attributes
    ----------
    job
        The job that will refresh.
    absorbed
        Whether it waited already; False if it was made for this trigger.
    """

    job: QueuedJob
    absorbed: bool


class LocalQueue:
    """Refreshes that wait on this machine.

    Parameters
    ----------
    path
        The queue's file; made with the first submission.

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
        """Ask for a refresh that reads the database later than now.

        Raises
        ------
        QueueError
            If the queue cannot be written.
        """
        with _transaction(self.path) as connection:
            jobs = {job.job_id: job for job in _select(connection, "finished_at IS NULL")}
            waiting = decide(Job(job.job_id, job.status) for job in jobs.values()).absorbed_by
            if waiting is not None:
                return Submission(jobs[waiting.job_id], absorbed=True)
            job = QueuedJob(str(uuid.uuid4()), JobStatus.RUNNABLE, _now(), None, None, 0, None)
            connection.execute(
                "INSERT INTO refresh_jobs (job_id, status, submitted_at) VALUES (?, ?, ?)",
                (job.job_id, job.status, job.submitted_at.isoformat()),
            )
            return Submission(job, absorbed=False)

    def jobs(self, limit: int = HISTORY) -> list[QueuedJob]:
        """Return the jobs, newest first; none where nothing was ever submitted.

        Raises
        ------
        QueueError
            If the queue cannot be read.
        """
        with _reading(self.path) as connection:
            return [] if connection is None else _select(connection, "1", limit)

    def job(self, job_id: str) -> QueuedJob | None:
        """Return one job; None if there is none of that id, or its history has been dropped."""
        with _reading(self.path) as connection:
            return None if connection is None else _one(connection, job_id)

    @contextmanager
    def owned(self) -> Iterator["OwnedQueue"]:
        """Hold the queue as its only worker.

        A job that a dead worker left running goes back to waiting, or is given up after
        :data:`MAX_ATTEMPTS`.

        Raises
        ------
        QueueOwnedError
            If another worker holds it.
        QueueError
            If the queue cannot be written.
        """
        lock = FileLock(self.path.with_name(f"{self.path.name}.lock"), timeout=0)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            lock.acquire()
        except Timeout as error:
            raise QueueOwnedError(
                f"Another worker serves {self.path}: it will run what waits. To run a second one, "
                f"give it a queue of its own with REFRESH_QUEUE."
            ) from error
        except (OSError, NotImplementedError) as error:
            raise _unusable(self.path, error) from error
        try:
            owned = OwnedQueue(self.path)
            owned.requeue_abandoned()
            yield owned
        finally:
            lock.release()


class OwnedQueue:
    """What only the worker that holds the queue may do; see :meth:`LocalQueue.owned`."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def claim(self) -> QueuedJob | None:
        """Take the job that has waited longest; None if none waits.

        It is RUNNING from here on, before anything has read the database for it: a change that
        comes later asks for a job of its own, and none is taken for read that was not.
        """
        with _transaction(self._path) as connection:
            waiting = _select(connection, "status = 'RUNNABLE'", oldest_first=True, limit=1)
            if not waiting:
                return None
            job_id = waiting[0].job_id
            connection.execute(
                "UPDATE refresh_jobs SET status = ?, started_at = ?, attempt = attempt + 1, "
                "detail = NULL WHERE job_id = ?",
                (JobStatus.RUNNING, _now().isoformat(), job_id),
            )
            return _one(connection, job_id)

    def finish(self, job_id: str, status: JobStatus, detail: str) -> None:
        """Record how a job ended, and drop the oldest history."""
        with _transaction(self._path) as connection:
            _end(connection, job_id, status, detail)

    def interrupt(self, job_id: str, detail: str, *, own_fault: bool = True) -> JobStatus:
        """Let a job wait again that did not come to its end, and return its state.

        Parameters
        ----------
        job_id
            The job.
        detail
            What happened, for people.
        own_fault
            Whether this attempt counts towards :data:`MAX_ATTEMPTS`. One that was stopped on
            request does not.
        """
        with _transaction(self._path) as connection:
            return _interrupt(connection, job_id, detail, own_fault)

    def requeue_abandoned(self) -> None:
        """Let what a dead worker left running wait again."""
        with _transaction(self._path) as connection:
            for job in _select(connection, "status = 'RUNNING'"):
                _interrupt(connection, job.job_id, "its worker died", True)


def _interrupt(
    connection: sqlite3.Connection, job_id: str, detail: str, own_fault: bool
) -> JobStatus:
    job = _one(connection, job_id)
    if job is None:
        raise QueueError(f"There is no job {job_id} in the queue.")
    if own_fault and job.attempt >= MAX_ATTEMPTS:
        _end(
            connection, job_id, JobStatus.FAILED, f"given up after {job.attempt} attempts: {detail}"
        )
        return JobStatus.FAILED
    connection.execute(
        "UPDATE refresh_jobs SET status = ?, attempt = ?, detail = ? WHERE job_id = ?",
        (JobStatus.RUNNABLE, job.attempt if own_fault else job.attempt - 1, detail, job_id),
    )
    return JobStatus.RUNNABLE


def _end(connection: sqlite3.Connection, job_id: str, status: JobStatus, detail: str) -> None:
    connection.execute(
        "UPDATE refresh_jobs SET status = ?, finished_at = ?, detail = ? WHERE job_id = ?",
        (status, _now().isoformat(), detail, job_id),
    )
    connection.execute(
        "DELETE FROM refresh_jobs WHERE finished_at IS NOT NULL AND number NOT IN ("
        "SELECT number FROM refresh_jobs WHERE finished_at IS NOT NULL "
        "ORDER BY number DESC LIMIT ?)",
        (HISTORY,),
    )


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


def _job(row: tuple[str, str, str, str | None, str | None, int, str | None]) -> QueuedJob:
    job_id, status, submitted_at, started_at, finished_at, attempt, detail = row
    return QueuedJob(
        job_id=job_id,
        status=JobStatus(status),
        submitted_at=datetime.fromisoformat(submitted_at),
        started_at=None if started_at is None else datetime.fromisoformat(started_at),
        finished_at=None if finished_at is None else datetime.fromisoformat(finished_at),
        attempt=attempt,
        detail=detail,
    )


def _now() -> datetime:
    return datetime.now(UTC)


@contextmanager
def _transaction(path: Path) -> Iterator[sqlite3.Connection]:
    """Open the queue for one transaction that nobody else's can come between."""
    with _reporting(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    with _connection(path, "rwc") as connection:
        connection.execute("BEGIN IMMEDIATE")
        try:
            connection.execute(_SCHEMA)
            yield connection
        except BaseException:
            connection.rollback()
            raise
        connection.commit()


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection | None]:
    """Open the queue to read it, which needs no permission to write; None if it holds nothing."""
    if not path.exists():
        yield None
        return
    # Not "ro": that could not undo what a process killed in the middle of a commit has left.
    with _connection(path, "rw") as connection:
        made = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'refresh_jobs'")
        yield None if made.fetchone() is None else connection


@contextmanager
def _connection(path: Path, mode: str) -> Iterator[sqlite3.Connection]:
    """Connect for one operation.

    A connection of its own each time costs a fraction of a millisecond, and none is ever used by
    two threads or carried through a fork. The rollback journal, SQLite's default, and not the
    write-ahead log: switching a new file over can fail when two processes do it at once, and here
    nobody reads for long.
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
        remedy = "Remove it, and trigger a refresh anew."
    else:
        remedy = "Check its permissions and the free space, or set REFRESH_QUEUE to another file."
    return QueueError(f"The refresh queue {path} cannot be used: {error}. {remedy}")
