"""Ratings: one per user and recipe."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, cast, delete, func, insert, literal, select, type_coerce, update
from sqlalchemy.types import NullType, Text

from api.db.catalog import rows
from api.db.catalog.drafts import RatingDraft
from api.db.catalog.errors import FieldFault, InvalidError, NotFoundError
from api.db.catalog.paging import DEFAULT_PAGE_SIZE, Page, read_page
from api.db.catalog.values import as_number, as_text, as_time
from api.db.columns import TableColumns, read_table_columns
from api.db.rules import MAX_USER_ID
from api.db.schema import ratings, recipes


@dataclass(frozen=True)
class Rating:
    """A user's rating of a recipe, from 1 to 5; the time is ISO 8601 in UTC."""

    recipe_id: int
    user_id: str
    rating: int
    created_at: str | None


def list_ratings(
    connection: Connection,
    *,
    recipe_id: int | None = None,
    cursor: str | None = None,
    limit: int = DEFAULT_PAGE_SIZE,
) -> Page[Rating]:
    """Return a page of ratings, oldest first; empty if the database has no ratings."""
    available = read_table_columns(connection)
    if not _is_ours(available):
        return Page([], None)
    query = _query()
    if recipe_id is not None:
        query = query.where(ratings.c.recipe_id == recipe_id)
    # A constant key: rows are ordered by id.
    key = cast(literal(""), Text())
    return read_page(connection, query, key, ratings.c.id, cursor=cursor, limit=limit).map(_rating)


def _is_ours(available: TableColumns) -> bool:
    """Return whether the ratings have our columns; those of other programs may not."""
    return all(available.has("ratings", column.name) for column in ratings.columns)


def _query() -> Any:
    # Untyped: SQLAlchemy would fail on an odd time.
    time = type_coerce(ratings.c.created_at, NullType()).label("created_at")
    return select(ratings.c.recipe_id, ratings.c.user_id, ratings.c.rating, time)


def _rating(row: Any) -> Rating:
    number = as_number(row.rating)
    return Rating(
        row.recipe_id,
        as_text(row.user_id) or "",
        int(number) if number is not None else 0,
        as_time(row.created_at),
    )


def rate(
    connection: Connection, recipe_id: int, user_id: str, draft: RatingDraft
) -> tuple[Rating, bool]:
    """Set a user's rating of a recipe; return it, and whether it is the first."""
    if len(user_id) > MAX_USER_ID:
        raise InvalidError(
            [FieldFault("user_id", "The token's subject is too long.", "Use another account.")]
        )
    if not rows.existing_ids(connection, recipes, [recipe_id]):
        raise rows.no_such(recipes, recipe_id)
    own = (ratings.c.recipe_id == recipe_id) & (ratings.c.user_id == user_id)
    now = {"rating": draft.rating, "created_at": datetime.now(UTC)}
    changed = connection.execute(update(ratings).where(own).values(now)).rowcount
    if not changed:
        connection.execute(insert(ratings).values(recipe_id=recipe_id, user_id=user_id, **now))
    return _rating(connection.execute(_query().where(own)).one()), not changed


def unrate(connection: Connection, recipe_id: int, user_id: str) -> None:
    """Delete a user's rating of a recipe; NotFoundError if there is none."""
    own = (ratings.c.recipe_id == recipe_id) & (ratings.c.user_id == user_id)
    if not connection.execute(delete(ratings).where(own)).rowcount:
        raise NotFoundError(f"You have not rated recipe {recipe_id}.")


@dataclass(frozen=True)
class RatingSummary:
    """The mean of a recipe's ratings (None without any) and their count."""

    average: float | None = None
    count: int = 0


def summaries(
    connection: Connection, available: TableColumns, recipe_ids: Iterable[int] | None
) -> dict[int, RatingSummary]:
    """Return rating summaries by recipe, of all if None; recipes without ratings are omitted."""
    if not _is_ours(available):
        return {}
    query = select(ratings.c.recipe_id, func.avg(ratings.c.rating), func.count()).group_by(
        ratings.c.recipe_id
    )
    if recipe_ids is not None:
        query = query.where(ratings.c.recipe_id.in_(list(recipe_ids)))
    found = {}
    for recipe_id, mean, count in connection.execute(query):
        average = as_number(mean)
        found[recipe_id] = RatingSummary(round(average, 2) if average is not None else None, count)
    return found
