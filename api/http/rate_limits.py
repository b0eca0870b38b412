"""Rate limits per client.

Counted in this process's memory. On Lambda each instance would count by itself, so there API
Gateway's throttling limits the rates (see :mod:`api.http.lambda_handler`).
"""

import math
import time
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from api.http.problems import Problem
from api.settings import Settings

#: The setting for no limit.
OFF = "off"


class RateLimitSettingsError(Exception):
    """A rate limit's setting is invalid; the message names it."""


@dataclass(frozen=True)
class RateLimitResult:
    """The result of counting one request.

    Attributes
    ----------
    policy, state
        The ``RateLimit-Policy`` and ``RateLimit`` headers
        (https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/).
    retry_after
        Seconds until the client may send requests again.
    """

    policy: str
    state: str
    retry_after: int

    def headers(self) -> list[tuple[bytes, bytes]]:
        """Return the headers in ASGI's form."""
        return [
            (b"ratelimit-policy", self.policy.encode()),
            (b"ratelimit", self.state.encode()),
        ]

    def refusal(self) -> Problem:
        """Return the problem document of a request beyond the limit."""
        return Problem(
            429,
            "Too many requests",
            f"The limit is {self.policy}. Try again in {self.retry_after} s.",
            headers={
                "Retry-After": str(self.retry_after),
                "RateLimit-Policy": self.policy,
                "RateLimit": self.state,
            },
        )


class RateLimits:
    """The limits of reads and writes.

    Parameters
    ----------
    settings
        ``rate_limit`` and ``rate_limit_writes`` are used.

    Raises
    ------
    RateLimitSettingsError
        If one of them is invalid.
    """

    def __init__(self, settings: Settings) -> None:
        self._items = {
            "read": _parsed("RATE_LIMIT", settings.rate_limit),
            "write": _parsed("RATE_LIMIT_WRITES", settings.rate_limit_writes),
        }
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())

    def count(self, kind: str, client: str) -> RateLimitResult | None:
        """Count a ``read`` or a ``write`` of a client; None if there is no limit.

        Raises
        ------
        Problem
            429 if it is one too many.
        """
        item = self._items[kind]
        if item is None:
            return None
        return self._checked(item, kind, client, self._limiter.hit(item, kind, client))

    def require(self, kind: str, client: str) -> None:
        """Refuse a client whose limit is used up, counting nothing; Problem 429."""
        item = self._items[kind]
        if item is not None:
            self._checked(item, kind, client, self._limiter.test(item, kind, client))

    def _checked(
        self, item: RateLimitItem, kind: str, client: str, allowed: bool
    ) -> RateLimitResult:
        window = self._limiter.get_window_stats(item, kind, client)
        reset = max(1, math.ceil(window.reset_time - time.time()))
        result = RateLimitResult(
            policy=f'"{kind}";q={item.amount};w={item.get_expiry()}',
            state=f'"{kind}";r={window.remaining};t={reset}',
            retry_after=reset,
        )
        if not allowed:
            raise result.refusal()
        return result


def client_address(address: str | None) -> str:
    """Return what identifies a client in the count: its address, or its IPv6 network.

    One IPv6 customer has 2^64 addresses and could use a new one each time.

    Examples
    --------
    >>> client_address("192.0.2.7"), client_address("2001:db8::1:2:3")
    ('192.0.2.7', '2001:db8::/64')
    """
    try:
        parsed = ip_address(address or "")
    except ValueError:
        return address or "unknown"
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is None:
        return str(ip_network((parsed, 64), strict=False))
    return str(getattr(parsed, "ipv4_mapped", None) or parsed)


def _parsed(name: str, value: str) -> RateLimitItem | None:
    if value.strip().lower() == OFF:
        return None
    try:
        return parse(value)
    except ValueError as error:
        raise RateLimitSettingsError(
            f"{name} is {value!r}. Set a number and a period, such as 300/minute, or {OFF}."
        ) from error
