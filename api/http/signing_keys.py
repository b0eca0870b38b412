"""The public keys of an identity provider, fetched within bounds.

The provider may be silent, slow, or answer with something else, and anybody can send tokens that
name unknown keys. So one fetch serves all who wait for it, it has a total deadline and a size
limit, and a failure is remembered for a while.
"""

import asyncio
import json
import logging
import time

from jwt import PyJWK, PyJWKSet
from jwt.exceptions import PyJWTError

logger = logging.getLogger(__name__)

#: Keys are fetched again after this many seconds, so that a withdrawn one stops being accepted.
LIFESPAN_SECONDS = 300.0
#: Seconds between two fetches, whether the first failed or did not have the key.
COOLDOWN_SECONDS = 10.0
#: Seconds for a whole fetch, from the name lookup to the last byte.
DEADLINE_SECONDS = 3.0
#: Providers send a few kilobytes.
MAX_BYTES = 128 * 1024


class KeysUnavailableError(Exception):
    """The provider's keys could not be fetched."""


class UnknownKeyError(Exception):
    """The provider has no such key."""


class SigningKeys:
    """The keys behind one URL, by key ID.

    Parameters
    ----------
    url
        Where the provider publishes its JSON Web Key Set (RFC 7517).
    cooldown
        Seconds between two fetches.
    deadline
        Seconds for a whole fetch.
    """

    def __init__(
        self, url: str, *, cooldown: float = COOLDOWN_SECONDS, deadline: float = DEADLINE_SECONDS
    ) -> None:
        self._url = url
        self._cooldown = cooldown
        self._deadline = deadline
        self._keys: dict[str, PyJWK] = {}
        self._expires = float("-inf")
        self._next_fetch = float("-inf")
        self._fetching: asyncio.Task[None] | None = None

    async def get(self, kid: str) -> PyJWK:
        """Return a key, fetching the keys if necessary. Waits at most for the deadline.

        Raises
        ------
        KeysUnavailableError
            If the keys cannot be fetched, or could not be a moment ago.
        UnknownKeyError
            If the provider has no such key, or had none a moment ago.
        """
        found = self._current().get(kid)
        if found is None and self._is_due():
            await self._fetch()
            found = self._current().get(kid)
        if found is not None:
            return found
        if self._expires <= time.monotonic():
            raise KeysUnavailableError(f"the keys at {self._url} could not be fetched")
        raise UnknownKeyError(f"no key {kid[:80]!r} at {self._url}")

    def _current(self) -> dict[str, PyJWK]:
        return self._keys if time.monotonic() < self._expires else {}

    def _is_due(self) -> bool:
        fetching = self._fetching is not None and not self._fetching.done()
        return fetching or time.monotonic() >= self._next_fetch

    async def _fetch(self) -> None:
        """Fetch the keys, or wait for the fetch that is running."""
        loop = asyncio.get_running_loop()
        task = self._fetching
        if task is None or task.done() or task.get_loop() is not loop:
            task = self._fetching = loop.create_task(self._load())
        # One who waits may disconnect; the others still need the keys.
        await asyncio.shield(task)

    async def _load(self) -> None:
        try:
            async with asyncio.timeout(self._deadline):
                body = await _download(self._url)
            self._keys = _parse(body)
            self._expires = time.monotonic() + LIFESPAN_SECONDS
        except TimeoutError:
            logger.error("no answer from %s within %g s", self._url, self._deadline)
        except KeysUnavailableError as error:
            logger.error("the signing keys could not be fetched: %s", error)
        finally:
            self._next_fetch = time.monotonic() + self._cooldown


async def _download(url: str) -> bytes:
    # Here, not at the top: most applications never fetch keys.
    import httpx2

    try:
        async with (
            # No redirects: the configured URL was checked to be private, another was not.
            httpx2.AsyncClient(follow_redirects=False, timeout=None) as client,
            client.stream(
                "GET", url, headers={"Accept": "application/json", "Accept-Encoding": "identity"}
            ) as response,
        ):
            if response.status_code != 200:
                raise KeysUnavailableError(f"{url} answered with status {response.status_code}")
            body = b""
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > MAX_BYTES:
                    raise KeysUnavailableError(f"{url} sent more than {MAX_BYTES} bytes")
            return body
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
        raise KeysUnavailableError(f"{url}: {error!r}") from error


def _parse(body: bytes) -> dict[str, PyJWK]:
    """Return the keys for signatures that have an ID.

    Raises
    ------
    KeysUnavailableError
        If the document is not a JSON Web Key Set: a proxy's HTML page, say, or half a document.
    """
    try:
        document = json.loads(body)
        if not isinstance(document, dict):
            raise ValueError("not a JSON object")
        keys = PyJWKSet.from_dict(document).keys
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, PyJWTError) as error:
        raise KeysUnavailableError(f"not a JSON Web Key Set: {error!r:.200}") from error
    return {key.key_id: key for key in keys if key.key_id and key.public_key_use in (None, "sig")}
