"""What a shelf makes now, which bottle to buy next, and what sits unused."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Literal

from api.analysis.bar.model import BarModel, Recipe

Order = Literal["rating", "similarity", "ingredients"]


@dataclass(frozen=True)
class Makeable:
    """A recipe that the shelf makes, or nearly makes.

    Attributes
    ----------
    missing
        The ingredients that the shelf does not cover, by id.
    distance
        From the recipe that the answer is sorted by; None if it was not asked for, or if no chain
        of relatives leads there.
    """

    recipe: Recipe
    missing: tuple[int, ...] = ()
    distance: float | None = None


@dataclass(frozen=True)
class NextBottle:
    """A bottle to buy.

    Attributes
    ----------
    unlocked
        The recipes that this bottle, and no other, keeps from being made; by name.
    """

    ingredient_id: int
    unlocked: tuple[Recipe, ...]


@dataclass(frozen=True)
class BottleUse:
    """How a bottle is used.

    Attributes
    ----------
    makeable
        Recipes that the shelf makes and that ask for what this bottle covers.
    all_recipes
        How many recipes of the database ask for what this bottle covers.
    would_use
        The recipes with the fewest missing ingredients among those that the shelf does not make.
    """

    ingredient_id: int
    makeable: tuple[Recipe, ...]
    all_recipes: int
    would_use: tuple[Makeable, ...]


@dataclass(frozen=True)
class KindOffer:
    """A kind that would replace bottles of it: "any gin will do".

    Attributes
    ----------
    gained
        How many more recipes the shelf makes with the kind on it.
    """

    kind_id: int
    bottles: tuple[int, ...]
    gained: int


def missing_ingredients(recipe: Recipe, covered: Collection[int]) -> tuple[int, ...]:
    """Return the distinct ingredients that a recipe asks for and the shelf does not cover."""
    return tuple(sorted(recipe.ingredient_ids.difference(covered)))


def makeable_now(
    bar: BarModel,
    shelf: Iterable[int],
    *,
    order: Order = "ingredients",
    distances: Mapping[int, float] | None = None,
) -> list[Makeable]:
    """Return the recipes all of whose ingredients the shelf covers.

    Parameters
    ----------
    order
        ``rating``, the best first and unrated last; ``similarity``, the least distance first and
        unknown last; or ``ingredients``, the fewest first. Ties: by name, then id.
    distances
        By recipe id, from the recipe to compare with; see :func:`graph_distances`.
    """
    covered, known = bar.coverage(shelf), distances or {}
    found = [
        Makeable(recipe, distance=known.get(recipe.id))
        for recipe in bar.recipes.values()
        if recipe.ingredient_ids <= covered
    ]

    def key(one: Makeable) -> tuple[float, str, int]:
        recipe = one.recipe
        if order == "rating":
            value = float("inf") if recipe.rating is None else -recipe.rating
        elif order == "similarity":
            value = float("inf") if one.distance is None else one.distance
        else:
            value = float(len(recipe.ingredient_ids))
        return value, recipe.name.casefold(), recipe.id

    return sorted(found, key=key)


def neighbor_graph(
    relatives: Mapping[int, Sequence[tuple[int, float]]],
) -> dict[int, list[tuple[int, float]]]:
    """Return relatives in both directions.

    Parameters
    ----------
    relatives
        By recipe id: the ids of its nearest and their distances.
    """
    edges: dict[int, list[tuple[int, float]]] = {}
    for recipe_id, near in relatives.items():
        for other, distance in near:
            edges.setdefault(recipe_id, []).append((other, distance))
            edges.setdefault(other, []).append((recipe_id, distance))
    return edges


def graph_distances(
    graph: Mapping[int, Sequence[tuple[int, float]]], start: int
) -> dict[int, float]:
    """Return the length of the shortest chain of relatives from one recipe to each other.

    The published neighbors are each recipe's nearest ten. Beyond them the length of the shortest
    path through the neighbor graph approximates the distance, as in Isomap (Tenenbaum, de Silva,
    Langford 2000).

    Parameters
    ----------
    graph
        From :func:`neighbor_graph`.
    """
    settled: dict[int, float] = {}
    queue = [(0.0, start)] if start in graph else []
    while queue:
        distance, recipe_id = heappop(queue)
        if recipe_id in settled:
            continue
        settled[recipe_id] = distance
        for other, length in graph[recipe_id]:
            if other not in settled:
                heappush(queue, (distance + length, other))
    return settled


def one_bottle_away(bar: BarModel, shelf: Iterable[int]) -> list[NextBottle]:
    """Return each bottle that alone unlocks recipes, the one that unlocks most first.

    A bottle is named as recipes name it. One that covers several recipes' wishes, such as London
    dry gin where others ask for any gin, unlocks them all.
    """
    covered = bar.coverage(shelf)
    lacking = {
        recipe.id: missing
        for recipe in bar.recipes.values()
        if (missing := recipe.ingredient_ids.difference(covered))
    }
    wanted = Counter(next(iter(one)) for one in lacking.values() if len(one) == 1)
    # Whoever covers all that a recipe lacks covers any one of it.
    by_one: dict[int, list[int]] = {}
    for key, missing in lacking.items():
        by_one.setdefault(next(iter(missing)), []).append(key)
    found = []
    for bottle in wanted:
        covers = bar.coverage([bottle])
        unlocked = [
            bar.recipes[key]
            for one in covers
            for key in by_one.get(one, ())
            if lacking[key] <= covers
        ]
        unlocked.sort(key=lambda recipe: (recipe.name.casefold(), recipe.id))
        found.append(NextBottle(bottle, tuple(unlocked)))
    return sorted(
        found,
        key=lambda one: (-len(one.unlocked), bar.name(one.ingredient_id), one.ingredient_id),
    )


def buy_next(bar: BarModel, shelf: Iterable[int], count: int = 3) -> list[NextBottle]:
    """Return the next ``count`` bottles to buy, each the best once those before it are there.

    The greedy choice: the number of recipes unlocked has no diminishing returns in general (two
    bottles may unlock what neither does), so this is a good shopping list, not a proven optimum.
    """
    have, chosen = set(shelf), []
    for _ in range(count):
        options = one_bottle_away(bar, have)
        if not options:
            break
        chosen.append(options[0])
        have.add(options[0].ingredient_id)
    return chosen


def bottle_uses(bar: BarModel, shelf: Iterable[int], *, suggestions: int = 3) -> list[BottleUse]:
    """Return how many drinks each bottle of the shelf serves, unused bottles first."""
    bottles = sorted(set(shelf))
    covered = bar.coverage(bottles)
    ordered = sorted(bar.recipes.values(), key=lambda recipe: (recipe.name.casefold(), recipe.id))
    found = []
    for bottle in bottles:
        covers = bar.coverage([bottle])
        using = [recipe for recipe in ordered if not recipe.ingredient_ids.isdisjoint(covers)]
        makeable = tuple(recipe for recipe in using if recipe.ingredient_ids <= covered)
        nearly = sorted(
            (
                Makeable(recipe, missing_ingredients(recipe, covered))
                for recipe in using
                if not recipe.ingredient_ids <= covered
            ),
            key=lambda one: len(one.missing),
        )
        found.append(BottleUse(bottle, makeable, len(using), tuple(nearly[:suggestions])))
    return sorted(
        found, key=lambda one: (len(one.makeable), one.all_recipes, bar.name(one.ingredient_id))
    )


def kind_offers(bar: BarModel, shelf: Iterable[int]) -> list[KindOffer]:
    """Return the kinds that could replace bottles of the shelf, the most gainful first.

    A kind is offered for the bottles directly below it, if that makes more recipes. A root of the
    tree is offered only if a recipe asks for it: "any gin will do" where gin is a root, but not
    "any spirit".
    """
    bottles = set(shelf)
    named = set().union(*(recipe.ingredient_ids for recipe in bar.recipes.values()))
    by_kind: dict[int, list[int]] = {}
    for bottle in sorted(bottles):
        parent_id = next(bar.ancestors(bottle), None)
        if parent_id is None or parent_id in bottles:
            continue
        if parent_id in named or next(bar.ancestors(parent_id), None) is not None:
            by_kind.setdefault(parent_id, []).append(bottle)
    before = _count_makeable(bar, bottles)
    offers = [
        KindOffer(kind, tuple(below), _count_makeable(bar, bottles | {kind}) - before)
        for kind, below in by_kind.items()
    ]
    return sorted(
        (offer for offer in offers if offer.gained > 0),
        key=lambda offer: (-offer.gained, bar.name(offer.kind_id), offer.kind_id),
    )


def _count_makeable(bar: BarModel, shelf: Iterable[int]) -> int:
    covered = bar.coverage(shelf)
    return sum(recipe.ingredient_ids <= covered for recipe in bar.recipes.values())
