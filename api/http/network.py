"""Connecting from the API's Lambda, which leaves its subnet by IPv6 alone.

A resolver may list a name's IPv4 addresses first. From that subnet no packet to them is answered,
and Python tries one address after the other with the whole timeout for each: eight of them at 2 s
are 16 s, of the 29 that the function has. Here IPv6 goes first, and one timeout covers all of them.
"""

import socket
import time
from collections.abc import Sequence
from typing import Any

import urllib3.util.connection

#: An address gets at least this long, in seconds: a round trip between continents takes 0.3 s.
_LEAST_SECONDS = 0.3


def create_connection(
    address: tuple[str, int],
    timeout: Any = None,
    source_address: tuple[str, int] | None = None,
    socket_options: Sequence[tuple[int, int, int | bytes]] | None = None,
) -> socket.socket:
    """Connect to the first address that answers, IPv6 before IPv4, within one timeout.

    Takes the place of both ``socket.create_connection`` and urllib3's function of that name. The
    time that is left is shared evenly among the addresses that are left, as Go's dialer does.

    Parameters
    ----------
    address
        Host and port.
    timeout
        Seconds for all addresses together; the socket keeps it for each read and write. Other than
        a number: no limit, or the module's default.
    source_address
        What to connect from.
    socket_options
        Level, name and value of each option to set before connecting.

    Raises
    ------
    TimeoutError
        If no address answered in time.
    OSError
        Why the last address could not be connected to.
    """
    host, port = address
    # urllib3 keeps the brackets of an IPv6 literal.
    found = socket.getaddrinfo(host.strip("[]"), port, 0, socket.SOCK_STREAM)
    # The sort is stable: within a family the resolver's order stays.
    addresses = sorted(found, key=lambda item: item[0] != socket.AF_INET6)
    limit = float(timeout) if isinstance(timeout, int | float) else None
    deadline = None if limit is None else time.monotonic() + limit
    last: OSError = OSError(f"{host} has no address")
    for position, (family, kind, protocol, _, target) in enumerate(addresses):
        connection = socket.socket(family, kind, protocol)
        try:
            for option in socket_options or ():
                connection.setsockopt(*option)
            if deadline is not None:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise TimeoutError(f"no address of {host} answered within {limit} s")
                share = left / (len(addresses) - position)
                connection.settimeout(min(left, max(share, _LEAST_SECONDS)))
            if source_address:
                connection.bind(source_address)
            connection.connect(target)
            if limit is not None:
                connection.settimeout(limit)
        except OSError as error:
            connection.close()
            last = error
        else:
            return connection
    raise last


def prefer_ipv6() -> None:
    """Make the standard library's HTTP client and urllib3 (boto3) connect as described above."""
    socket.create_connection = create_connection  # type: ignore[assignment]
    urllib3.util.connection.create_connection = create_connection
