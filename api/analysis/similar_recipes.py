"""Each recipe's nearest relatives, and how to turn one into the other."""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from api.analysis.bar_measures import measure_line
from api.analysis.ground_metric import GroundMetric
from api.analysis.recipe_volumes import RecipeVolumes
from api.analysis.spirit_names import NOT_ALCOHOLIC, group_of_name
from api.analysis.swap_plans import Drink, Line, SwapPlan, swap_plan
from api.db.frames import Dataset
from barcart import create_rollup_mapping
from barcart.transport import transport_plan_blocks

DISTANCE_DECIMALS: Final = 6
ML_DECIMALS: Final = 1
#: The plans of so many recipes are solved at a time.
BLOCK_ROWS: Final = 2048
#: Recipes of which a plan's sums are kept: each is another's neighbor several times.
_DRINKS_KEPT: Final = 4096
#: A non-alcoholic ingredient that typically takes this share of a glass only fills it up.
LENGTHENER_SHARE: Final = 0.35
#: Typical needs this many recipes.
_ENOUGH_RECIPES: Final = 3


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


def similar_recipes(
    volumes: RecipeVolumes, lines: Mapping[int, Sequence[Line]], metric: GroundMetric
) -> Iterator[dict[str, Any]]:
    """Yield each recipe's neighbors, nearest first, with the steps that turn one into the other.

    The plans of :data:`BLOCK_ROWS` recipes are in memory at a time.

    Parameters
    ----------
    volumes
        The recipes.
    lines
        Their lines, see :func:`recipe_lines`.
    metric
        The learned costs and every recipe's neighbors.

    Yields
    ------
    dict
        ``recipe_id``, ``recipe_name`` and ``similar``: records of ``recipe_id``, ``recipe_name``,
        ``distance``, ``plan`` (the steps in words, such as ``'1 oz Campari -> Aperol'``),
        ``steps`` (the same as records of ``kind``, ``measure``, ``ml``, ``from`` and ``to``) and
        ``keep`` (records of ``measure``, ``ml`` and ``name``). Names and units are the recipe's
        own; what is kept, swapped and left out adds up to the recipe.
    """
    ids = list(volumes.names)
    neighbors = metric.fit.neighbors.indices
    k = neighbors.shape[1]
    starts = range(0, len(ids), BLOCK_ROWS)

    @lru_cache(_DRINKS_KEPT)
    def drink(recipe_id: int) -> Drink:
        return Drink.of(lines[recipe_id])

    def pairs() -> Iterator[NDArray[np.int64]]:
        for begin in starts:
            others = neighbors[begin : begin + BLOCK_ROWS].astype(np.int64)
            rows = np.arange(begin, begin + len(others))
            yield np.column_stack((np.repeat(rows, k), others.ravel()))

    blocks = transport_plan_blocks(metric.volumes, metric.fit.cost_matrix, pairs())
    for begin, plans in zip(starts, blocks, strict=False):
        flows = list(
            zip(plans.source.tolist(), plans.target.tolist(), plans.flow.tolist(), strict=True)
        )
        bounds, distances = plans.indptr.tolist(), plans.distances.tolist()
        for row, recipe_id in enumerate(ids[begin : begin + BLOCK_ROWS]):
            similar = []
            for pair, other in enumerate(neighbors[begin + row].tolist(), row * k):
                flow = flows[bounds[pair] : bounds[pair + 1]]
                plan = swap_plan(drink(recipe_id), drink(ids[other]), flow)
                name = volumes.names[ids[other]]
                similar.append(_relative(ids[other], name, distances[pair], plan))
            yield {
                "recipe_id": recipe_id,
                "recipe_name": volumes.names[recipe_id],
                "similar": similar,
            }


def _relative(recipe_id: int, name: str, distance: float, plan: SwapPlan) -> dict[str, Any]:
    return {
        "recipe_id": recipe_id,
        "recipe_name": name,
        "distance": round(distance, DISTANCE_DECIMALS),
        "plan": [step.text() for step in plan.steps],
        "steps": [
            {
                "kind": step.kind,
                "measure": step.measure,
                "ml": round(step.ml, ML_DECIMALS),
                "from": step.giving,
                "to": step.taking,
            }
            for step in plan.steps
        ],
        "keep": [
            {"measure": measure, "ml": round(ml, ML_DECIMALS), "name": name}
            for measure, name, ml in plan.keep
        ],
    }


def recipe_lines(
    volumes: RecipeVolumes, dataset: Dataset, metric: GroundMetric
) -> dict[int, list[Line]]:
    """Return each recipe's lines with their measures, the largest volume first."""
    units = dataset.units.set_index("id")
    by_unit = {
        key: (name, abbreviation, None if np.isnan(each) else each)
        for key, name, abbreviation, each in zip(
            units.index.tolist(),
            units["name"],
            units["abbreviation"],
            units["conversion_to_ml"].astype(float).tolist(),
            strict=True,
        )
    }
    mapping = create_rollup_mapping(dataset.ingredients.rename(columns={"id": "ingredient_id"}))
    frame = volumes.lines
    keys = frame["ingredient_id"].tolist()
    column_of = {
        key: metric.ingredients.index_of(mapping.get(str(key), str(key))) for key in set(keys)
    }
    columns = [column_of[key] for key in keys]
    # Few amounts are different: equal ones are one object.
    written = frame[["amount", "unit_id"]]
    different = written.drop_duplicates()
    made = [
        measure_line(None if np.isnan(amount) else amount, *by_unit.get(unit, (None, None, None)))
        for amount, unit in zip(
            different["amount"].astype(float).tolist(), different["unit_id"].tolist(), strict=True
        )
    ]
    groups = written.groupby(["amount", "unit_id"], dropna=False, sort=False).ngroup()
    measures = [made[group] for group in groups.tolist()]
    tops = [measure.tops for measure in measures]
    long = lengtheners(frame.assign(column=columns, tops=tops))
    found: dict[int, list[Line]] = {recipe_id: [] for recipe_id in volumes.names}
    for recipe_id, name, column, measure in zip(
        frame["recipe_id"].tolist(),
        frame["ingredient_name"].tolist(),
        columns,
        measures,
        strict=True,
    ):
        found[recipe_id].append(Line(str(name), column, measure, measure.tops or column in long))
    return found


def lengtheners(lines: pd.DataFrame) -> set[int]:
    """Find what only fills up the glass: soda, tonic, water and the like.

    Read from how the recipes use an ingredient: most of its lines are top-ups, or it is not
    alcoholic by its name and its median share of the glass is large.

    Parameters
    ----------
    lines
        With ``recipe_id``, ``ingredient_name``, ``volume``, ``column`` and ``tops``.

    Returns
    -------
    set of int
        Values of ``column``.
    """
    share = lines["volume"] / lines.groupby("recipe_id")["volume"].transform("sum")
    names = lines["ingredient_name"]
    soft = names.map({name: group_of_name(name) == NOT_ALCOHOLIC for name in names.unique()})
    use = lines.assign(share=share, soft=soft).groupby("column")
    summary = use.agg(
        tops=("tops", "mean"),
        soft=("soft", "mean"),
        share=("share", "median"),
        recipes=("recipe_id", "nunique"),
    )
    fills = (summary["soft"] > 0.5) & (summary["share"] >= LENGTHENER_SHARE)
    found = (summary["tops"] >= 0.5) | (fills & (summary["recipes"] >= _ENOUGH_RECIPES))
    return set(summary.index[found].tolist())
