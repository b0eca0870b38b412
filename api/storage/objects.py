"""The interface between snapshots and the place that stores them."""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import BinaryIO, Protocol


@dataclass(frozen=True)
class StoredObject:
    """One entry of a listing."""

    key: str
    modified: datetime


@dataclass(frozen=True)
class Versioned:
    """An object's bytes with the token that names this version of it.

    ``age`` is how long ago it was written by the store's own clock; None if the store has none.
    """

    data: bytes
    version: str
    age: timedelta | None = None


class ObjectStore(Protocol):
    """A flat store of bytes under ``/``-separated keys.

    ``put`` is atomic: a reader gets the old bytes or the new ones, never a part, and what it got
    survives a crash of the writer. Every method raises
    :class:`api.storage.errors.StorageError` where the store fails.
    """

    @property
    def abandoned_after(self) -> timedelta:
        """The age from which an unfinished snapshot cannot belong to a live writer."""
        ...

    def exclusive(self) -> AbstractContextManager[None]:
        """Exclude other writers where the store can; the lock dies with its holder."""
        ...

    def get(self, key: str) -> Versioned:
        """Return an object, or raise :class:`~api.storage.errors.ObjectNotFoundError`."""
        ...

    def get_range(self, key: str, start: int, length: int) -> bytes:
        """Return a part of an object; shorter if the object ends before."""
        ...

    def put(self, key: str, data: bytes | BinaryIO) -> None:
        """Write an object whole, from bytes or from a seekable stream."""
        ...

    def swap(self, key: str, data: bytes, expected: str | None) -> None:
        """Write ``key`` only while its version is ``expected`` (None: while it does not exist).

        Raises :class:`~api.storage.errors.PublishConflictError` otherwise.
        """
        ...

    def list(self, prefix: str) -> Iterator[StoredObject]:
        """Yield every object whose key starts with ``prefix``."""
        ...

    def delete(self, keys: Iterable[str]) -> None:
        """Remove objects; missing ones are not an error."""
        ...

    def describe(self, key: str = "") -> str:
        """Return where ``key`` is, for people."""
        ...
