"""Files that are sent once, few at a time and within a deadline.

A client that reads slowly keeps its file open; without a limit, many of them would fill the disk.
"""

import threading
from collections.abc import AsyncIterator, Callable, Mapping
from typing import IO

import anyio
from anyio import to_thread
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from api.http.problems import RETRY_AFTER_OUTAGE, Problem

#: How many may be sent at once.
AT_ONCE = 4
#: Seconds for sending one.
SEND_SECONDS = 300.0
_CHUNK_BYTES = 1 << 16


class Exports:
    """The files that are being sent.

    Parameters
    ----------
    at_once
        How many there may be.
    """

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self._places = threading.BoundedSemaphore(at_once)

    def reserve(self) -> Callable[[], None]:
        """Reserve a place to send one file from; return the function that releases it.

        Raises
        ------
        Problem
            503 if all are taken.
        """
        if not self._places.acquire(blocking=False):
            raise Problem(
                503,
                "Service unavailable",
                "Too many exports are running. Try again later.",
                headers={"Retry-After": str(RETRY_AFTER_OUTAGE)},
            )
        return self._places.release


class ExportResponse(StreamingResponse):
    """Sends a file, then closes it and releases its place, whatever happens on the way."""

    def __init__(
        self,
        file: IO[bytes],
        release: Callable[[], None],
        media_type: str,
        headers: Mapping[str, str],
    ) -> None:
        super().__init__(_chunks(file), media_type=media_type, headers=headers)
        self._file = file
        self._release = release

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the file.

        Raises
        ------
        TimeoutError
            If the client does not take it in time: the server then closes the connection.
        """
        try:
            with anyio.fail_after(SEND_SECONDS):
                await super().__call__(scope, receive, send)
        finally:
            self._file.close()
            self._release()


async def _chunks(file: IO[bytes]) -> AsyncIterator[bytes]:
    while chunk := await to_thread.run_sync(file.read, _CHUNK_BYTES):
        yield chunk
