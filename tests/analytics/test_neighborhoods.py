"""Names of map regions: where they hold, coarse before fine, the same after a small change."""

import dataclasses

import numpy as np
import pytest

from api.analysis.analysis import Analysis
from api.analysis.atlas import build_atlas
from api.analysis.cocktail_space import PreviousMap
from api.analysis.ingredient_tree import tree_with_counts
from api.analysis.neighborhoods import name_neighborhoods
from api.db.frames import Dataset

ANCESTORS = {"Rye": ("Whiskey",), "Bourbon": ("Whiskey",), "Gin": (), "Lemon": (), "Campari": ()}


def _two_islands() -> tuple[np.ndarray[tuple[int, int], np.dtype[np.float64]], list[list[str]]]:
    random = np.random.default_rng(0)
    left = random.normal((-0.7, 0.0), 0.12, (60, 2))
    right = random.normal((0.7, 0.0), 0.12, (60, 2))
    contents = [["Rye" if row % 2 else "Bourbon"] for row in range(60)]
    # On the right: gin everywhere, Campari in the upper half only.
    contents += [["Gin", "Campari"] if y > 0.02 else ["Gin", "Lemon"] for y in right[:, 1]]
    # Others in between, with nothing in common.
    others = np.column_stack([random.uniform(-0.4, 0.4, 60), random.uniform(-0.8, 0.8, 60)])
    contents += [[f"Rarity {row}"] for row in range(60)]
    return np.vstack([left, right, others]), contents


def test_coarse_names_are_families_fine_ones_differ() -> None:
    positions, contents = _two_islands()
    found = name_neighborhoods(positions, contents, ANCESTORS)
    coarse = {one.name: one for one in found if one.level == 0}
    assert set(coarse) == {"Whiskey", "Gin"}
    assert coarse["Whiskey"].x < -0.4 < 0.4 < coarse["Gin"].x
    fine = {one.name: one for one in found if one.level > 0}
    campari = next(one for name, one in fine.items() if "Campari" in name)
    lemon = next(one for name, one in fine.items() if "Lemon" in name)
    assert campari.y > lemon.y
    assert len({one.name for one in found}) == len(found)
    assert name_neighborhoods(positions, contents, ANCESTORS) == found


@pytest.mark.parametrize("count", [0, 5, 29])
def test_few_recipes_get_no_names(count: int) -> None:
    positions, contents = _two_islands()
    assert name_neighborhoods(positions[:count], contents[:count], ANCESTORS) == []


def test_recipes_at_one_place_get_no_names() -> None:
    assert name_neighborhoods(np.zeros((50, 2)), [["Gin"]] * 50, ANCESTORS) == []


@pytest.mark.parametrize("which", ["manhattan", "em"])
def test_names_survive_one_changed_amount(sample: Dataset, which: str) -> None:
    def draw(dataset: Dataset, last: PreviousMap | None) -> tuple[PreviousMap, dict[str, int]]:
        analysis = Analysis(dataset)
        artifact = "cocktail-space-em" if which == "em" else "cocktail-space"
        drawn = (
            analysis.compute_cocktail_space_em(last)
            if which == "em"
            else analysis.compute_cocktail_space(last)
        )
        usage = analysis.get_ingredient_usage_stats(all_ingredients=True)
        atlas = build_atlas(
            {artifact: drawn.points, "ingredient-tree": tree_with_counts(usage, 101)},
            {artifact: last.names} if last else None,
        )
        regions = next(one["regions"] for one in atlas["maps"] if one["key"] == which)
        names = {region["name"]: region["level"] for region in regions}
        positions = {point["recipe_id"]: (point["x"], point["y"]) for point in drawn.points}
        digest = drawn.quality["graph_sha256"]
        return PreviousMap(positions, digest, names), names

    last, before = draw(sample, None)
    assert len(before) >= 8
    assert len(set(before.values())) >= 2
    for line in (3, 200):
        lines = sample.recipe_ingredients.copy()
        lines.loc[lines.index[line], "amount"] *= 2
        _, after = draw(dataclasses.replace(sample, recipe_ingredients=lines), last)
        kept = [name for name, level in before.items() if after.get(name) == level]
        assert len(kept) >= 0.9 * len(before)
