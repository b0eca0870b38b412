"""The rows that shelf questions need: ingredients, recipes, their lines and mean ratings."""

from typing import Any, NamedTuple

from sqlalchemy import Connection, func, select

from api.db.catalog.values import as_number, as_text
from api.db.columns import read_table_columns
from api.db.schema import ingredients, ratings, recipe_ingredients, recipes, units


class IngredientRow(NamedTuple):
    """An ingredient; ``allow_substitution`` is false where the column is missing."""

    id: int
    name: str
    parent_id: int | None
    allow_substitution: bool


class LineRow(NamedTuple):
    """One line of a recipe."""

    recipe_id: int
    ingredient_id: int
    amount: float | None
    unit: str | None


class BarRows(NamedTuple):
    """Everything that :class:`api.analysis.bar.model.BarModel` is built from.

    Attributes
    ----------
    recipes
        Names by recipe id.
    lines
        In the order of recipe and line.
    ratings
        Mean rating by recipe id; recipes without ratings are missing.
    """

    ingredients: list[IngredientRow]
    recipes: dict[int, str]
    lines: list[LineRow]
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
    line = recipe_ingredients.c
    lines = (
        select(line.recipe_id, line.ingredient_id, line.amount, units.c.name)
        .join_from(recipe_ingredients, units, line.unit_id == units.c.id, isouter=True)
        .order_by(line.recipe_id, line.id)
    )
    return BarRows(
        [
            IngredientRow(key, as_text(name) or "", parent_id, bool(allowed))
            for key, name, parent_id, allowed in connection.execute(tree)
        ],
        {
            key: as_text(name) or ""
            for key, name in connection.execute(select(recipes.c.id, recipes.c.name))
        },
        [
            LineRow(recipe_id, ingredient_id, as_number(amount), as_text(unit))
            for recipe_id, ingredient_id, amount, unit in connection.execute(lines)
        ],
        _mean_ratings(connection) if available.has("ratings", "rating") else {},
    )


def _mean_ratings(connection: Connection) -> dict[int, float]:
    query: Any = select(ratings.c.recipe_id, func.avg(ratings.c.rating)).group_by(
        ratings.c.recipe_id
    )
    return {
        recipe_id: mean
        for recipe_id, value in connection.execute(query)
        if (mean := as_number(value)) is not None
    }
