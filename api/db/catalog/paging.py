"""Pages of a list that stay in step while rows come and go.

A cursor is the place where the last page ended, by folded name and id, not a count of rows: what
is inserted before it moves nothing, and no row is shown twice or skipped.
"""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, or_

from api.db.catalog.drafts import MAX_ID
from api.db.catalog.errors import FieldFault, InvalidError
from api.db.search_names import KEY_LENGTH

MAX_PAGE_SIZE = 100
DEFAULT_PAGE_SIZE = 50
MAX_CURSOR_LENGTH = 4000

Item = TypeVar("Item")
Other = TypeVar("Other")


@dataclass(frozen=True)
class Page(Generic[Item]):
    """Some of a list's items.

    Attributes
    ----------
    items
        In the order of the list.
    next_cursor
        Where the next page begins; None at the end.
    """

    items: Sequence[Item]
    next_cursor: str | None

    def map(self, change: Callable[[Item], Other]) -> "Page[Other]":
        """Return the page with every item changed."""
        return Page([change(item) for item in self.items], self.next_cursor)


@dataclass(frozen=True)
class Place:
    """Where a page ended: the folded name and the id of its last row."""

    key: str
    row: int

    def encode(self) -> str:
        """Return the cursor."""
        raw = json.dumps([self.key, self.row], ensure_ascii=False, separators=(",", ":"))
        return base64.urlsafe_b64encode(raw.encode()).decode().rstrip("=")


def read_cursor(cursor: str) -> Place:
    """Return the place of a cursor.

    Raises
    ------
    InvalidError
        If it is none that :meth:`Place.encode` made.
    """
    try:
        raw = base64.b64decode(
            cursor.encode("ascii") + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True
        )
        key, row = json.loads(raw.decode())
        if (
            isinstance(key, str)
            and type(row) is int
            and len(key) <= KEY_LENGTH
            and 0 <= row <= MAX_ID
            and Place(key, row).encode() == cursor
            and "\x00" not in key
        ):
            return Place(key, row)
    except (ValueError, TypeError, RecursionError, binascii.Error):
        pass
    raise InvalidError(
        [FieldFault("cursor", "It is no cursor.", "Take next_cursor of the page before, or none.")]
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
        place = read_cursor(cursor)
        # The first condition is implied by the second; it is what an index can use.
        query = query.where(
            and_(key >= place.key, or_(key > place.key, and_(key == place.key, row > place.row)))
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
        following = Place(str(last["page_key"]), int(last["page_row"])).encode()
    return Page(shown, following)
