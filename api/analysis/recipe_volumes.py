"""Recipes as volumes of ingredients: the input of every distance."""

import logging
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from api.analysis.volumes import line_volumes_ml
from api.db.frames import Dataset

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class RecipeVolumes:
    """The recipes that have a volume, and their lines.

    Attributes
    ----------
    lines
        ``recipe_id``, ``recipe_name``, ``ingredient_id``, ``ingredient_name``, ``volume`` (ml),
        ``amount`` and ``unit_id``, by recipe id, then the largest volume first, then in the
        recipe's own order.
    names
        Recipe names by recipe id, in the order of the id.
    """

    lines: pd.DataFrame
    names: dict[int, str]

    @cached_property
    def ingredients_by_volume(self) -> dict[int, list[str]]:
        """Each recipe's ingredient names, the largest volume first, each once."""
        lines = self.lines.drop_duplicates(["recipe_id", "ingredient_id"])
        # Each name once, however many lines have it: columns of text make a new one for each.
        named = lines.drop_duplicates("ingredient_id").set_index("ingredient_id")
        name_of = named["ingredient_name"].to_dict()
        names = [name_of[key] for key in lines["ingredient_id"].tolist()]
        ids, starts = np.unique(lines["recipe_id"].to_numpy(), return_index=True)
        bounds = [*starts.tolist(), len(names)]
        return {
            recipe_id: names[begin:end]
            for recipe_id, begin, end in zip(ids.tolist(), bounds, bounds[1:], strict=False)
        }


def recipe_volumes(dataset: Dataset) -> RecipeVolumes:
    """Return the volumes of a dataset's recipes.

    Recipes without any volume (no ingredients yet, or only amounts of zero) have no
    distance to others; they are left out and listed in the log.
    """
    columns = ["id", "recipe_id", "ingredient_id", "amount", "unit_id"]
    lines = dataset.recipe_ingredients[columns].copy()
    lines["volume"] = line_volumes_ml(dataset.recipe_ingredients, dataset.units)
    lines["ingredient_name"] = lines["ingredient_id"].map(
        dataset.ingredients.set_index("id")["name"]
    )
    recipe_names = dataset.recipes.set_index("id")["name"]
    lines["recipe_name"] = lines["recipe_id"].map(recipe_names)

    total = lines.groupby("recipe_id")["volume"].sum()
    placed = set(total.index[total > 0])
    left_out = [f"{name} ({key})" for key, name in recipe_names.items() if key not in placed]
    if left_out:
        logger.warning(
            "%d recipes without any volume are left out of the maps: %s%s",
            len(left_out),
            ", ".join(left_out[:5]),
            ", ..." if len(left_out) > 5 else "",
        )
    lines = lines[lines["recipe_id"].isin(placed)].sort_values(
        ["recipe_id", "volume", "id"], ascending=[True, False, True], ignore_index=True
    )
    named = dataset.recipes[dataset.recipes["id"].isin(placed)].sort_values("id")
    names = dict(zip(named["id"].tolist(), named["name"].tolist(), strict=True))
    return RecipeVolumes(lines.drop(columns="id"), names)
