"""How many ingredients recipes have."""

import pandas as pd


def complexity_distribution(recipe_ingredients: pd.DataFrame) -> list[dict[str, int]]:
    """Count recipes by their number of distinct ingredients, the fewest first.

    Recipes without any ingredient are drafts and are not counted.
    """
    per_recipe = recipe_ingredients.groupby("recipe_id")["ingredient_id"].nunique()
    return [
        {"ingredient_count": int(ingredients), "recipe_count": int(recipes)}
        for ingredients, recipes in per_recipe.value_counts().sort_index().items()
    ]
