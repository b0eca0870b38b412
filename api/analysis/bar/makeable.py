"""What a shelf makes now, which bottle to buy next, and what sits unused."""

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from api.analysis.arrays import Rows, run_starts
from api.analysis.bar import Order
from api.analysis.bar.model import BarModel
from api.analysis.bar.neighbor_graph import Chains
from api.analysis.bar.recipe_table import Recipe, RecipeList


@dataclass(frozen=True, slots=True)
class Makeable:
    """A recipe that the shelf makes.

    Attributes
    ----------
    ingredient_count
        How many different ingredients it asks for.
    rating
        The mean; None without ratings.
    distance
        From the recipe that the answer is sorted by; None if it was not asked for, or if no chain
        of relatives leads there.
    """

    recipe: Recipe
    ingredient_count: int
    rating: float | None
    distance: float | None


@dataclass(frozen=True)
class NearlyMakeable:
    """A recipe that the shelf does not make, and the ingredients that it lacks, by id."""

    recipe: Recipe
    missing: tuple[int, ...]


@dataclass(frozen=True)
class NextBottle:
    """A bottle to buy.

    Attributes
    ----------
    unlocked
        The recipes that this bottle, and no other, keeps from being made; by name.
    """

    ingredient_id: int
    unlocked: Sequence[Recipe]


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
    makeable: Sequence[Recipe]
    all_recipes: int
    would_use: tuple[NearlyMakeable, ...]


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


def makeable_now(
    bar: BarModel,
    shelf: Iterable[int],
    *,
    order: Order = "ingredients",
    chains: Chains | None = None,
) -> list[Makeable]:
    """Return the recipes all of whose ingredients the shelf covers.

    Parameters
    ----------
    order
        ``rating``, the best first and unrated last; ``similarity``, the least distance first and
        unknown last; or ``ingredients``, the fewest first. Ties: by name, then id.
    chains
        From the recipe to compare with.
    """
    table = bar.recipes
    rows = makeable_rows(bar, bar.coverage(shelf))
    counts, ratings = table.ingredient_counts[rows], table.ratings[rows]
    distances = np.full(len(rows), np.inf) if chains is None else chains.to(table.ids[rows])
    keys = {"rating": -ratings, "similarity": distances, "ingredients": counts}
    # NaN, where there is no rating, sorts last.
    ranking = np.argsort(keys[order], kind="stable")
    return [
        Makeable(table.recipe(row), count, _known(rating), _known(distance))
        for row, count, rating, distance in zip(
            rows[ranking].tolist(),
            counts[ranking].tolist(),
            ratings[ranking].tolist(),
            distances[ranking].tolist(),
            strict=True,
        )
    ]


def makeable_rows(bar: BarModel, covered: Collection[int]) -> Rows:
    """Return the rows of the recipes all of whose ingredients are covered."""
    lacking, _ = bar.recipes.lacking(covered)
    return np.flatnonzero(np.bincount(lacking, minlength=len(bar.recipes)) == 0)


def next_bottles(
    bar: BarModel, shelf: Iterable[int], count: int = 3
) -> tuple[list[NextBottle], list[NextBottle]]:
    """Return each bottle that alone unlocks recipes, and the next ``count`` bottles to buy.

    The first list has the bottle that unlocks most first. A bottle is named as recipes name it. One
    that covers several recipes' wishes, such as London dry gin where others ask for any gin,
    unlocks them all.

    Of the second, each bottle is the best once those before it are there. This is the greedy
    choice: the number of recipes unlocked has no diminishing returns in general (two bottles may
    unlock what neither does), so it is a good shopping list, not a proven optimum.
    """
    have = set(shelf)
    chosen: list[NextBottle] = []
    one_away = options = _one_bottle_away(bar, have)
    while options and len(chosen) < count:
        chosen.append(options[0])
        have.add(options[0].ingredient_id)
        if len(chosen) < count:
            options = _one_bottle_away(bar, have)
    return one_away, chosen


def _one_bottle_away(bar: BarModel, shelf: Iterable[int]) -> list[NextBottle]:
    rows, columns = bar.recipes.lacking(bar.coverage(shelf))
    alone = np.bincount(rows, minlength=len(bar.recipes))[rows] == 1
    wanted = bar.recipes.asked[np.unique(columns[alone])].tolist()
    found = [
        NextBottle(bottle, RecipeList(bar.recipes, unlocked))
        for bottle, unlocked in zip(wanted, _unlocked(bar, rows, columns, wanted), strict=True)
    ]
    return sorted(
        found,
        key=lambda one: (-len(one.unlocked), bar.name(one.ingredient_id), one.ingredient_id),
    )


def bottle_uses(bar: BarModel, shelf: Iterable[int], *, suggestions: int = 3) -> list[BottleUse]:
    """Return how many drinks each bottle of the shelf serves, unused bottles first."""
    table, bottles = bar.recipes, sorted(set(shelf))
    covered = bar.coverage(bottles)
    missing = np.bincount(table.lacking(covered)[0], minlength=len(table))
    found = []
    for bottle in bottles:
        using = table.using(bar.coverage([bottle]))
        lacking = missing[using]
        makeable, others = using[lacking == 0], using[lacking > 0]
        # The fewest missing first, then by name: by row.
        nearest = np.sort(missing[others] * len(table) + others)[:suggestions] % len(table)
        would_use = tuple(
            NearlyMakeable(table.recipe(row), tuple(sorted(table.ingredient_ids(row) - covered)))
            for row in nearest.tolist()
        )
        found.append(BottleUse(bottle, RecipeList(table, makeable), len(using), would_use))
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
    by_kind: dict[int, list[int]] = {}
    for bottle in sorted(bottles):
        parent_id = next(bar.ancestors(bottle), None)
        if parent_id is None or parent_id in bottles:
            continue
        if bar.recipes.columns([parent_id]) or next(bar.ancestors(parent_id), None) is not None:
            by_kind.setdefault(parent_id, []).append(bottle)
    rows, columns = bar.recipes.lacking(bar.coverage(bottles))
    offers = [
        KindOffer(kind, tuple(below), len(gained))
        for (kind, below), gained in zip(
            by_kind.items(), _unlocked(bar, rows, columns, list(by_kind)), strict=True
        )
    ]
    return sorted(
        (offer for offer in offers if offer.gained > 0),
        key=lambda offer: (-offer.gained, bar.name(offer.kind_id), offer.kind_id),
    )


def _unlocked(bar: BarModel, rows: Rows, columns: Rows, bottles: Sequence[int]) -> list[Rows]:
    """Return for each bottle the rows that it completes: it covers all that they lack.

    Parameters
    ----------
    rows, columns
        What each row lacks, from :meth:`.RecipeTable.lacking`.
    """
    covers = np.zeros((len(bar.recipes.asked), -(-len(bottles) // 64) * 64), dtype=bool)
    for number, bottle in enumerate(bottles):
        covers[bar.recipes.columns(bar.coverage([bottle])), number] = True
    starts = run_starts(rows)
    sizes = np.diff(starts, append=len(rows))
    first, last = columns[starts], columns[starts + sizes - 1]
    found: list[Rows] = []
    for word in np.packbits(covers, axis=1).view(np.uint64).T.copy():  # of 64 bottles each
        completing = word[first] & word[last]
        some = np.flatnonzero(completing)
        completing = completing[some]
        # What lies between the first and the last: hardly any row is left that lacks more.
        place, longer = 1, np.flatnonzero(sizes[some] > 2)
        while longer.size:
            completing[longer] &= word[columns[starts[some[longer]] + place]]
            place += 1
            longer = longer[sizes[some[longer]] > place + 1]
        bits = np.unpackbits(completing.view(np.uint8)).view(bool).reshape(-1, 64)
        found += [rows[starts[some[bit]]] for bit in bits.T]
    return found[: len(bottles)]


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
