"""Keyset pagination: pages stay consistent while rows are added and deleted.

A cursor is the position where the last page ended (folded name and id), not a row count: rows
inserted before it do not shift the next page, so no row is repeated or skipped.
"""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, or_

from api.db.catalog.errors import FieldFault, InvalidError
from api.db.rules import MAX_ID
from api.db.search_names import KEY_LENGTH

#: How many characters the rank of a match adds to a name's key.
RANK_LENGTH = 10

MAX_PAGE_SIZE = 100
DEFAULT_PAGE_SIZE = 50
MAX_CURSOR_LENGTH = 4000

Item = TypeVar("Item")
Other = TypeVar("Other")


@dataclass(frozen=True)
class Page(Generic[Item]):
    """One page of a list.

    Attributes
    ----------
    items
        In the order of the list.
    next_cursor
        The start of the next page; None at the end.
    """

    items: Sequence[Item]
    next_cursor: str | None

    def map(self, change: Callable[[Item], Other]) -> "Page[Other]":
        """Return the page with every item changed."""
        return Page([change(item) for item in self.items], self.next_cursor)


@dataclass(frozen=True)
class Position:
    """Where a page ended: the folded name and id of its last row."""

    key: str
    row: int

    def encode(self) -> str:
        """Return the cursor."""
        raw = json.dumps([self.key, self.row], ensure_ascii=False, separators=(",", ":"))
        return base64.urlsafe_b64encode(raw.encode()).decode().rstrip("=")


def read_cursor(cursor: str) -> Position:
    """Return the position encoded in a cursor.

    Raises
    ------
    InvalidError
        If :meth:`Position.encode` did not produce it.
    """
    try:
        raw = base64.b64decode(
            cursor.encode("ascii") + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True
        )
        key, row = json.loads(raw.decode())
        if (
            isinstance(key, str)
            and type(row) is int
            and len(key) <= KEY_LENGTH + RANK_LENGTH
            and 0 <= row <= MAX_ID
            and Position(key, row).encode() == cursor
            and "\x00" not in key
        ):
            return Position(key, row)
    except (ValueError, TypeError, RecursionError, binascii.Error):
        pass
    raise InvalidError(
        [
            FieldFault(
                "cursor", "Invalid cursor.", "Use next_cursor of the previous page, or omit it."
            )
        ]
    )


def read_page(
    connection: Connection,
    query: Select[Any],
    key: ColumnElement[str],
    row: ColumnElement[int],
    *,
    cursor: str | None,
    limit: int,
) -> Page[Row[Any]]:
    """Return one page of ``query``, ordered by ``key`` and ``row``."""
    if cursor is not None:
        position = read_cursor(cursor)
        # Implied by the second condition, but usable by an index.
        query = query.where(
            and_(
                key >= position.key,
                or_(key > position.key, and_(key == position.key, row > position.row)),
            )
        )
    found = connection.execute(
        query.add_columns(key.label("page_key"), row.label("page_row"))
        .order_by(key, row)
        .limit(limit + 1)
    ).all()
    shown = found[:limit]
    following = None
    if len(found) > limit:
        last = shown[-1]._mapping
        following = Position(str(last["page_key"]), int(last["page_row"])).encode()
    return Page(shown, following)
