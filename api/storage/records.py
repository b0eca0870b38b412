"""Encoded artifacts, and the index by which one record of a large one is read.

Artifacts are encoded into temporary files, record by record, so that memory is that of one record.
The index of a large one has a row of 24 bytes for each record, by identifier: the identifier, the
record's place in the artifact, its number of bytes, and their CRC-32, all little-endian. It is
searched as it is, so that the first record is found without decoding an index of megabytes.

What questions about all records of a large one need can be published beside it as a summary, so
that they are answered without reading it.
"""

import tempfile
import zlib
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from operator import itemgetter
from struct import Struct
from typing import Any, BinaryIO, Final, Self, cast

from api.storage.errors import StorageError
from api.storage.serialization import encode, write_list

#: Artifacts of lists from this size on get an index, so that one record is read without all.
INDEXED_BYTES = 4_000_000
#: Encoded artifacts up to this size stay in memory until they are written.
SPOOL_BYTES: Final = 8_000_000
_ROW: Final = Struct("<qQII")
_LEAST: Final = -(2**63)


@dataclass(frozen=True)
class EncodedArtifact:
    """An artifact, ready to be written.

    Attributes
    ----------
    stream
        Its bytes, from the start of the stream.
    sha256, size
        Of these bytes.
    index
        Where its records are; None for a small artifact.
    summary
        What its publisher keeps of all its records; None for a small artifact.
    """

    stream: BinaryIO
    sha256: str
    size: int
    index: bytes | None
    summary: bytes | None = None


class Spool:
    """Temporary files for encoded artifacts; use as a context manager, which removes them."""

    def __init__(self) -> None:
        self._files = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._files.close()

    def encode(
        self, data: Any, key: str | None = None, summary: Callable[[], bytes] | None = None
    ) -> EncodedArtifact:
        """Encode an artifact.

        Parameters
        ----------
        data
            A JSON value, or an iterator of records, which becomes a list.
        key
            The integer field by which one record of a list is found.
        summary
            Makes what is published beside the artifact if it is large.

        Raises
        ------
        StorageError
            If the directory for temporary files cannot be written.
        """
        index = None if key is None else RecordIndex()

        def note(record: Any, offset: int, piece: bytes) -> None:
            if index is not None:
                index.add(record[key], offset, piece)

        return self._write(lambda stream: encode(data, stream, note), index, summary)

    def write_records(
        self, records: Iterable[tuple[int, bytes]], summary: Callable[[], bytes] | None = None
    ) -> EncodedArtifact:
        """Take a list of records that are encoded already.

        Parameters
        ----------
        records
            The integer by which each is found, and its canonical JSON.
        summary
            Makes what is published beside the list if it is large.

        Raises
        ------
        StorageError
            As for :meth:`encode`.
        """
        index = RecordIndex()
        return self._write(lambda stream: write_list(records, stream, index.add), index, summary)

    def _write(
        self,
        write: Callable[[BinaryIO], tuple[str, int]],
        index: "RecordIndex | None",
        summary: Callable[[], bytes] | None = None,
    ) -> EncodedArtifact:
        stream = cast(
            BinaryIO,
            self._files.enter_context(
                tempfile.SpooledTemporaryFile(SPOOL_BYTES)  # noqa: SIM115 closed with the spool
            ),
        )
        try:
            digest, size = write(stream)
        except OSError as error:
            raise StorageError(
                f"{tempfile.gettempdir()} cannot be written: {error}. Check the free space, or set "
                f"TMPDIR to another directory."
            ) from error
        if size < INDEXED_BYTES:
            return EncodedArtifact(stream, digest, size, None)
        rows = None if index is None else index.rows()
        return EncodedArtifact(stream, digest, size, rows, summary and summary())


class RecordIndex:
    """Collects where each record of a list is.

    Examples
    --------
    >>> index = RecordIndex()
    >>> index.add(7, 1, b'{"id":7}')
    >>> find_record(index.rows(), 7)
    (1, 8, 302473027)
    >>> find_record(index.rows(), 8) is None
    True
    """

    def __init__(self) -> None:
        self._rows = bytearray()
        self._last = _LEAST
        self._sorted = True

    def add(self, identifier: int, offset: int, data: bytes) -> None:
        """Note that a record's bytes are at ``offset``."""
        self._rows += _ROW.pack(identifier, offset, len(data), zlib.crc32(data))
        self._sorted &= identifier >= self._last
        self._last = identifier

    def rows(self) -> bytes:
        """Return the index, sorted by identifier."""
        if self._sorted:
            return bytes(self._rows)
        return b"".join(_ROW.pack(*row) for row in sorted(_ROW.iter_unpack(self._rows)))


def find_record(index: bytes, identifier: int) -> tuple[int, int, int] | None:
    """Return a record's offset, length and CRC-32; None if there is no such record."""

    def identifier_at(number: int) -> int:
        found: int = _ROW.unpack_from(index, number * _ROW.size)[0]
        return found

    count = len(index) // _ROW.size
    number = bisect_left(range(count), identifier, key=identifier_at)
    if number == count or identifier_at(number) != identifier:
        return None
    _, offset, length, check = _ROW.unpack_from(index, number * _ROW.size)
    return offset, length, check


def record_runs(index: bytes, size: int) -> Iterator[list[tuple[int, int, int]]]:
    """Yield all records' offsets, lengths and CRC-32s, in lists to be read at once.

    They come in the artifact's order. The records of a list have up to ``size`` bytes, unless one
    record alone has more.
    """
    run: list[tuple[int, int, int]] = []
    for _, offset, length, check in sorted(_ROW.iter_unpack(index), key=itemgetter(1)):
        if run and offset + length - run[0][0] > size:
            yield run
            run = []
        run.append((offset, length, check))
    if run:
        yield run


def record_ids(index: bytes) -> Sequence[int]:
    """Return the identifiers of the records in ascending order.

    Examples
    --------
    >>> index = RecordIndex()
    >>> index.add(7, 10, b"{}")
    >>> index.add(3, 13, b"{}")
    >>> list(record_ids(index.rows()))
    [3, 7]
    """
    return array("q", (row[0] for row in _ROW.iter_unpack(index)))
