"""Shared by units, ingredients, recipes and tags: names, versions and references."""

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, Table, select

from api.db.catalog.errors import ChangedError, ConflictError, FieldFault, NotFoundError
from api.db.catalog.matching import match_names
from api.db.catalog.paging import Page, read_page
from api.db.catalog.values import same_version
from api.db.columns import TableColumns
from api.db.search_names import folded_column, keys_of_same_names, same_name

_SHOWN = 5
#: Below the parameter limit of either database.
CHUNK = 10_000


def noun(table: Table) -> str:
    """Return the noun for one row of a table."""
    return table.name.removesuffix("s")


def no_such(table: Table, identifier: int) -> NotFoundError:
    """Return the error for a row that does not exist."""
    return NotFoundError(
        f"{noun(table).capitalize()} {identifier} does not exist. Look it up in the list."
    )


def read_named(
    connection: Connection,
    available: TableColumns,
    table: Table,
    query: Select[Any],
    *,
    q: str | None,
    cursor: str | None,
    limit: int,
    use: ColumnElement[int] | None = None,
) -> Page[Row[Any]]:
    """Return a page of rows: those that ``q`` matches, best first, or all by folded name.

    Parameters
    ----------
    use
        How often a row is used, to order equally good matches by.
    """
    if not available.has(table.name, "name"):
        return Page([], None)
    key = folded_column(connection, available, table)
    if q:
        match = match_names(connection, table, key, q)
        query, key = query.where(match.condition), match.key(key, use)
    return read_page(connection, query, key, table.c.id, cursor=cursor, limit=limit)


def require_free_name(
    connection: Connection, table: Table, name: str, *, exclude_id: int | None = None
) -> None:
    """Refuse a name that another row has in any case.

    Raises
    ------
    ConflictError
        Naming that row.
    """
    wanted = same_name(name)
    # The index finds the candidates.
    candidates = connection.execute(
        select(table.c.id, table.c.name).where(
            table.c.search_name.in_(keys_of_same_names(name)) | (table.c.name == name)
        )
    )
    for identifier, taken in candidates:
        if identifier != exclude_id and same_name(taken) == wanted:
            raise ConflictError(
                f"{noun(table).capitalize()} {identifier} already has the name {taken!r}.",
                [
                    FieldFault(
                        "name",
                        f"{noun(table).capitalize()} {identifier} already has the name {taken!r}.",
                        f"Choose another name, or rename {noun(table)} {identifier}.",
                    )
                ],
            )


def require_version(current: str, expected: Collection[str] | None, table: Table) -> None:
    """Refuse a write based on another version.

    Parameters
    ----------
    current
        The current version.
    expected
        The acceptable versions; None for any.

    Raises
    ------
    ChangedError
    """
    if expected is not None and not any(same_version(current, one) for one in expected):
        raise ChangedError(
            f"The {noun(table)} has changed since you read it. Read it again and "
            f"repeat your change."
        )


def refuse_if_used(
    connection: Connection, what: str, by: str, users: Select[Any], remedy: str
) -> None:
    """Refuse to delete a row that others reference, naming the first of them.

    Parameters
    ----------
    what
        The row to delete, for the message.
    by
        The noun for the rows that use it.
    users
        Selects the ids and names of those rows.
    remedy
        How to make it deletable.

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
    """Return the ids that exist in a table."""
    ids = sorted(set(wanted))
    found: set[int] = set()
    for start in range(0, len(ids), CHUNK):
        part: ColumnElement[bool] = table.c.id.in_(ids[start : start + CHUNK])
        found.update(connection.scalars(select(table.c.id).where(part)))
    return found
