"""Menu check: near-duplicates, gaps on the map, bottles that serve one drink only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import hypot
from statistics import median

from api.analysis.bar.model import BarModel, Recipe

MAX_MENU = 20


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


@dataclass(frozen=True)
class Region:
    """A neighborhood of the map: its name, size and center."""

    name: str
    size: int
    x: float
    y: float


def check_menu(
    bar: BarModel,
    menu: Sequence[int],
    relatives: Mapping[int, Sequence[tuple[int, float]]],
    positions: Mapping[int, tuple[float, float]],
    regions: Sequence[Region],
) -> MenuCheck:
    """Check a menu of at most :data:`MAX_MENU` recipes.

    Parameters
    ----------
    menu
        Recipe ids, all of them in ``bar``.
    relatives
        The published neighbors by recipe: ids and learned distances, the nearest first.
    positions
        Where recipes lie on the learned map.
    regions
        The map's neighborhoods.

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
    for recipe_id in chosen:
        if recipe_id not in bar.recipes:
            raise ValueError(f"menu: recipe {recipe_id} does not exist or has no ingredients")
    return MenuCheck(
        tuple(_near_duplicates(bar, chosen, relatives)),
        tuple(_gaps(bar, chosen, positions, regions)),
        _single_use(bar, chosen),
    )


def _near_duplicates(
    bar: BarModel, menu: Sequence[int], relatives: Mapping[int, Sequence[tuple[int, float]]]
) -> list[NearDuplicate]:
    nearest = [near[0][1] for near in relatives.values() if near]
    if not nearest:
        return []
    limit = median(nearest)
    found = []
    for first, second in combinations(menu, 2):
        known = [
            distance
            for one, other in ((first, second), (second, first))
            for near_id, distance in relatives.get(one, ())
            if near_id == other
        ]
        if known and min(known) <= limit:
            found.append(NearDuplicate(bar.recipes[first], bar.recipes[second], min(known)))
    return sorted(found, key=lambda one: (one.distance, one.first.id, one.second.id))


def _gaps(
    bar: BarModel,
    menu: Sequence[int],
    positions: Mapping[int, tuple[float, float]],
    regions: Sequence[Region],
) -> list[Gap]:
    def nearest(point: tuple[float, float]) -> int:
        return min(range(len(regions)), key=lambda one: _distance(point, regions[one]))

    if not regions:
        return []
    served = {nearest(positions[recipe_id]) for recipe_id in menu if recipe_id in positions}
    here = [key for key in bar.recipes if key in positions]
    gaps = []
    for number, region in enumerate(regions):
        if number in served or not here:
            continue
        closest = min(
            here,
            key=lambda key: (
                hypot(positions[key][0] - region.x, positions[key][1] - region.y),
                key,
            ),
        )
        gaps.append(Gap(region.name, region.size, bar.recipes[closest]))
    return sorted(gaps, key=lambda gap: (-gap.size, gap.region))


def _distance(point: tuple[float, float], region: Region) -> float:
    return hypot(point[0] - region.x, point[1] - region.y)


def _single_use(bar: BarModel, menu: Sequence[int]) -> dict[int, Recipe]:
    users: dict[int, list[Recipe]] = {}
    for recipe_id in menu:
        for ingredient_id in bar.recipes[recipe_id].ingredient_ids:
            users.setdefault(ingredient_id, []).append(bar.recipes[recipe_id])
    alone = [ingredient_id for ingredient_id, recipes in users.items() if len(recipes) == 1]
    return {one: users[one][0] for one in sorted(alone, key=lambda one: (bar.name(one), one))}
