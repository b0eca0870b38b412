"""Running the application under uvicorn with bounds on what clients can take up."""

import logging
import os
import resource
import socket
import threading
import time
from collections import Counter
from dataclasses import replace

import uvicorn
from fastapi import FastAPI

from api.http.connections import ConnectionLimits, bounded_protocol

#: Seconds that requests in progress have once the server is stopping.
_GRACE_SECONDS = 10
#: Descriptors for files, the database and the store; the rest is for connections.
_RESERVED_DESCRIPTORS = 128
#: Messages of one kind that are logged within a minute.
_REPEATS_PER_MINUTE = 60


class ListenError(Exception):
    """The address cannot be listened on; the message names it and the remedy."""


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; port 0 takes a free one.

    Raises
    ------
    ListenError
        If the address is in use, not this machine's, or not permitted.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio turns Nagle's algorithm off for every connection. Otherwise
    # the second segment of a small response waits for the client's delayed acknowledgment: 40 ms.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(2048)
    except OSError as error:
        listening.close()
        raise ListenError(
            f"Cannot listen on {host}:{port}: {error}. Choose another with --host and --port."
        ) from error
    return listening


def connection_limits(limits: ConnectionLimits | None = None) -> ConnectionLimits:
    """Return limits that the process's descriptors allow, after raising their soft limit."""
    limits = limits or ConnectionLimits(trusted_proxies=_trusted_proxies())
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = limits.total + _RESERVED_DESCRIPTORS
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        return replace(limits, total=max(1, min(limits.total, soft - _RESERVED_DESCRIPTORS)))
    return limits


def _trusted_proxies() -> tuple[str, ...]:
    named = os.environ.get("FORWARDED_ALLOW_IPS", "")
    return tuple(part.strip() for part in named.split(",") if part.strip())


def create_server(app: FastAPI, limits: ConnectionLimits | None = None) -> uvicorn.Server:
    """Return a server for one application; run it with a socket of :func:`listen`.

    Parameters
    ----------
    limits
        By default those of :class:`ConnectionLimits`, as far as the descriptors reach.
    """
    for handler in logging.getLogger().handlers:
        handler.addFilter(RepeatFilter())
    return uvicorn.Server(
        uvicorn.Config(
            app,
            http=bounded_protocol(connection_limits(limits)),
            ws="none",
            # The access log is our own; uvicorn's messages go where all others do.
            access_log=False,
            log_config=None,
            log_level="warning",
            server_header=False,
            # Otherwise any client could claim any address in X-Forwarded-For.
            proxy_headers="FORWARDED_ALLOW_IPS" in os.environ,
            timeout_keep_alive=5,
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
    )


class RepeatFilter(logging.Filter):
    """Drops messages of one kind beyond a number per minute, and then logs how many it dropped.

    What clients can cause (an invalid request, a rejected token) must not fill the disk.
    """

    def __init__(self, per_minute: int = _REPEATS_PER_MINUTE) -> None:
        super().__init__()
        self._per_minute = per_minute
        self._lock = threading.Lock()
        self._minute = 0
        self._seen: Counter[tuple[str, str]] = Counter()
        self._dropped: Counter[tuple[str, str]] = Counter()

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether to log a record; the first one of a minute names what was dropped."""
        kind = (record.name, str(record.msg)[:200])
        with self._lock:
            minute = int(time.monotonic() // 60)
            if minute != self._minute:
                self._minute, self._seen, self._dropped = minute, Counter(), self._seen
                self._dropped = Counter(
                    {one: n - self._per_minute for one, n in self._dropped.items()}
                )
            self._seen[kind] += 1
            if self._seen[kind] > self._per_minute:
                return False
            dropped = self._dropped.pop(kind, 0)
        if dropped > 0:
            record.msg = f"{record.msg} ({dropped} similar messages dropped)"
        return True
