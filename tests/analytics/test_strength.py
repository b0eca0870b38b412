"""The estimated strength of a recipe."""

from api.analysis.analysis import Analysis
from api.analysis.ingredient_tree import tree_with_counts
from api.analysis.strength import TYPICAL_ABV
from api.db.frames import Dataset


def test_strength_is_the_mean_over_volume(sample: Dataset) -> None:
    analysis = Analysis(sample)
    usage = analysis.get_ingredient_usage_stats(all_ingredients=True)
    strengths = analysis.compute_recipe_strengths(tree_with_counts(usage, len(sample.recipes)))
    by_name = {
        name: strengths[int(recipe_id)]
        for recipe_id, name in zip(sample.recipes["id"], sample.recipes["name"], strict=True)
    }
    # Equal parts of gin, vermouth and Campari.
    equal = (TYPICAL_ABV["gin"] + TYPICAL_ABV["wine"] + TYPICAL_ABV["liqueur"]) / 3
    assert by_name["Negroni"] == round(equal, 1)
    assert 0 < by_name["Daiquiri"] < by_name["Manhattan"] < 40
