"""The shelf of a user: the bottles that he or she has. Nobody else sees it."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select

from api.db.catalog import rows
from api.db.catalog.errors import ChangedError, FieldFault, InvalidError
from api.db.catalog.values import as_text, same_version, version
from api.db.columns import read_table_columns
from api.db.rules import MAX_USER_ID
from api.db.schema import ingredients, shelf_bottles


@dataclass(frozen=True)
class Bottle:
    """An ingredient on a shelf; a kind covers what is below it."""

    ingredient_id: int
    ingredient_name: str


@dataclass(frozen=True)
class Shelf:
    """The bottles by ID; the version changes whenever one is added or removed."""

    bottles: tuple[Bottle, ...]
    version: str


def get_shelf(connection: Connection, user_id: str) -> Shelf:
    """Return a user's shelf; empty if there is none."""
    found: tuple[Bottle, ...] = ()
    if read_table_columns(connection).has("shelf_bottles"):
        query = (
            select(ingredients.c.id, ingredients.c.name)
            .join(shelf_bottles, shelf_bottles.c.ingredient_id == ingredients.c.id)
            .where(shelf_bottles.c.user_id == user_id)
            .order_by(ingredients.c.id)
        )
        found = tuple(Bottle(key, as_text(name) or "") for key, name in connection.execute(query))
    stored = {"ids": [one.ingredient_id for one in found]}
    return Shelf(found, version(stored, {"names": [one.ingredient_name for one in found]}))


def shelf_owners(connection: Connection, limit: int = 20) -> list[str]:
    """Return the users who have bottles, in order; at most ``limit``."""
    if not read_table_columns(connection).has("shelf_bottles"):
        return []
    owner = shelf_bottles.c.user_id
    return list(connection.scalars(select(owner).distinct().order_by(owner).limit(limit)))


def replace_shelf(
    connection: Connection,
    user_id: str,
    wanted: Iterable[int],
    expected: Collection[str] | None = None,
) -> Shelf:
    """Replace a user's shelf and return it; ingredients that do not exist are left out.

    Raises
    ------
    ChangedError
        If the shelf has none of the ``expected`` versions.
    """
    if len(user_id) > MAX_USER_ID:
        raise InvalidError(
            [FieldFault("user_id", "The token's subject is too long.", "Use another account.")]
        )
    current = get_shelf(connection, user_id).version
    if expected is not None and not any(same_version(current, one) for one in expected):
        raise ChangedError(
            "The shelf has changed since you read it. Read it again and repeat your change."
        )
    kept = sorted(rows.existing_ids(connection, ingredients, wanted))
    connection.execute(delete(shelf_bottles).where(shelf_bottles.c.user_id == user_id))
    if kept:
        connection.execute(
            insert(shelf_bottles),
            [{"user_id": user_id, "ingredient_id": one} for one in kept],
        )
    return get_shelf(connection, user_id)
