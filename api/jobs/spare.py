"""A refresh's process that is started before it is needed: a write's refresh begins at once.

Not a fork of a warm process: a process that is started anew and waits has the same imports behind
it, is the worker's own child, and carries over no thread, lock or allocation. There is none while a
refresh runs, so the two never add up.
"""

import logging
import subprocess
import time
from collections.abc import Callable

from api.jobs.refresh_process import begin, end

logger = logging.getLogger(__name__)

#: How long a spare waits for a write before its memory is given back, in seconds.
SPARE_SECONDS = 900.0


class SpareRefresh:
    """Keeps at most one process that waits to begin.

    Parameters
    ----------
    start
        Starts a process; see :func:`~api.jobs.refresh_process.start_refresh`.
    seconds
        How long after the last refresh, or after the start, a spare is kept; 0 for none.
    """

    def __init__(self, start: "Callable[[], subprocess.Popen[str]]", seconds: float) -> None:
        self._start = start
        self._seconds = seconds
        self._until = time.monotonic() + seconds
        self._process: subprocess.Popen[str] | None = None

    def keep(self) -> None:
        """Start the spare if there is none, and end it when it has waited long enough."""
        if time.monotonic() >= self._until:
            self.close()
        elif self._process is None:
            try:
                self._process = self._start()
            except OSError as error:
                logger.warning("no refresh can be started in advance: %s", error)
                self._until = 0.0
        elif self._process.poll() is not None:
            logger.warning("the refresh that was started in advance ended; no other until a write")
            self.close()
            self._until = 0.0

    def take(self) -> "subprocess.Popen[str]":
        """Return a refresh that has begun: the spare if it lives, else a new process.

        Raises
        ------
        OSError
            If none can be started.
        """
        process, self._process = self._process, None
        self._until = time.monotonic() + self._seconds
        if process is not None:
            if begin(process):
                return process
            end(process)
        process = self._start()
        begin(process)  # if it has ended already, its outcome says why
        return process

    def extend(self) -> None:
        """Count the time from now: a refresh has ended."""
        self._until = time.monotonic() + self._seconds

    def close(self) -> None:
        """End the spare."""
        if self._process is not None:
            end(self._process)
            self._process = None
