"""One-time codes that a browser exchanges for this machine's token.

The address that ``cocktaildb serve`` prints, and a link for another device, stay in the browser's
history and in terminals. They hold a code that works once and for minutes, and never the token.
"""

import hashlib
import secrets
import threading
import time
from collections.abc import Callable

#: Seconds for which a code is valid.
CODE_SECONDS = 600.0
#: Codes that may be valid at once; the oldest makes room.
MAX_CODES = 20
_CODE_BYTES = 16


class SignInCodes:
    """Codes that are valid once.

    Parameters
    ----------
    clock
        Seconds, never going back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._expiry: dict[bytes, float] = {}

    def issue(self) -> str:
        """Return a new code."""
        code = secrets.token_urlsafe(_CODE_BYTES)
        with self._lock:
            self._drop_expired()
            while len(self._expiry) >= MAX_CODES:
                del self._expiry[next(iter(self._expiry))]
            self._expiry[_digest(code)] = self._clock() + CODE_SECONDS
        return code

    def redeem(self, code: str) -> bool:
        """Return whether a code is valid; from then on it is not."""
        with self._lock:
            self._drop_expired()
            # By digest: how long the look-up takes says nothing about the code.
            return self._expiry.pop(_digest(code), None) is not None

    def _drop_expired(self) -> None:
        now = self._clock()
        for digest in [one for one, expiry in self._expiry.items() if expiry <= now]:
            del self._expiry[digest]


def _digest(code: str) -> bytes:
    return hashlib.sha256(code.encode("utf-8", "surrogatepass")).digest()


def qr_code(address: str) -> str:
    """Return an address as a QR code: SVG in black on white, whatever the page's colors."""
    import segno  # not needed by Lambda, where people sign in at an identity provider

    found: str = segno.make(address, micro=False).svg_inline(scale=6, border=4, light="white")
    return found
