"""Connections with deadlines: the protocol that ``cocktaildb serve`` runs.

uvicorn waits without limit for a request's headers and for a client that does not read. Here each
connection has a deadline for the next thing the client owes us, and there are limits on how many
connections there are. When a limit is reached, the connection that has been waiting longest for its
request's headers makes room, so that slow clients cannot keep others out.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from api.http.rate_limits import client_address

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class ConnectionLimits:
    """Limits on connections.

    Attributes
    ----------
    total, per_client
        How many there may be, and from one address.
    header_seconds
        Until a request's headers are complete.
    write_seconds
        Until a client that does not read takes some more.
    trusted_proxies
        Addresses and networks whose connections are those of many clients; ``*`` for all. They are
        read as uvicorn reads ``FORWARDED_ALLOW_IPS``.
    """

    total: int = 1000
    per_client: int = 100
    header_seconds: float = 10.0
    write_seconds: float = 20.0
    trusted_proxies: Collection[str] = ()

    def trusts(self, address: str) -> bool:
        """Return whether many clients share this address.

        Examples
        --------
        >>> limits = ConnectionLimits(trusted_proxies=("192.0.2.7", "172.16.0.0/12"))
        >>> limits.trusts("192.0.2.7"), limits.trusts("172.18.0.1"), limits.trusts("10.0.0.1")
        (True, True, False)
        """
        if "*" in self.trusted_proxies or address in self.trusted_proxies:
            return True
        try:
            parsed = ip_address(address)
            networks = [ip_network(one) for one in self.trusted_proxies if "/" in one]
        except ValueError:
            return False
        return any(parsed in network for network in networks)


class _Deadline:
    """A timer that starting again does not extend."""

    def __init__(self, loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        self._loop = loop
        self._seconds = seconds
        self._timer: asyncio.TimerHandle | None = None

    def start(self, expired: Callable[[], None]) -> None:
        if self._timer is None:
            self._timer = self._loop.call_later(self._seconds, expired)

    def cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class BoundedProtocol(H11Protocol):
    """HTTP/1.1 with deadlines. Use :func:`bounded_protocol` to set the limits."""

    limits = ConnectionLimits()

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._headers_due = _Deadline(self.loop, self.limits.header_seconds)
        self._reading_due = _Deadline(self.loop, self.limits.write_seconds)
        self._address = ""
        #: When this connection began to wait for a request, by the loop's clock.
        self.waiting_since = self.loop.time()

    @property
    def is_waiting(self) -> bool:
        """Whether no request is being answered."""
        return self.cycle is None or self.cycle.response_complete

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Admit the connection, if need be in place of another, and await its headers."""
        super().connection_made(transport)
        self._address = client_address(self.client[0] if self.client else None)
        self._make_room()
        self._await_headers()

    def data_received(self, data: bytes) -> None:
        """Handle data; await the rest of the headers if they are incomplete."""
        if self.transport.is_closing():
            return
        super().data_received(data)
        if self.is_waiting:
            self._await_headers()
        else:
            self._headers_due.cancel()

    def on_response_complete(self) -> None:
        """Begin to wait for the next request."""
        self.waiting_since = self.loop.time()
        super().on_response_complete()
        if self.transport.is_closing():
            self._await_reader()

    def pause_writing(self) -> None:
        """Await a client that does not read."""
        super().pause_writing()
        self._await_reader()

    def resume_writing(self) -> None:
        """Go on: the client has read."""
        self._reading_due.cancel()
        super().resume_writing()

    def timeout_keep_alive_handler(self) -> None:
        """Close an idle connection, at the latest after the write deadline."""
        super().timeout_keep_alive_handler()
        self._await_reader()

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel what is awaited."""
        self._headers_due.cancel()
        self._reading_due.cancel()
        super().connection_lost(exc)

    def abort(self, reason: str) -> None:
        """Close the connection at once, dropping what was not sent."""
        logger.debug("connection from %s closed: %s", self._address, reason)
        self.transport.abort()

    def _await_headers(self) -> None:
        if not self.transport.is_closing():
            self._headers_due.start(lambda: self.abort("its headers were late"))

    def _await_reader(self) -> None:
        self._reading_due.start(lambda: self.abort("it did not read"))

    def _make_room(self) -> None:
        others = [one for one in self._others() if not one.transport.is_closing()]
        if not self.limits.trusts(self._address):
            own = [one for one in others if one._address == self._address]
            if len(own) >= self.limits.per_client:
                _replace_longest_waiting(own, self)
                return
        if len(others) >= self.limits.total:
            _replace_longest_waiting(others, self)

    def _others(self) -> "Iterator[BoundedProtocol]":
        for one in self.connections:
            if isinstance(one, BoundedProtocol) and one is not self:
                yield one


def bounded_protocol(limits: ConnectionLimits) -> type[BoundedProtocol]:
    """Return the protocol with these limits, as uvicorn's ``http`` option takes it."""
    return type("BoundedProtocol", (BoundedProtocol,), {"limits": limits})


def _replace_longest_waiting(
    candidates: Iterable[BoundedProtocol], newcomer: BoundedProtocol
) -> None:
    """Close the connection that has waited longest; the newcomer, if all are being answered."""
    waiting = [one for one in candidates if one.is_waiting]
    chosen = min(waiting, key=lambda one: one.waiting_since, default=newcomer)
    chosen.abort("another connection needed its place")
