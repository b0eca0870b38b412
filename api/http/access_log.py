"""The access log: one line of JSON for each request, bounded in length and in rate."""

import json
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

from starlette.types import Scope

#: Lines per second that are written in the long run, and at once.
LINES_PER_SECOND = 200.0
BURST = 2000.0
_MAX_PATH = 300
_MAX_SUBJECT = 200


class AccessLog:
    """Writes lines while there are not too many; then counts, and writes the count.

    A flood of requests that are refused at once must not fill the disk.

    Parameters
    ----------
    write
        Receives each line, without its line break; standard error by default.
    rate, burst
        Lines per second in the long run, and at once.
    clock
        Seconds, never going back.
    """

    def __init__(
        self,
        write: Callable[[str], object] | None = None,
        *,
        rate: float = LINES_PER_SECOND,
        burst: float = BURST,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._write = write or _to_stderr
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._lock = threading.Lock()
        self._left = burst
        self._at = clock()
        self._suppressed = 0

    def request(
        self, scope: Scope, request_id: str, *, status: int, size: int, seconds: float
    ) -> None:
        """Log one request and its response."""
        with self._lock:
            now = self._clock()
            self._left = min(self._burst, self._left + (now - self._at) * self._rate)
            self._at = now
            if self._left < 1:
                self._suppressed += 1
                return
            self._left -= 1
            suppressed, self._suppressed = self._suppressed, 0
        if suppressed:
            self._write(json.dumps({"time": _now(), "suppressed_requests": suppressed}))
        self._write(_line(scope, request_id, status, size, seconds))


def _line(scope: Scope, request_id: str, status: int, size: int, seconds: float) -> str:
    principal = scope["state"].get("principal")
    return json.dumps(
        {
            "time": _now(),
            "request_id": request_id,
            "method": scope["method"][:20],
            # Without the query, which may hold what only the client should know.
            "path": scope["path"][:_MAX_PATH],
            "status": status or 500,
            "bytes": size,
            "ms": round(seconds * 1000, 2),
            "client": scope["client"][0] if scope.get("client") else None,
            "principal": principal.subject[:_MAX_SUBJECT] if principal else None,
        }
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _to_stderr(line: str) -> None:
    sys.stderr.write(line + "\n")
