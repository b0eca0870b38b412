"""Adopting a database of another program: what it lacks is added, what does not fit is kept aside.

The core tables stay where they are, with every column of the other program. The optional tables
(ratings and tags) are replaced where their columns do not fit ours: the old table is renamed, and
its rows are copied as far as possible. All of it happens in the migration's transaction.
"""

from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa
from sqlalchemy import (
    Connection,
    Table,
    bindparam,
    func,
    insert,
    inspect,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import DOMAIN

from api.db import schema
from api.db.catalog.drafts import RatingDraft
from api.db.columns import TableColumns, read_table_columns
from api.db.errors import DatabaseError
from api.db.rules import MAX_PATH, TextRule, UserId
from api.db.times import as_utc
from api.db.tree import ancestor_paths, on_or_below_cycle

#: A table before those that it refers to.
_OPTIONAL = (schema.recipe_tags, schema.tags, schema.ratings, schema.shelf_bottles)
#: What other programs call the user of a rating.
_USER_COLUMNS = ("user_id", "cognito_user_id", "user", "username", "account_id")
_USER_ID = TextRule(UserId)
#: What to do about a database that cannot be written here.
COPY_INSTEAD = (
    "Copy the recipes into a new database instead: cocktaildb db export copy, then "
    "DB_PATH=new.db cocktaildb import copy"
)

#: Values of one kind fit any column of it.
_KINDS = ((sa.String,), (sa.Integer, sa.Numeric, sa.Float), (sa.Boolean,), (sa.DateTime,))


@dataclass(frozen=True)
class KeptAside:
    """A table of another program under its new name, and why it does not fit."""

    name: str
    reason: str


def adopt(connection: Connection) -> dict[str, KeptAside]:
    """Prepare a database of another program for the migrations; return the tables kept aside.

    Raises
    ------
    DatabaseError
        If a core table cannot be written by this program; nothing has changed.
    """
    available = read_table_columns(connection)
    _refuse_unwritable_tables(connection, available)
    if not available.has("ingredients", "path"):
        kind = sa.String(MAX_PATH).compile(dialect=connection.dialect)
        connection.execute(text(f"ALTER TABLE ingredients ADD COLUMN path {kind}"))
    misfits = {
        table: reason
        for table in _OPTIONAL
        if (reason := _misfit(connection, available, table)) is not None
    }
    if schema.tags in misfits and available.has("recipe_tags"):
        misfits.setdefault(schema.recipe_tags, "refers to those tags")
    _refuse_to_break_references(connection, misfits)
    return {
        table.name: KeptAside(_set_aside(connection, table), misfits[table])
        for table in _OPTIONAL
        if table in misfits
    }


def _refuse_unwritable_tables(connection: Connection, available: TableColumns) -> None:
    for table in schema.CORE_TABLES:
        reason = _obstacle(connection, table, available)
        if reason is not None:
            raise DatabaseError(
                f"{reason}, so {table.name} cannot be written here. Nothing has changed. "
                f"{COPY_INSTEAD}"
            )


def _obstacle(connection: Connection, table: Table, available: TableColumns) -> str | None:
    """Return why a table cannot be written; None if it can."""
    present = inspect(connection).get_table_names()
    if table.name not in present:
        other = next((name for name in present if name.lower() == table.name), None)
        return f"{table.name} is written {other}" if other else f"{table.name} is a view"
    columns = [column["name"] for column in inspect(connection).get_columns(table.name)]
    if other := next((c for c in columns if c not in table.columns and c.lower() in table.columns
                      and connection.dialect.name == "sqlite"), None):  # fmt: skip
        return f"{table.name}.{other.lower()} is written {other}"
    if demanding := _demanding_columns(connection, table):
        return f"{table.name}.{demanding[0]} requires a value that this program does not know"
    if generated := _generated_columns(connection, table):
        return f"{table.name}.{generated[0]} is computed from other columns"
    if dangling := _dangling_reference(connection, table, available):
        return f"{table.name}.{dangling} refers to a table that does not exist"
    if not _numbers_its_rows(connection, table.name):
        return f"{table.name}.id is not an integer primary key"
    if mistyped := _mistyped_column(connection, table):
        return f"{table.name}.{mistyped}"
    return None


def _mistyped_column(connection: Connection, table: Table) -> str | None:
    """Return a column that a server refuses our values for, and its type."""
    if connection.dialect.name == "sqlite":
        return None  # a column takes any value
    for column in inspect(connection).get_columns(table.name):
        ours = table.columns.get(column["name"])
        if ours is None or ours is schema.ingredients.c.path:  # which is converted
            continue
        kind = column["type"]
        kind = kind.data_type if isinstance(kind, DOMAIN) else kind
        if not any(isinstance(kind, one) and isinstance(ours.type, one) for one in _KINDS):
            return f"{column['name']} has the type {kind}"
    return None


def _demanding_columns(connection: Connection, table: Table) -> list[str]:
    """Return columns of other programs that must have a value and have no default."""
    known = {column.name for column in table.columns}
    return [
        column["name"]
        for column in inspect(connection).get_columns(table.name)
        if column["name"] not in known
        and not column["nullable"]
        and column.get("default") is None
        and not column.get("computed")
        and not column.get("identity")
    ]


def _generated_columns(connection: Connection, table: Table) -> list[str]:
    """Return the columns of ours that the database computes."""
    return [
        column["name"]
        for column in inspect(connection).get_columns(table.name)
        if column["name"] in table.columns and column.get("computed")
    ]


def _dangling_reference(
    connection: Connection, table: Table, available: TableColumns
) -> str | None:
    """Return a column that refers to a missing table, for which SQLite refuses every write."""
    if connection.dialect.name != "sqlite":
        return None  # a server keeps a table that others refer to
    present = {name.casefold() for name in available.columns}
    for key in inspect(connection).get_foreign_keys(table.name):
        if key["referred_table"].casefold() not in present:
            return ", ".join(key["constrained_columns"])
    return None


def _numbers_its_rows(connection: Connection, table: str) -> bool:
    if connection.dialect.name == "postgresql":
        sequence = text("SELECT pg_get_serial_sequence(:name, 'id')")
        return connection.scalar(sequence, {"name": table}) is not None
    # SQLite numbers rows only where the key is the row's own number. Other keys have an index:
    # those of another type (INT and BIGINT are others), DESC, and of tables without such numbers.
    key = inspect(connection).get_pk_constraint(table)["constrained_columns"]
    query = text("SELECT count(*) FROM pragma_index_list(:name) WHERE origin = 'pk'")
    return key == ["id"] and not connection.scalar(query, {"name": table})


def _misfit(connection: Connection, available: TableColumns, table: Table) -> str | None:
    """Return why an optional table cannot be used as it is; None if it can or is missing."""
    if not available.has(table.name):
        return None
    missing = [
        column.name
        for column in schema.stored_columns(table)
        if not column.nullable and not available.has(table.name, column.name)
    ]
    if missing:
        return f"has no column {', '.join(missing)}"
    demanding = _demanding_columns(connection, table)
    if demanding:
        return f"has a column {', '.join(demanding)} that requires a value"
    if mistyped := _mistyped_column(connection, table):
        return f"has a column of another type: {mistyped}"
    if "id" in table.columns and not _numbers_its_rows(connection, table.name):
        return "has an id that is not an integer primary key"
    return None


def _refuse_to_break_references(connection: Connection, misfits: dict[Table, str]) -> None:
    aside = {table.name for table in misfits}
    inspector = inspect(connection)
    for name in inspector.get_table_names() if aside else ():
        for key in inspector.get_foreign_keys(name) if name not in aside else ():
            if key["referred_table"] in aside:
                raise DatabaseError(
                    f"The table {key['referred_table']} does not fit, and {name} refers to it, so "
                    f"it cannot be kept under another name. Nothing has changed. {COPY_INSTEAD}"
                )


def _set_aside(connection: Connection, table: Table) -> str:
    """Move a table's rows to another name, so that the migrations create ours; return the name."""
    present = set(inspect(connection).get_table_names())
    names = (f"{table.name}_before_migration{suffix}" for suffix in ("", *range(2, 1000)))
    aside = next(name for name in names if name not in present)
    # Not renamed: SQLite refuses that while any view is broken, and index names would collide.
    connection.execute(text(f"CREATE TABLE {aside} AS SELECT * FROM {table.name}"))  # noqa: S608
    connection.execute(text(f"DROP TABLE {table.name}"))
    return aside


def copy_ratings(connection: Connection, aside: str) -> str:
    """Copy the ratings of another program that fit ours; return how many."""
    columns = {column["name"] for column in inspect(connection).get_columns(aside)}
    user = next((name for name in _USER_COLUMNS if name in columns), None)
    total = connection.scalar(select(func.count()).select_from(text(aside))) or 0
    if user is None or not {"recipe_id", "rating"} <= columns:
        return f"none of its {total} rows could be copied"
    time = "created_at" if "created_at" in columns else "NULL"
    found = connection.execute(
        text(f"SELECT recipe_id, rating, {user}, {time} FROM {aside}")  # noqa: S608
    ).all()
    recipes = set(connection.scalars(select(schema.recipes.c.id)))
    rows = {}
    for *numbers, user_id, created_at in found:
        # Digits in columns of text are numbers, too.
        recipe_id, rating = (int(one) if str(one).isdecimal() else one for one in numbers)
        try:
            row = {
                "recipe_id": recipe_id,
                "user_id": _USER_ID.clean(str(user_id or "")),
                "rating": RatingDraft(rating=rating).rating,
                "created_at": as_utc(created_at or None),
            }
        except ValueError:
            continue
        if recipe_id in recipes:
            rows[row["recipe_id"], row["user_id"]] = row
    if rows:
        connection.execute(insert(schema.ratings), list(rows.values()))
    return f"{len(rows)} of its {total} rows were copied, with {user} as user_id"


def derive_paths(connection: Connection) -> int:
    """Write the path that follows from ``parent_id`` where it is missing or wrong; return how many.

    Ingredients of a cycle keep what they have.
    """
    table = schema.ingredients
    found = connection.execute(
        select(table.c.id, table.c.parent_id, table.c.path).order_by(table.c.id)
    ).all()
    position = {row.id: number for number, row in enumerate(found)}
    parent = [position.get(row.parent_id, -1) for row in found]
    cyclic = on_or_below_cycle(np.array(parent, dtype=int)) if parent else []
    paths = ancestor_paths([row.id for row in found], parent, list(cyclic))
    changed = [
        {"row": row.id, "new": path}
        for row, path in zip(found, paths, strict=True)
        if path and row.path != path
    ]
    if changed:
        query = update(table).where(table.c.id == bindparam("row")).values(path=bindparam("new"))
        connection.execute(query, changed)
    return len(changed)
