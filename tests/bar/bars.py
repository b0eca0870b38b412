"""Bars for tests, written out recipe by recipe."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from api.analysis.bar.model import BarModel
from api.db.bar_rows import BarRows, IngredientRow, LineColumns

OZ = 1


class Written(NamedTuple):
    """A recipe of one ounce of each ingredient."""

    id: int
    name: str
    ingredient_ids: Sequence[int] = ()
    rating: float | None = None


def make_bar(ingredients: Iterable[IngredientRow], recipes: Sequence[Written]) -> BarModel:
    """Return the model of a database of these recipes."""
    lines = sorted((recipe.id, one) for recipe in recipes for one in recipe.ingredient_ids)
    columns = LineColumns(
        np.array([recipe_id for recipe_id, _ in lines], np.int64),
        np.array([ingredient_id for _, ingredient_id in lines], np.int64),
        np.full(len(lines), OZ),
        np.ones(len(lines)),
    )
    names = {recipe.id: recipe.name for recipe in recipes}
    ratings = {recipe.id: recipe.rating for recipe in recipes if recipe.rating is not None}
    return BarModel.from_rows(BarRows(list(ingredients), names, columns, {OZ: "oz"}, ratings))


def ingredient(
    ingredient_id: int, name: str, parent_id: int | None = None, allow_substitution: bool = False
) -> IngredientRow:
    """Return a node of the tree."""
    return IngredientRow(ingredient_id, name, parent_id, allow_substitution)
