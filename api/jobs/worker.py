"""Runs the refreshes that wait in the local queue: what AWS Batch does, on one machine.

Each refresh is a process of its own, the very command of the Batch job: its memory goes back to the
machine when it ends, and nothing that happens to it hurts the worker, or the server that the worker
runs in.
"""

import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from api.jobs.coalescing import JobStatus
from api.jobs.local_queue import (
    LocalQueue,
    OwnedQueue,
    QueuedJob,
    QueueError,
    QueueOwnedError,
)
from api.settings import Settings

logger = logging.getLogger(__name__)

#: The refresh, as the Batch job runs it.
REFRESH_COMMAND = (sys.executable, "-m", "api.analytics.analytics_refresh")

#: How often the queue is looked at, in seconds.
POLL_SECONDS = 0.5

#: How long a refresh that is told to stop may take to save what it has, before it is killed.
_STOP_SECONDS = 30.0
_TICK_SECONDS = 0.1
_RETRY_SECONDS = 5.0

#: A failed refresh's own exit code; any other means that something ended it before its end.
_FAILED = 1

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
    ended: Callable[[QueuedJob], None] = lambda job: None,
    command: Sequence[str] = REFRESH_COMMAND,
) -> None:
    """Run what waits, and what comes, one refresh after the other.

    Parameters
    ----------
    settings
        Which queue, and what the refreshes read and write.
    stopping
        Asked several times a second; when it says True, a refresh that runs is told to stop
        (SIGTERM), goes back to waiting, and the worker ends.
    once
        End when nothing waits.
    poll_seconds
        How often to look at the queue.
    ended
        Hears of each refresh that has succeeded or failed.
    command
        The refresh: one JSON object on stdout, exit code 0 or 1.

    Raises
    ------
    QueueOwnedError
        If another worker serves the queue.
    QueueError
        If the queue cannot be used.
    """
    queue = LocalQueue(settings.refresh_queue)
    environment = {**os.environ, **_environment(settings)}
    with queue.owned() as owned:
        logger.info("serving %s", queue.path)
        while not stopping():
            job = owned.claim()
            if job is not None:
                _run(owned, job, command, environment, stopping)
                outcome = queue.job(job.job_id)
                if outcome is not None and outcome.finished_at is not None:
                    ended(outcome)
            elif once:
                return
            else:
                _sleep(poll_seconds, stopping)
        logger.info("stopped serving %s", queue.path)


@contextmanager
def running_worker(settings: Settings) -> Iterator[None]:
    """Run a worker beside what the block does, in a thread; it stops when the block ends.

    Where another worker serves the queue already, this one stands by and takes over if that one
    ends. A queue out of order is logged, and tried again.
    """
    stop = threading.Event()
    thread = threading.Thread(
        target=_keep_working, args=(settings, stop), name="refresh-worker", daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _keep_working(settings: Settings, stop: threading.Event) -> None:
    standing_by = False
    while not stop.is_set():
        try:
            run_worker(settings, stopping=stop.is_set)
        except QueueOwnedError:
            if not standing_by:
                logger.info("another worker serves %s; standing by", settings.refresh_queue)
            standing_by = True
            stop.wait(POLL_SECONDS)
        except QueueError as error:
            # A refresh whose end could not be recorded is taken back when the queue can be used.
            logger.error("%s Trying again in %.0f s.", error, _RETRY_SECONDS)
            stop.wait(_RETRY_SECONDS)
        except Exception:
            logger.exception("the worker failed; trying again in %.0f s", _RETRY_SECONDS)
            stop.wait(_RETRY_SECONDS)


def _run(
    owned: OwnedQueue,
    job: QueuedJob,
    command: Sequence[str],
    environment: dict[str, str],
    stopping: Callable[[], bool],
) -> None:
    """Run a claimed job and record what came of it."""
    logger.info("refresh %s: attempt %d", job.job_id, job.attempt)
    begun = time.monotonic()
    try:
        process = subprocess.Popen(  # noqa: S603 our own command
            command,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
            # Ctrl-C in a terminal goes to all of its session: here to the worker alone, which then
            # tells the refresh to stop.
            start_new_session=True,
        )
    except OSError as error:
        owned.interrupt(job.job_id, f"it could not be started: {error}")
        logger.error("refresh %s could not be started: %s", job.job_id, error)
        return

    output, stopped = _wait(process, stopping)
    seconds = time.monotonic() - begun
    code = process.returncode
    if code == 0:
        detail = _detail(output, code)
        owned.finish(job.job_id, JobStatus.SUCCEEDED, detail)
        logger.info("refresh %s succeeded after %.1f s: %s", job.job_id, seconds, detail)
    elif stopped:
        owned.interrupt(job.job_id, "stopped together with its worker", own_fault=False)
        logger.info("refresh %s was stopped after %.1f s; it waits again", job.job_id, seconds)
    elif code == _FAILED:
        detail = _detail(output, code)
        owned.finish(job.job_id, JobStatus.FAILED, detail)
        logger.error("refresh %s failed after %.1f s: %s", job.job_id, seconds, detail)
    else:
        detail = _ended_by(code)
        status = owned.interrupt(job.job_id, detail)
        logger.error(
            "refresh %s was ended after %.1f s (%s): %s",
            job.job_id,
            seconds,
            detail,
            "it waits again" if status is JobStatus.RUNNABLE else "given up",
        )


def _wait(process: subprocess.Popen[str], stopping: Callable[[], bool]) -> tuple[str, bool]:
    """Wait for a process; return what it printed, and whether it was told to stop."""
    told_at: float | None = None
    try:
        while True:
            try:
                output, _ = process.communicate(timeout=_TICK_SECONDS)
            except subprocess.TimeoutExpired:
                if told_at is None and stopping():
                    told_at = time.monotonic()
                    process.terminate()
                elif told_at is not None and time.monotonic() - told_at > _STOP_SECONDS:
                    process.kill()
            else:
                return output, told_at is not None
    except BaseException:
        process.kill()
        process.wait()
        raise


def _detail(output: str, code: int) -> str:
    """Say in a few words what a refresh has answered."""
    try:
        answer = json.loads(output)
        if code != 0:
            return str(answer["details"])
        if not answer["changed"]:
            return f"nothing had changed since snapshot {answer['snapshot_id']}"
        return f"published snapshot {answer['snapshot_id']}"
    except (ValueError, KeyError, TypeError):
        return _ended_by(code)


def _ended_by(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"signal {signal.Signals(-code).name}"
    except ValueError:
        return f"signal {-code}"


def _environment(settings: Settings) -> dict[str, str]:
    """Return settings as the variables that mean them; an empty one is an unset one."""
    values = {name: getattr(settings, name) for name in _REFRESH_SETTINGS}
    return {name.upper(): "" if value is None else str(value) for name, value in values.items()}


def _sleep(seconds: float, stopping: Callable[[], bool]) -> None:
    end = time.monotonic() + seconds
    while not stopping() and (left := end - time.monotonic()) > 0:
        time.sleep(min(left, _TICK_SECONDS))
