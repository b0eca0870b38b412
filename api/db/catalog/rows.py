"""What units, ingredients, recipes and tags have in common: a name, and rows that refer to them."""

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, Table, select

from api.db.catalog.errors import ChangedError, ConflictError, FieldFault, NotFoundError
from api.db.catalog.paging import Page, read_page
from api.db.catalog.values import same_version
from api.db.columns import TableColumns
from api.db.search_names import contains_words, folded_column, same_name, search_key

_SHOWN = 5
#: Stays below what one statement may have of parameters, in either database.
CHUNK = 10_000


def noun(table: Table) -> str:
    """Return what one row of a table is called."""
    return table.name.removesuffix("s")


def no_such(table: Table, identifier: int) -> NotFoundError:
    """Return the error for a row that is not there."""
    return NotFoundError(f"There is no {noun(table)} {identifier}. Look it up in the list first.")


def read_named(
    connection: Connection,
    available: TableColumns,
    table: Table,
    query: Select[Any],
    *,
    q: str | None,
    cursor: str | None,
    limit: int,
) -> Page[Row[Any]]:
    """Return a page of rows in the order of their folded names, those that hold ``q``'s words."""
    if not available.has(table.name):
        return Page([], None)
    key = folded_column(connection, available, table)
    if q:
        query = query.where(*contains_words(key, q))
    return read_page(connection, query, key, table.c.id, cursor=cursor, limit=limit)


def require_free_name(
    connection: Connection, table: Table, name: str, *, exclude_id: int | None = None
) -> None:
    """Refuse a name that another row has, in whatever case.

    Raises
    ------
    ConflictError
        Naming that row.
    """
    wanted = same_name(name)
    # Equal names are equal when folded; the index finds the few that are worth a closer look.
    candidates = connection.execute(
        select(table.c.id, table.c.name).where(
            (table.c.search_name == search_key(name)) | (table.c.name == name)
        )
    )
    for identifier, taken in candidates:
        if identifier != exclude_id and same_name(taken) == wanted:
            raise ConflictError(
                f"There is {_article(noun(table))} called {taken!r}: number {identifier}.",
                [
                    FieldFault(
                        "name",
                        f"{noun(table).capitalize()} {identifier} has the name {taken!r}.",
                        f"Take another name, or change {noun(table)} {identifier}.",
                    )
                ],
            )


def _article(word: str) -> str:
    return f"an {word}" if word[0] in "aeio" else f"a {word}"


def require_version(current: str, expected: Collection[str] | None, table: Table) -> None:
    """Refuse a write whose author has read another version.

    Parameters
    ----------
    current
        The version as it is.
    expected
        Those that would do; None if any does.

    Raises
    ------
    ChangedError
    """
    if expected is not None and not any(same_version(current, one) for one in expected):
        raise ChangedError(
            f"The {noun(table)} has changed since you read it. Read it again, and make your "
            f"change to what it says now."
        )


def refuse_if_used(
    connection: Connection, what: str, by: str, users: Select[Any], remedy: str
) -> None:
    """Refuse to delete what other rows refer to, naming the first of them.

    Parameters
    ----------
    what
        What would be deleted, for the message.
    by
        What those that use it are called.
    users
        Selects their ids and names.
    remedy
        What to do first.

    Raises
    ------
    ConflictError
    """
    found = connection.execute(users.limit(_SHOWN + 1)).all()
    if found:
        named = ", ".join(f"{name!r} ({identifier})" for identifier, name in found[:_SHOWN])
        more = ", and others" if len(found) > _SHOWN else ""
        raise ConflictError(
            f"{what} is used by {by} {named}{more}.",
            [FieldFault("id", f"It is used by {by} {named}{more}.", remedy)],
        )


def existing_ids(connection: Connection, table: Table, wanted: Iterable[int]) -> set[int]:
    """Return which of some ids a table has."""
    ids = sorted(set(wanted))
    found: set[int] = set()
    for start in range(0, len(ids), CHUNK):
        part: ColumnElement[bool] = table.c.id.in_(ids[start : start + CHUNK])
        found.update(connection.scalars(select(table.c.id).where(part)))
    return found
