"""Menu check: near-duplicates, gaps on the map, bottles that serve one drink only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import hypot

import numpy as np

from api.analysis.arrays import Floats, Ids
from api.analysis.bar import MAX_MENU
from api.analysis.bar.learned_map import LearnedMap
from api.analysis.bar.model import BarModel
from api.analysis.bar.neighbor_graph import NeighborGraph
from api.analysis.bar.recipe_table import Recipe


@dataclass(frozen=True)
class NearDuplicate:
    """Two drinks of a menu that guests will hardly tell apart."""

    first: Recipe
    second: Recipe
    distance: float


@dataclass(frozen=True)
class Gap:
    """A part of the map that no drink of the menu comes from.

    Attributes
    ----------
    region
        The neighborhood's name on the map.
    size
        How many recipes it holds.
    suggestion
        The recipe nearest to its center.
    """

    region: str
    size: int
    suggestion: Recipe


@dataclass(frozen=True)
class MenuCheck:
    """What to look at before a menu is printed.

    Attributes
    ----------
    single_use
        By ingredient, the only drink of the menu that asks for it.
    """

    duplicates: tuple[NearDuplicate, ...]
    gaps: tuple[Gap, ...]
    single_use: Mapping[int, Recipe]


def check_menu(
    bar: BarModel, menu: Sequence[int], graph: NeighborGraph, drawn: LearnedMap
) -> MenuCheck:
    """Check a menu of at most :data:`MAX_MENU` recipes.

    Parameters
    ----------
    menu
        Recipe ids, all of them in ``bar``.
    graph
        The published neighbors.
    drawn
        The learned map.

    Returns
    -------
    MenuCheck
        *Near-duplicates* are neighbors that lie closer than the median recipe lies to its nearest
        neighbor. A *gap* is a neighborhood that is the nearest one of no drink on the menu, the
        largest first. *Single-use* ingredients are asked for by exactly one drink.

    Raises
    ------
    ValueError
        If the menu is too long, or names a recipe that the database lacks.
    """
    chosen = list(dict.fromkeys(menu))
    if len(chosen) > MAX_MENU:
        raise ValueError(f"menu: {len(chosen)} drinks; pick at most {MAX_MENU}")
    rows = bar.recipes.rows(np.array(chosen, np.int64)).tolist()
    for recipe_id, row in zip(chosen, rows, strict=True):
        if row < 0:
            raise ValueError(f"menu: recipe {recipe_id} does not exist or has no ingredients")
    return MenuCheck(
        tuple(_near_duplicates([bar.recipes.recipe(row) for row in rows], graph)),
        tuple(_gaps(bar, chosen, drawn)),
        _single_use(bar, rows),
    )


def _near_duplicates(menu: Sequence[Recipe], graph: NeighborGraph) -> list[NearDuplicate]:
    found = [
        NearDuplicate(first, second, distance)
        for first, second in combinations(menu, 2)
        if (distance := graph.distance(first.id, second.id)) is not None
        and distance <= graph.median_nearest
    ]
    return sorted(found, key=lambda one: (one.distance, one.first.id, one.second.id))


def _gaps(bar: BarModel, menu: Sequence[int], drawn: LearnedMap) -> list[Gap]:
    rows = bar.recipes.rows(drawn.ids)
    here = rows >= 0
    if not drawn.regions or not here.any():
        return []
    on_menu = np.isin(drawn.ids, menu)
    points = zip(drawn.x[on_menu].tolist(), drawn.y[on_menu].tolist(), strict=True)
    served = {min(drawn.regions, key=lambda one: hypot(x - one.x, y - one.y)) for x, y in points}
    ids, x, y, rows = drawn.ids[here], drawn.x[here], drawn.y[here], rows[here]
    gaps = [
        Gap(one.name, one.size, bar.recipes.recipe(rows[_nearest(ids, x - one.x, y - one.y)]))
        for one in drawn.regions
        if one not in served
    ]
    return sorted(gaps, key=lambda gap: (-gap.size, gap.region))


def _nearest(ids: Ids, x: Floats, y: Floats) -> int:
    """Return the place of the point nearest to the origin; of the least id where some are equal."""
    squares = x * x + y * y
    # These are rounded otherwise than a distance.
    near: list[int] = np.flatnonzero(squares <= squares.min() * (1 + 1e-9)).tolist()
    return min(near, key=lambda place: (hypot(x[place], y[place]), ids[place]))


def _single_use(bar: BarModel, rows: Sequence[int]) -> dict[int, Recipe]:
    users: dict[int, list[int]] = {}
    for row in rows:
        for ingredient_id in bar.recipes.ingredient_ids(row):
            users.setdefault(ingredient_id, []).append(row)
    alone = [ingredient_id for ingredient_id, found in users.items() if len(found) == 1]
    return {
        one: bar.recipes.recipe(users[one][0])
        for one in sorted(alone, key=lambda one: (bar.name(one), one))
    }
