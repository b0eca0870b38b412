"""Runs the refreshes that wait in the local queue: what AWS Batch does, on one machine.

Each refresh is a process of its own, the very command of the Batch job: its memory returns to the
machine when it ends, and nothing that happens to it affects the worker, or the server that the
worker runs in.

Every committed write ends up in a snapshot. A refresh that fails waits and is tried again until it
publishes; and at its start and every few minutes the worker compares the current snapshot with the
database and submits a refresh if it is stale or damaged, so that no lost request is lost for good.
"""

import logging
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from types import FrameType
from typing import Any

from api.jobs.coalescing import JobStatus
from api.jobs.local_queue import LocalQueue, OwnedQueue, QueuedJob, QueueError, QueueOwnedError
from api.jobs.reconcile import CHECK_COMMAND, Reconciliation
from api.jobs.refresh_process import REFRESH_COMMAND, Ending, run_refresh, start_refresh
from api.jobs.retry import RetrySchedule
from api.jobs.spare import SpareRefresh
from api.settings import Settings

logger = logging.getLogger(__name__)

#: How often to look at the queue, and to compare the snapshot with the database, in seconds.
POLL_SECONDS = 0.05
CHECK_SECONDS = 600.0

_TICK_SECONDS = 0.1
_RETRY_SECONDS = 5.0

#: The settings that a refresh reads. It gets those of its worker, which need not be those of the
#: environment.
_REFRESH_SETTINGS = (
    "database_url",
    "db_path",
    "db_name",
    "analytics_bucket",
    "analytics_dir",
    "analytics_prefix",
    "analytics_keep",
)


def run_worker(
    settings: Settings,
    *,
    stopping: Callable[[], bool],
    once: bool = False,
    poll_seconds: float = POLL_SECONDS,
    check_seconds: float = CHECK_SECONDS,
    on_attempt: Callable[[QueuedJob], None] = lambda job: None,
    command: Sequence[str] = REFRESH_COMMAND,
    check_command: Sequence[str] = CHECK_COMMAND,
    spare_seconds: float = 0.0,
) -> None:
    """Run what waits and what arrives, one refresh after the other.

    Parameters
    ----------
    settings
        The queue, and what the refreshes read and write.
    stopping
        Called several times a second; when it returns True, a running refresh is stopped and goes
        back to waiting, and the worker ends.
    once
        Try what waits now, each job once, and end; compare nothing.
    poll_seconds, check_seconds
        How often to look at the queue, and to compare the snapshot with the database.
    on_attempt
        Called after each attempt that was not stopped: the job has SUCCEEDED, or is RUNNABLE again
        with the reason in its ``detail``.
    command
        The refresh; see :func:`~api.jobs.refresh_process.start_refresh`.
    check_command
        The comparison; see :mod:`api.jobs.reconcile`.
    spare_seconds
        How long the next refresh's process is kept ready; see :mod:`api.jobs.spare`.

    Raises
    ------
    QueueOwnedError
        If another worker serves the queue.
    QueueError
        If the queue cannot be used.
    """
    queue = LocalQueue(settings.refresh_queue)
    environment = {**os.environ, **_environment(settings)}
    schedule = RetrySchedule()
    reconciliation = Reconciliation(check_command, environment)
    next_check = time.monotonic()
    with queue.owned() as owned, ExitStack() as ending:
        start = partial(start_refresh, command, environment, owned.lock_descriptor)
        spare = SpareRefresh(start, 0.0 if once else spare_seconds)
        ending.callback(spare.close)
        logger.info("serving %s", queue.path)
        while not stopping():
            job = owned.claim(schedule.is_due)
            if job is not None:
                job = _run(owned, job, spare, stopping)
                schedule.record(job)
                if not stopping():
                    on_attempt(job)
                if once and job.status is not JobStatus.SUCCEEDED:
                    return
            elif once:
                return
            elif time.monotonic() >= next_check:
                next_check = time.monotonic() + check_seconds * random.uniform(0.75, 1.25)  # noqa: S311
                if reconciliation.is_due(stopping):
                    queue.submit()
            else:
                spare.keep()
                _sleep(poll_seconds, stopping)
        logger.info("stopped serving %s", queue.path)


@contextmanager
def running_worker(settings: Settings, **options: Any) -> Iterator[None]:
    """Run a worker in a thread for as long as the block lasts.

    If another worker serves the queue already, this one stands by and takes over when that one
    ends. A broken queue is logged and tried again. In the main thread, SIGTERM, SIGINT and SIGHUP
    end the block, so that a running refresh is stopped with its worker and not orphaned.
    ``options`` are those of :func:`run_worker`.
    """
    stop = threading.Event()
    thread = threading.Thread(
        target=_keep_working, args=(settings, stop, options), name="refresh-worker", daemon=True
    )
    with _exiting_on_signals():
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()


@contextmanager
def _exiting_on_signals() -> Iterator[None]:
    """Turn the signals that end a process into SystemExit, so that blocks are left in order.

    A server that handles SIGTERM itself, as uvicorn does, raises it again when it has finished:
    under the default action the process would end there, with its refresh still running.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def leave(number: int, frame: FrameType | None) -> None:
        raise SystemExit(0)

    def hang_up(number: int, frame: FrameType | None) -> None:
        signal.raise_signal(signal.SIGTERM)  # whoever handles that one ends in its own way

    handlers = {signal.SIGTERM: leave, signal.SIGINT: leave, signal.SIGHUP: hang_up}
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _keep_working(settings: Settings, stop: threading.Event, options: dict[str, Any]) -> None:
    standing_by = False
    while not stop.is_set():
        try:
            run_worker(settings, stopping=stop.is_set, **options)
        except QueueOwnedError:
            if not standing_by:
                logger.info("another worker serves %s; standing by", settings.refresh_queue)
            standing_by = True
            stop.wait(POLL_SECONDS)
        except QueueError as error:
            # A refresh whose end could not be recorded runs again when the queue can be used.
            logger.error("%s Trying again in %.0f s.", error, _RETRY_SECONDS)
            stop.wait(_RETRY_SECONDS)
        except Exception:
            logger.exception("the worker failed; trying again in %.0f s", _RETRY_SECONDS)
            stop.wait(_RETRY_SECONDS)


def _run(
    owned: OwnedQueue, job: QueuedJob, spare: SpareRefresh, stopping: Callable[[], bool]
) -> QueuedJob:
    """Run a claimed job and record how it ended."""
    logger.info("refresh %s: attempt %d", job.job_id, job.attempt)
    begun = time.monotonic()
    outcome = run_refresh(spare.take, stopping)
    spare.extend()
    seconds = time.monotonic() - begun
    if outcome.ending is Ending.PUBLISHED:
        logger.info("refresh %s succeeded after %.1f s: %s", job.job_id, seconds, outcome.detail)
        return owned.succeed(job.job_id, outcome.detail)
    level = logging.INFO if outcome.ending is Ending.STOPPED else logging.ERROR
    logger.log(
        level,
        "refresh %s %s after %.1f s and will be tried again: %s",
        job.job_id,
        outcome.ending.value,
        seconds,
        outcome.detail,
    )
    return owned.requeue(
        job.job_id, outcome.detail, failed=outcome.ending in (Ending.FAILED, Ending.CRASHED)
    )


def _environment(settings: Settings) -> dict[str, str]:
    """Return settings as environment variables; an empty one counts as unset."""
    values = {name: getattr(settings, name) for name in _REFRESH_SETTINGS}
    return {name.upper(): "" if value is None else str(value) for name, value in values.items()}


def _sleep(seconds: float, stopping: Callable[[], bool]) -> None:
    end = time.monotonic() + seconds
    while not stopping() and (left := end - time.monotonic()) > 0:
        time.sleep(min(left, _TICK_SECONDS))
