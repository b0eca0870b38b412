"""Which host names the application answers to.

A page of another site can point its own name at this machine after it was loaded (DNS rebinding);
the browser then takes us for that site and lets its scripts read us. Its requests still carry that
site's name in ``Host``, so names that are not ours are refused. An IP address in ``Host`` cannot be
rebound, and is always accepted.
"""

from collections.abc import Iterable
from ipaddress import ip_address

ANY = "*"


def host_name(header: str) -> str:
    """Return the name in a ``Host`` header: without port and trailing dot, in lower case.

    Examples
    --------
    >>> host_name("Bar.Example.:8000"), host_name("[::1]:8000"), host_name("localhost")
    ('bar.example', '::1', 'localhost')
    """
    host = header.strip().lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].rstrip(".")


class AllowedHosts:
    """The names that requests may be addressed to.

    Parameters
    ----------
    names
        Besides ``localhost``: names, ``*.example.com`` for all below one, or ``*`` for any.

    Examples
    --------
    >>> hosts = AllowedHosts(["bar.example", "*.example.org"])
    >>> [hosts.allow(name) for name in ("bar.example:80", "a.example.org", "evil.example")]
    [True, True, False]
    >>> hosts.allow("127.0.0.1:8000"), hosts.allow("localhost")
    (True, True)
    """

    def __init__(self, names: Iterable[str] = ()) -> None:
        lowered = [name.strip().lower().rstrip(".") for name in names]
        self._any = ANY in lowered
        self._names = {"localhost", *(name for name in lowered if not name.startswith("*"))}
        self._suffixes = tuple(name[1:] for name in lowered if name.startswith("*."))

    def allow(self, header: str) -> bool:
        """Return whether a ``Host`` header names this application."""
        if self._any:
            return True
        name = host_name(header)
        return (
            name in self._names
            or (bool(self._suffixes) and name.endswith(self._suffixes))
            or name.endswith(".localhost")  # browsers resolve it to loopback themselves
            or _is_address(name)
        )


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
