"""How far the refresh is, and how the last ones ended, for whoever may read the artifacts.

One small document beside the snapshots, ``run-status.json``: a reader needs no permission but the
one to read artifacts, and no connection to the process that computes. It informs people; nothing
decides by it, and a refresh goes on whether or not it can be written.
"""

import logging
import threading
import uuid
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from api.storage.errors import ObjectNotFoundError, PublishConflictError, StorageError
from api.storage.objects import ObjectStore
from api.storage.serialization import to_bytes

logger = logging.getLogger(__name__)

RUN_STATUS_KEY = "run-status.json"
#: How many ended runs are told of.
HISTORY_LENGTH = 20
#: Seconds between two writes while there is news, and while there is none (a sign of life).
WRITE_EVERY, HEARTBEAT_INTERVAL = 1.0, 10.0
#: A run without a sign of life for this long was killed: no run ends by itself without a word.
SILENT_AFTER = timedelta(seconds=60)
#: Seconds that the end of a refresh waits for the last word to be written.
_LAST_WORD_TIMEOUT = 10.0
_SWAP_ATTEMPTS = 5
_LOST_RUN_MESSAGE = "It was killed, or its machine was lost: it gave no sign of its end."


class RunState(StrEnum):
    """How a run is, or how it ended."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


class RunRecord(BaseModel):
    """One refresh.

    Attributes
    ----------
    run_id
        Its own, new with each attempt of a job.
    state
        ``interrupted`` means that it was told to stop, or killed: nothing is wrong with the data.
    started_at, updated_at, finished_at
        UTC; ``updated_at`` is the last sign of life.
    stage, stage_number, stage_count
        Which stage it is in, of how many; 0 before the first.
    step
        The last thing that happened within the stage, such as an EM iteration.
    snapshot_id, changed
        What a successful run left current, and whether it published it.
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


class RunStatus(BaseModel):
    """What is known of refreshes.

    Attributes
    ----------
    current
        The run that is under way: of several, the one that began last.
    history
        Those that ended, newest first, at most :data:`HISTORY_LENGTH`.
    """

    model_config = ConfigDict(frozen=True)

    current: RunRecord | None = None
    history: list[RunRecord] = []

    def expire_stale_run(self, now: datetime) -> "RunStatus":
        """Take a run that has given no sign of life for long as ended."""
        if self.current is None or now - self.current.updated_at <= SILENT_AFTER:
            return self
        return RunStatus(history=_ended(self.history, _given_up(self.current)))

    def with_run(self, record: RunRecord) -> "RunStatus":
        """Return the status after ``record`` took the place of what was known of that run."""
        is_ours = self.current is not None and self.current.run_id == record.run_id
        if record.state is not RunState.RUNNING:
            current = None if is_ours else self.current
            return RunStatus(current=current, history=_ended(self.history, record))
        if self.current is None or is_ours:
            return RunStatus(current=record, history=self.history)
        if self.current.started_at > record.started_at:
            return self  # a rival began after us: it is the one to watch
        # If that one lives, it will say itself how it ended, in place of this.
        return RunStatus(current=record, history=_ended(self.history, _given_up(self.current)))


def read_run_status(store: ObjectStore) -> RunStatus:
    """Return what is known of refreshes; empty before the first one.

    A damaged document counts as none: the next run writes it anew.

    Raises
    ------
    StorageError
        If the store cannot be read.
    """
    return _read(store)[0].expire_stale_run(datetime.now(UTC))


class RunStatusWriter:
    """Tells readers of one run: from a thread, so that a slow store never holds up the run.

    Every method is safe to call and never fails; what cannot be written is logged, once.

    Parameters
    ----------
    store
        Where the snapshots are.
    write_every, sign_of_life_every
        Seconds between writes, with and without news.
    clock
        Returns the time.
    """

    def __init__(
        self,
        store: ObjectStore,
        *,
        write_every: float = WRITE_EVERY,
        sign_of_life_every: float = HEARTBEAT_INTERVAL,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._write_every = write_every
        self._sign_of_life_every = sign_of_life_every
        self._clock = clock
        now = clock()
        self._record = RunRecord(
            run_id=uuid.uuid4().hex, state=RunState.RUNNING, started_at=now, updated_at=now
        )
        self._news = threading.Event()
        self._ending = threading.Event()
        self._complained = False
        # A daemon: a store that hangs must not keep the process from ending.
        self._thread = threading.Thread(target=self._write_loop, name="run-status", daemon=True)

    @property
    def run_id(self) -> str:
        """This run's id."""
        return self._record.run_id

    def begin(self) -> None:
        """Say that the run is under way."""
        self._news.set()
        self._thread.start()

    def stage(self, name: str, number: int, total: int) -> None:
        """Say that a stage begins."""
        self._tell(stage=name, stage_number=number, stage_count=total, step="")

    def step(self, text: str) -> None:
        """Say what happened within the stage."""
        self._tell(step=text)

    def end(
        self,
        state: RunState,
        *,
        snapshot_id: str | None = None,
        changed: bool | None = None,
        error: str | None = None,
    ) -> None:
        """Say how the run ended, and wait for a while until that is written."""
        now = self._clock()
        self._tell(
            state=state, finished_at=now, snapshot_id=snapshot_id, changed=changed, error=error
        )
        self._ending.set()
        self._thread.join(_LAST_WORD_TIMEOUT)

    def _tell(self, **changes: Any) -> None:
        # One assignment: the writing thread sees the old record or the new one.
        self._record = self._record.model_copy(update=changes)
        self._news.set()

    def _write_loop(self) -> None:
        while not self._ending.is_set():
            self._news.wait(self._sign_of_life_every)
            if self._ending.is_set():
                break
            self._write()
            self._ending.wait(self._write_every)
        self._write()

    def _write(self) -> None:
        self._news.clear()
        record = self._record.model_copy(update={"updated_at": self._clock()})
        try:
            _replace(self._store, record)
        except StorageError as error:
            if not self._complained:
                logger.warning("the run's status cannot be written, which harms nothing: %s", error)
            self._complained = True
        except Exception:
            # A thread has nobody to raise to, and the refresh is worth more than its status.
            logger.exception("the run's status cannot be written, which harms nothing")


def _replace(store: ObjectStore, record: RunRecord) -> None:
    # No lock: publishing holds it. In a bucket the swap is conditional; in a directory two runs
    # may overwrite each other in the same instant, and the next write, a second later, mends it.
    for attempt in range(1, _SWAP_ATTEMPTS + 1):
        status, version = _read(store)
        changed = status.expire_stale_run(record.updated_at).with_run(record)
        if changed == status:
            return
        try:
            store.swap(RUN_STATUS_KEY, to_bytes(changed.model_dump(mode="json")), expected=version)
        except PublishConflictError:
            if attempt == _SWAP_ATTEMPTS:
                raise
        else:
            return


def _read(store: ObjectStore) -> tuple[RunStatus, str | None]:
    try:
        found = store.get(RUN_STATUS_KEY)
    except ObjectNotFoundError:
        return RunStatus(), None
    try:
        return RunStatus.model_validate_json(found.data), found.version
    except ValidationError:
        logger.warning("%s is damaged; it starts anew", store.describe(RUN_STATUS_KEY))
        return RunStatus(), found.version


def _given_up(record: RunRecord) -> RunRecord:
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
