"""The progress of the running refresh, and how the last ones ended.

One small document beside the snapshots, ``run-status.json``: readers need only the permission to
read artifacts, and no connection to the process that computes. It informs people; no decision
depends on it, and a refresh continues whether or not it can be written.

A run that was killed leaves a document that says it is running. Whether it is alive shows in the
age of its last heartbeat, which no wall clock measures alone: on the same machine the monotonic
clock does, and in a bucket the bucket's own.
"""

import logging
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from api.storage.errors import ObjectNotFoundError, PublishConflictError, StorageError
from api.storage.objects import ObjectStore
from api.storage.serialization import to_bytes

logger = logging.getLogger(__name__)

RUN_STATUS_KEY = "run-status.json"
#: How many ended runs are kept.
HISTORY_LENGTH = 20
#: The shortest time between two writes, and the time between two heartbeats, in seconds.
WRITE_INTERVAL, HEARTBEAT_INTERVAL = 1.0, 10.0
#: A run without a heartbeat for this long was killed: a run that ends by itself records its end.
SILENT_AFTER = timedelta(seconds=60)
#: How long the end of a refresh waits for the final status to be written, in seconds.
_FINAL_WRITE_TIMEOUT = 10.0
_SWAP_ATTEMPTS = 5
_LOST_RUN_MESSAGE = "It was killed, or its machine was lost, before it could record its end."
#: Changes with each start of the machine: proc(5), "/proc/sys/kernel/random".
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class RunState(StrEnum):
    """Whether a run is running, or how it ended."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


class RunRecord(BaseModel):
    """One refresh.

    Attributes
    ----------
    run_id
        Its id; each attempt of a job has a new one.
    state
        ``interrupted`` means that it was stopped or killed: nothing is wrong with the data.
    started_at, updated_at, finished_at
        UTC, for people; ``updated_at`` is the last heartbeat.
    stage, stage_number, stage_count
        The current stage, and the number of stages; 0 before the first.
    step
        The last finished step of the stage, such as an EM iteration.
    snapshot_id, changed
        The current snapshot after a successful run, and whether this run published it.
    error
        Why it did not succeed.
    """

    model_config = ConfigDict(frozen=True)

    run_id: str
    state: RunState
    started_at: datetime
    updated_at: datetime
    finished_at: datetime | None = None
    stage: str = ""
    stage_number: int = 0
    stage_count: int = 0
    step: str = ""
    snapshot_id: str | None = None
    changed: bool | None = None
    error: str | None = None


class Moment(BaseModel):
    """A moment on a clock that nobody sets.

    Attributes
    ----------
    boot_id
        The machine and its start; None where the system has no such id.
    monotonic
        Seconds on its monotonic clock.
    """

    model_config = ConfigDict(frozen=True)

    boot_id: str | None
    monotonic: float

    @classmethod
    def now(cls) -> "Moment":
        """Return this moment on this machine."""
        try:
            boot_id = _BOOT_ID.read_text().strip()
        except OSError:
            boot_id = None
        return cls(boot_id=boot_id, monotonic=time.monotonic())


class RunStatus(BaseModel):
    """The refreshes that are known.

    Attributes
    ----------
    current
        The running refresh: of several, the one that began last.
    history
        Those that ended, newest first, at most :data:`HISTORY_LENGTH`.
    heartbeat
        The moment of the current run's last heartbeat.
    """

    model_config = ConfigDict(frozen=True)

    current: RunRecord | None = None
    history: list[RunRecord] = []
    heartbeat: Moment | None = None

    def expire_stale_run(
        self, now: datetime, moment: Moment, age: timedelta | None = None
    ) -> "RunStatus":
        """Treat a run without a recent heartbeat as ended.

        Parameters
        ----------
        now, moment
            The present, on the wall clock and on this machine's monotonic clock.
        age
            How long ago the document was written, by the store's own clock; None if unknown.
        """
        if self.current is None:
            return self
        if (
            self.heartbeat is not None
            and self.heartbeat.boot_id is not None
            and self.heartbeat.boot_id == moment.boot_id
        ):
            silence = timedelta(seconds=moment.monotonic - self.heartbeat.monotonic)
        elif age is not None:
            silence = age
        else:
            # Another machine's directory. A heartbeat far in the future is as suspicious as an old
            # one: that clock, or this one, was set.
            silence = abs(now - self.current.updated_at)
        if silence <= SILENT_AFTER:
            return self
        return RunStatus(history=_ended(self.history, _lost(self.current)))

    def with_run(self, record: RunRecord, heartbeat: Moment | None = None) -> "RunStatus":
        """Return the status with ``record`` replacing what was known about that run."""
        is_ours = self.current is not None and self.current.run_id == record.run_id
        if record.state is not RunState.RUNNING:
            others = None if is_ours else self.current
            return RunStatus(
                current=others,
                history=_ended(self.history, record),
                heartbeat=self.heartbeat if others else None,
            )
        if self.current is None or is_ours:
            return RunStatus(current=record, history=self.history, heartbeat=heartbeat)
        if self.current.started_at > record.started_at:
            return self  # a rival began after us: it is the one to watch
        # If that one is alive, it will replace this record when it ends.
        return RunStatus(
            current=record,
            history=_ended(self.history, _lost(self.current)),
            heartbeat=heartbeat,
        )


def read_run_status(store: ObjectStore) -> RunStatus:
    """Return the known refreshes; none before the first one.

    A damaged document counts as none: the next run replaces it.

    Raises
    ------
    StorageError
        If the store cannot be read.
    """
    status, _version, age = _read(store)
    return status.expire_stale_run(datetime.now(UTC), Moment.now(), age)


class RunStatusWriter:
    """Records one run, from a thread, so that a slow store never delays the run.

    No method fails; a status that cannot be written is logged, once.

    Parameters
    ----------
    store
        Where the snapshots are.
    write_interval, heartbeat_interval
        Seconds between writes, with and without news.
    clock, moment
        Return the present on the wall clock, and on the monotonic one.
    """

    def __init__(
        self,
        store: ObjectStore,
        *,
        write_interval: float = WRITE_INTERVAL,
        heartbeat_interval: float = HEARTBEAT_INTERVAL,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        moment: Callable[[], Moment] = Moment.now,
    ) -> None:
        self._store = store
        self._write_interval = write_interval
        self._heartbeat_interval = heartbeat_interval
        self._clock = clock
        self._moment = moment
        now = clock()
        self._record = RunRecord(
            run_id=uuid.uuid4().hex, state=RunState.RUNNING, started_at=now, updated_at=now
        )
        self._news = threading.Event()
        self._ending = threading.Event()
        self._warned = False
        # A daemon: a store that hangs must not keep the process from ending.
        self._thread = threading.Thread(target=self._write_loop, name="run-status", daemon=True)

    @property
    def run_id(self) -> str:
        """This run's id."""
        return self._record.run_id

    def begin(self) -> None:
        """Record that the run has begun."""
        self._news.set()
        self._thread.start()

    def stage(self, name: str, number: int, total: int) -> None:
        """Record that a stage begins."""
        self._update(stage=name, stage_number=number, stage_count=total, step="")

    def step(self, text: str) -> None:
        """Record a finished step of the stage."""
        self._update(step=text)

    def end(
        self,
        state: RunState,
        *,
        snapshot_id: str | None = None,
        changed: bool | None = None,
        error: str | None = None,
    ) -> None:
        """Record how the run ended, and wait for a while until that is written."""
        now = self._clock()
        self._update(
            state=state, finished_at=now, snapshot_id=snapshot_id, changed=changed, error=error
        )
        if error is not None:
            # The public status names the run and not the error.
            logger.error("refresh run %s %s: %s", self.run_id, state, error)
        self._ending.set()
        self._thread.join(_FINAL_WRITE_TIMEOUT)

    def _update(self, **changes: Any) -> None:
        # One assignment: the writing thread sees the old record or the new one.
        self._record = self._record.model_copy(update=changes)
        self._news.set()

    def _write_loop(self) -> None:
        while not self._ending.is_set():
            self._news.wait(self._heartbeat_interval)
            if self._ending.is_set():
                break
            self._write()
            self._ending.wait(self._write_interval)
        self._write()

    def _write(self) -> None:
        self._news.clear()
        record = self._record.model_copy(update={"updated_at": self._clock()})
        try:
            _replace(self._store, record, self._moment())
        except StorageError as error:
            if not self._warned:
                logger.warning("the run's status cannot be written; continuing: %s", error)
            self._warned = True
        except Exception:
            # Raising would end this thread, and the refresh is worth more than its status.
            logger.exception("the run's status cannot be written; continuing")


def _replace(store: ObjectStore, record: RunRecord, moment: Moment) -> None:
    # No lock: publishing holds it. In a bucket the swap is conditional; in a directory two runs
    # may overwrite each other in the same instant, and the next write corrects that.
    for attempt in range(1, _SWAP_ATTEMPTS + 1):
        status, version, age = _read(store)
        changed = status.expire_stale_run(record.updated_at, moment, age).with_run(record, moment)
        if changed == status:
            return
        try:
            store.swap(RUN_STATUS_KEY, to_bytes(changed.model_dump(mode="json")), expected=version)
        except PublishConflictError:
            if attempt == _SWAP_ATTEMPTS:
                raise
        else:
            return


def _read(store: ObjectStore) -> tuple[RunStatus, str | None, timedelta | None]:
    try:
        found = store.get(RUN_STATUS_KEY)
    except ObjectNotFoundError:
        return RunStatus(), None, None
    try:
        return RunStatus.model_validate_json(found.data), found.version, found.age
    except ValidationError:
        logger.warning("%s is damaged; starting a new one", store.describe(RUN_STATUS_KEY))
        return RunStatus(), found.version, found.age


def _lost(record: RunRecord) -> RunRecord:
    return record.model_copy(
        update={
            "state": RunState.INTERRUPTED,
            "finished_at": record.updated_at,
            "error": _LOST_RUN_MESSAGE,
        }
    )


def _ended(history: Iterable[RunRecord], record: RunRecord) -> list[RunRecord]:
    others = [known for known in history if known.run_id != record.run_id]
    return [record, *others][:HISTORY_LENGTH]
