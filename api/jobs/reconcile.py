"""Whether the worker should refresh although nobody asked: the snapshot against the database.

A snapshot of another database is replaced once for each state of the data that this worker sees:
the database was installed, restored or moved here, or a write's own request was lost. After that it
is left alone, or two servers that share a directory of analytics would replace each other's
snapshots for ever.
"""

import json
import logging
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence

logger = logging.getLogger(__name__)

#: Compares the current snapshot with the database, in a process that leaves no memory behind.
CHECK_COMMAND = (sys.executable, "-m", "api.analytics.staleness")

_CHECK_TIMEOUT = 300.0
_TICK_SECONDS = 0.1


class Reconciliation:
    """The comparisons of one worker.

    Parameters
    ----------
    command
        Prints what :mod:`api.analytics.staleness` prints.
    environment
        Its environment.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._command = command
        self._environment = environment
        #: The id of the database and the fingerprint of its data at the last comparison.
        self._known: tuple[str | None, str] | None = None
        self._warned = False

    def is_due(self, stopping: Callable[[], bool]) -> bool:
        """Return whether the current snapshot is known to be missing, stale or damaged."""
        output = self._ask(stopping)
        if output is None:
            return False
        try:
            answer = json.loads(output)
            stale, reason = bool(answer["stale"]), answer["reason"]
            foreign = bool(answer["foreign"])
            state = answer["database_id"], answer["fingerprint"]
        except (ValueError, KeyError, TypeError):
            logger.warning("the snapshot could not be compared with the database; see above")
            return False
        left_alone = foreign and state == self._known
        self._known = state
        if left_alone and not self._warned:
            logger.warning(
                "%s. It is left alone until a write here or: cocktaildb refresh. To keep both, "
                "give each database its own ANALYTICS_DIR or ANALYTICS_PREFIX.",
                reason,
            )
        self._warned = left_alone
        if stale and not left_alone:
            logger.info("requesting a refresh: %s", reason)
        return stale and not left_alone

    def _ask(self, stopping: Callable[[], bool]) -> str | None:
        deadline = time.monotonic() + _CHECK_TIMEOUT
        with subprocess.Popen(  # noqa: S603 our own command
            self._command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            env=dict(self._environment),
            start_new_session=True,
        ) as process:
            while process.poll() is None:
                if stopping() or time.monotonic() > deadline:
                    process.kill()
                    return None
                time.sleep(_TICK_SECONDS)
            return process.communicate()[0]
