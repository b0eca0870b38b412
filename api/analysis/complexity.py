"""How many ingredients recipes have."""

import numpy as np
import pandas as pd


def complexity_distribution(recipe_ingredients: pd.DataFrame) -> list[dict[str, int]]:
    """Count recipes by their number of distinct ingredients, the fewest first.

    Recipes without any ingredient are drafts and are not counted.
    """
    per_recipe = recipe_ingredients.groupby("recipe_id")["ingredient_id"].nunique()
    ingredients, recipes = np.unique(per_recipe.to_numpy(dtype=np.int64), return_counts=True)
    return [
        {"ingredient_count": count, "recipe_count": number}
        for count, number in zip(ingredients.tolist(), recipes.tolist(), strict=True)
    ]
