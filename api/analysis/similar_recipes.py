"""Each recipe's nearest relatives, and how to turn one into the other."""

from collections.abc import Iterator, Sequence
from itertools import tee
from json import JSONEncoder
from typing import Any, Final

import numpy as np

from api.analysis.arrays import Ints
from api.analysis.bar_measures import RINSE, TO_TOP
from api.analysis.ground_metric import GroundMetric
from api.analysis.recipe_lines import RecipeLines
from api.analysis.recipe_volumes import RecipeVolumes
from api.analysis.swap_plans import ADD, KEEP, SWAP, SwapPlans, swap_plans
from barcart.transport import transport_plan_blocks

DISTANCE_DECIMALS: Final = 6
ML_DECIMALS: Final = 1
#: The plans of so many recipes are solved at a time.
BLOCK_ROWS: Final = 512
_ADD_VERBS: Final = {TO_TOP: "top with", RINSE: "rinse with"}

_json = JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


def nearest_recipes(metric: GroundMetric, ids: Sequence[int]) -> Iterator[dict[str, Any]]:
    """Yield each recipe's neighbors without the steps: ``recipe_id`` and ``similar``.

    Parameters
    ----------
    metric
        The learned costs and every recipe's neighbors.
    ids
        The recipes' ids, in the order of its rows.
    """
    graph = metric.fit.neighbors
    for recipe_id, others, distances in zip(ids, graph.indices, graph.distances, strict=True):
        yield {
            "recipe_id": recipe_id,
            "similar": [
                {"recipe_id": ids[other], "distance": round(distance, DISTANCE_DECIMALS)}
                for other, distance in zip(others.tolist(), distances.tolist(), strict=True)
            ],
        }


def similar_recipes_json(
    volumes: RecipeVolumes, lines: RecipeLines, metric: GroundMetric
) -> Iterator[tuple[int, str]]:
    """Yield each recipe's neighbors, nearest first, with the steps that turn one into the other.

    They are written as compact JSON at once: to make and encode the seventy objects of each recipe
    would take twice the time. The plans of :data:`BLOCK_ROWS` recipes are in memory at a time.

    Parameters
    ----------
    volumes
        The recipes.
    lines
        Their lines.
    metric
        The learned costs and every recipe's neighbors.

    Yields
    ------
    int
        The recipe's id.
    str
        An object of ``recipe_id``, ``recipe_name`` and ``similar``: objects of ``recipe_id``,
        ``recipe_name``, ``distance``, ``plan`` (the steps in words, such as
        ``'1 oz Campari -> Aperol'``), ``steps`` (the same as objects of ``kind``, ``measure``,
        ``ml``, ``from`` and ``to``) and ``keep`` (objects of ``measure``, ``ml`` and ``name``).
        Names and units are the recipe's own; what is kept, swapped and left out adds up to the
        recipe.
    """
    ids, names = list(volumes.names), list(volumes.names.values())
    neighbors = metric.fit.neighbors.indices
    k = neighbors.shape[1]
    ingredients = [_json(name) for name in lines.names]

    def pairs_of(begin: int) -> Ints:
        others = neighbors[begin : begin + BLOCK_ROWS].astype(np.int64)
        rows = np.arange(begin, begin + len(others))
        return np.column_stack((np.repeat(rows, k), others.ravel()))

    begins = range(0, len(ids), BLOCK_ROWS)
    blocks, again = tee(map(pairs_of, begins))
    solved = transport_plan_blocks(metric.volumes, metric.fit.cost_matrix, again)
    for begin, pairs, plans in zip(begins, blocks, solved, strict=True):
        relatives = [
            f'{{"recipe_id":{ids[other]},"recipe_name":{_json(names[other])},'
            f'"distance":{round(distance, DISTANCE_DECIMALS)},{fields}}}'
            for other, distance, fields in zip(
                pairs[:, 1].tolist(),
                plans.distances.tolist(),
                _plans_json(lines, ingredients, swap_plans(lines, pairs, plans)),
                strict=True,
            )
        ]
        for number, recipe_id in enumerate(ids[begin : begin + BLOCK_ROWS]):
            similar = ",".join(relatives[number * k : number * k + k])
            yield (
                recipe_id,
                f'{{"recipe_id":{recipe_id},"recipe_name":{_json(names[begin + number])},'
                f'"similar":[{similar}]}}',
            )


def _plans_json(lines: RecipeLines, names: Sequence[str], plans: SwapPlans) -> Iterator[str]:
    """Yield the fields ``plan``, ``steps`` and ``keep`` of each plan.

    Parameters
    ----------
    lines, plans
        The lines, and plans between their recipes.
    names
        The names of the lines as JSON.
    """
    pours = [
        _pour_json(lines.units[unit].text(amount), ml, names[name])
        for unit, amount, ml, name in zip(
            lines.unit[plans.line].tolist(),
            plans.amount.tolist(),
            plans.ml.tolist(),
            lines.name[plans.line].tolist(),
            strict=True,
        )
    ]
    words: list[str] = []
    records: list[str] = []
    for kind, pour, taken in zip(
        plans.kind.tolist(), plans.pour.tolist(), plans.taking.tolist(), strict=True
    ):
        measure, name, what, verb = pours[pour]
        if kind == KEEP:
            words.append("")
            records.append(f'{{{measure},"name":{name}}}')
        elif kind == SWAP:
            words.append(f'"{what} -> {names[taken][1:]}')
            records.append(f'{{"kind":"swap",{measure},"from":{name},"to":{names[taken]}}}')
        elif kind == ADD:
            words.append(f'"{verb} {what}"')
            records.append(f'{{"kind":"add",{measure},"from":null,"to":{name}}}')
        else:
            words.append(f'"leave out {what}"')
            records.append(f'{{"kind":"leave out",{measure},"from":{name},"to":null}}')
    for begin, middle, end in zip(
        plans.starts.tolist(), plans.keep_starts.tolist(), plans.ends.tolist(), strict=True
    ):
        yield (
            f'"plan":[{",".join(words[begin:middle])}],"steps":[{",".join(records[begin:middle])}],'
            f'"keep":[{",".join(records[middle:end])}]'
        )


def _pour_json(measure: str, ml: float, name: str) -> tuple[str, str, str, str]:
    """Return a pour's fields ``measure`` and ``ml``, its name, and what adding it is in words.

    Parameters
    ----------
    measure, ml
        How much.
    name
        The ingredient's, in quotes.

    Returns
    -------
    fields, name, what, verb
        All but the name are without quotes.
    """
    written = _json(measure)
    fields = f'"measure":{written},"ml":{ml:.{ML_DECIMALS}f}'
    if measure in _ADD_VERBS:
        return fields, name, name[1:-1], _ADD_VERBS[measure]
    return fields, name, f"{written[1:-1]} {name[1:-1]}", "add"
