"""What shelf questions need of the database: ingredients, recipes, their lines and mean ratings.

Lines come in columns. Each column of ids is one text that the database joins: an object for each
line and column would take most of the time of a large collection.
"""

import math
from array import array
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Column, ColumnElement, Connection, Select, String, case, cast, func, select

from api.db.catalog.values import as_number, as_text
from api.db.columns import read_table_columns
from api.db.schema import ingredients, ratings, recipe_ingredients, recipes, units

#: So many rows are read at a time.
_ROWS = 20_000

Ids = NDArray[np.int64]


class IngredientRow(NamedTuple):
    """An ingredient; ``allow_substitution`` is false where the column is missing."""

    id: int
    name: str
    parent_id: int | None
    allow_substitution: bool


class LineColumns(NamedTuple):
    """The lines of all recipes, in the order of recipe and line.

    Attributes
    ----------
    recipe_id, ingredient_id, unit_id
        Ids; 0 for one that is no integer.
    amount
        NaN where there is none.
    """

    recipe_id: Ids
    ingredient_id: Ids
    unit_id: Ids
    amount: NDArray[np.float64]


class BarRows(NamedTuple):
    """Everything that :class:`api.analysis.bar.model.BarModel` is built from.

    Attributes
    ----------
    recipes, units
        Names by id.
    ratings
        Mean rating by recipe id; recipes without ratings are missing.
    """

    ingredients: list[IngredientRow]
    recipes: dict[int, str]
    lines: LineColumns
    units: dict[int, str | None]
    ratings: dict[int, float]


def read_bar_rows(connection: Connection) -> BarRows:
    """Read the rows through ``connection``; columns of later schemas may be missing.

    Raises
    ------
    DatabaseError
        If a table that recipes need is missing.
    """
    available = read_table_columns(connection)
    tree = select(
        ingredients.c.id,
        ingredients.c.name,
        ingredients.c.parent_id,
        available.column(ingredients.c.allow_substitution),
    )
    return BarRows(
        [
            IngredientRow(key, as_text(name) or "", parent_id, bool(allowed))
            for key, name, parent_id, allowed in connection.execute(tree)
        ],
        {
            key: as_text(name) or ""
            for rows in _rows(connection, select(recipes.c.id, recipes.c.name))
            for key, name in rows
        },
        _read_lines(connection),
        {key: as_text(name) for key, name in connection.execute(select(units.c.id, units.c.name))},
        _mean_ratings(connection) if available.has("ratings", "rating") else {},
    )


def _read_lines(connection: Connection) -> LineColumns:
    line = recipe_ingredients.c
    columns = line.id, line.recipe_id, line.ingredient_id, line.unit_id
    texts = connection.execute(select(*(_joined(connection, column) for column in columns))).one()
    line_id, recipe_id, ingredient_id, unit_id = (
        np.fromstring(text or "", np.int64, sep=",") for text in texts
    )
    amount = np.empty(len(line_id))
    amount[np.argsort(line_id)] = _read_amounts(connection)
    amount[np.isinf(amount)] = math.nan
    order = np.lexsort((line_id, recipe_id))
    return LineColumns(recipe_id[order], ingredient_id[order], unit_id[order], amount[order])


def _joined(connection: Connection, column: Column[Any]) -> ColumnElement[str]:
    """Return a column's ids as one text; its rows have the same order in all columns."""
    whole: ColumnElement[Any] = func.coalesce(column, 0)
    if connection.dialect.name == "sqlite":  # stores anything anywhere
        whole = case((func.typeof(column) == "integer", column), else_=0)
    return func.aggregate_strings(cast(whole, String), ",")


def _read_amounts(connection: Connection) -> "array[float]":
    """Return the amounts in the order of the lines' ids, which are unique.

    Row by row, because SQLite's text of a number is rounded.
    """
    line = recipe_ingredients.c
    amounts = array("d")
    for rows in _rows(connection, select(line.amount).order_by(line.id)):
        values = [value for (value,) in rows]
        try:
            part = array("d", values)
        except TypeError:  # some have no amount
            numbers = map(as_number, values)
            part = array("d", (math.nan if one is None else one for one in numbers))
        amounts.extend(part)
    return amounts


def _rows(connection: Connection, query: Select[Any]) -> Iterator[Sequence[Any]]:
    """Yield a query's rows, some at a time, from the driver: SQLAlchemy takes thrice as long."""
    cursor = connection.connection.cursor()
    try:
        cursor.execute(str(query.compile(connection)))
        while rows := cursor.fetchmany(_ROWS):
            yield rows
    finally:
        cursor.close()


def _mean_ratings(connection: Connection) -> dict[int, float]:
    query: Any = select(ratings.c.recipe_id, func.avg(ratings.c.rating)).group_by(
        ratings.c.recipe_id
    )
    return {
        recipe_id: mean
        for recipe_id, value in connection.execute(query)
        if (mean := as_number(value)) is not None
    }
