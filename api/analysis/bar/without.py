"""86'd: which drinks a missing bottle takes off, and what on the shelf replaces it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from api.analysis.bar.makeable import makeable_rows
from api.analysis.bar.model import BarModel
from api.analysis.bar.recipe_table import Line, Recipe


@dataclass(frozen=True)
class Swap:
    """A substitute as published in ``ingredient-substitutes``: the family first, then learned.

    Attributes
    ----------
    family
        Whether it is of the same kind; else recipes exchange the two.
    rating
        ``excellent``, ``good`` or ``in a pinch``.
    support
        How many pairs of near variants exchange the two ingredients.
    """

    ingredient_id: int
    family: bool
    rating: str
    support: int


@dataclass(frozen=True)
class Fix:
    """What to pour instead.

    Attributes
    ----------
    line
        The line as the recipe has it; the replacement is poured in the same measure.
    swap
        The best substitute that the shelf covers; None if it has no good stand-in.
    """

    recipe: Recipe
    line: Line
    swap: Swap | None


def fixes_without(
    bar: BarModel,
    shelf: Iterable[int],
    empty: int,
    swaps: Mapping[int, Sequence[Swap]],
) -> list[Fix]:
    """Return a fix for each line that the shelf no longer covers once a bottle is empty.

    Parameters
    ----------
    shelf
        The bottles, with or without the empty one.
    empty
        The bottle that ran out.
    swaps
        Published substitutes by ingredient, the best first.

    Returns
    -------
    list of Fix
        By recipe name. Only drinks that the full shelf makes are listed.
    """
    full = {*shelf, empty}
    before, after = bar.coverage(full), bar.coverage(full - {empty})
    affected = np.setdiff1d(makeable_rows(bar, before), makeable_rows(bar, after))
    return [
        _fix(bar, row, line, after, swaps)
        for row in affected.tolist()
        for line in bar.recipes.lines(row)
        if line.ingredient_id not in after
    ]


def _fix(
    bar: BarModel,
    row: int,
    line: Line,
    covered: set[int],
    swaps: Mapping[int, Sequence[Swap]],
) -> Fix:
    recipe, held = bar.recipes.recipe(row), bar.recipes.ingredient_ids(row)
    for swap in _published(bar, line.ingredient_id, swaps):
        # What the drink holds already replaces nothing: more of it would be another drink.
        if swap.ingredient_id in covered and swap.ingredient_id not in held:
            return Fix(recipe, line, swap)
    return Fix(recipe, line, None)


def _published(bar: BarModel, wanted: int, swaps: Mapping[int, Sequence[Swap]]) -> Sequence[Swap]:
    """Return the substitutes of an ingredient, or of the nearest kind that has any."""
    for one in (wanted, *bar.ancestors(wanted)):
        if one in swaps:
            return swaps[one]
    return ()
