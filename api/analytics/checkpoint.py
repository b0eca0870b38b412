"""The EM's state, kept beside the snapshots, so that an interrupted refresh resumes.

One object, ``checkpoints/em``, replaced after an iteration and removed once the snapshot is out, so
nothing accumulates. It is a line of JSON with the format, the code version and a hash, followed by
an ``.npz`` file without pickled objects.
"""

import io
import logging
import time

import numpy as np
from pydantic import BaseModel, ValidationError

from api.storage.errors import ObjectNotFoundError, StorageError
from api.storage.objects import ObjectStore
from api.storage.serialization import sha256
from barcart import EMState

logger = logging.getLogger(__name__)

CHECKPOINT_KEY = "checkpoints/em"
#: The version of this layout.
_FORMAT = 1


class _Header(BaseModel):
    format: int
    code_version: str
    sha256: str


class EMCheckpoint:
    """Keeps the EM's state in a store; :class:`api.analysis.ground_metric.Checkpoints`.

    A failure here never fails the refresh: without a checkpoint it only takes longer.

    Parameters
    ----------
    store
        That of the snapshots.
    code_version
        The code that made the states: other code would converge to another result.
    seconds
        A state that comes sooner after the last one that was saved, or after the start, is kept in
        memory: to learn it again takes no longer.
    """

    def __init__(self, store: ObjectStore, code_version: str, *, seconds: float = 0.0) -> None:
        self._store = store
        self._code_version = code_version
        self._seconds = seconds
        self._due = time.monotonic() + seconds
        self._unsaved: EMState | None = None

    def load(self) -> EMState | None:
        """Return the saved state; None if there is none, or it cannot be trusted."""
        where = self._store.describe(CHECKPOINT_KEY)
        try:
            head, _, body = self._store.get(CHECKPOINT_KEY).data.partition(b"\n")
        except ObjectNotFoundError:
            return None
        except StorageError as error:
            logger.warning("the EM starts over: %s", error)
            return None
        try:
            header = _Header.model_validate_json(head)
        except ValidationError:
            logger.warning("%s is damaged; ignoring it", where)
            return None
        if (header.format, header.code_version) != (_FORMAT, self._code_version):
            logger.info("%s was made by other code (%s); ignoring it", where, header.code_version)
            return None
        if sha256(body) != header.sha256:
            logger.warning("%s is damaged (its hash differs); ignoring it", where)
            return None
        try:
            with np.load(io.BytesIO(body), allow_pickle=False) as arrays:
                return EMState.from_arrays(dict(arrays))
        except (ValueError, OSError) as error:
            logger.warning("ignoring %s: %s", where, error)
            return None

    def save(self, state: EMState) -> None:
        """Save a state in place of the previous one, or keep it for :meth:`flush`."""
        self._unsaved = state
        if time.monotonic() >= self._due:
            self.flush()

    def flush(self) -> None:
        """Save the last state if :meth:`save` has not: too soon, interrupted, or it failed."""
        if self._unsaved is None:
            return
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, **self._unsaved.to_arrays())
        body = buffer.getvalue()
        header = _Header(format=_FORMAT, code_version=self._code_version, sha256=sha256(body))
        try:
            self._store.put(CHECKPOINT_KEY, header.model_dump_json().encode() + b"\n" + body)
        except StorageError as error:
            iteration = self._unsaved.iteration
            logger.warning("EM iteration %d could not be saved: %s", iteration, error)
        else:
            self._unsaved = None
            self._due = time.monotonic() + self._seconds

    def discard(self) -> None:
        """Remove the saved state after its refresh has published."""
        try:
            self._store.delete([CHECKPOINT_KEY])
        except StorageError as error:
            logger.warning(
                "%s could not be removed: %s", self._store.describe(CHECKPOINT_KEY), error
            )
