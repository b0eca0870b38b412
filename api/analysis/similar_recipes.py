"""Each recipe's nearest relatives, and what turns one into the other."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from api.analysis.ground_metric import GroundMetric
from api.analysis.recipe_volumes import RecipeVolumes
from barcart import TransportPlans, transport_plans

#: Flows below this are shown to nobody: half a milliliter is a few drops.
SMALLEST_ML = 0.5
DISTANCE_DECIMALS = 6


@dataclass(frozen=True)
class NeighborPlans:
    """The optimal plans from every recipe to each of its neighbors.

    Attributes
    ----------
    pairs
        (p, 2) rows of the volume matrix: a recipe, and a neighbor of it.
    plans
        Their transport plans, in the same order.
    """

    pairs: NDArray[np.int64]
    plans: TransportPlans


def neighbor_plans(metric: GroundMetric) -> NeighborPlans:
    """Solve the plans from every recipe to its neighbors under the learned costs."""
    graph = metric.fit.neighbors
    n, k = graph.indices.shape
    pairs = np.column_stack(
        [np.repeat(np.arange(n, dtype=np.int64), k), graph.indices.ravel().astype(np.int64)]
    )
    return NeighborPlans(pairs, transport_plans(metric.volumes, metric.fit.cost_matrix, pairs))


def similar_recipes(
    volumes: RecipeVolumes, metric: GroundMetric, found: NeighborPlans
) -> list[dict[str, Any]]:
    """Return each recipe's neighbors, nearest first, with the plan in words.

    Returns
    -------
    list of dict
        ``recipe_id``, ``recipe_name`` and ``similar``: records of ``recipe_id``, ``recipe_name``,
        ``distance`` and ``plan``, the largest flow first, such as ``'30 ml Campari -> Aperol'``.
        Volumes are those of the recipe; an ingredient rolled up goes by its parent's name.
    """
    total_ml = volumes.lines.groupby("recipe_id")["volume"].sum()
    ids = list(volumes.names)
    records: list[dict[str, Any]] = [
        {"recipe_id": recipe_id, "recipe_name": name, "similar": []}
        for recipe_id, name in volumes.names.items()
    ]
    plans = found.plans
    for pair, (row, other) in enumerate(found.pairs.tolist()):
        flows = slice(plans.indptr[pair], plans.indptr[pair + 1])
        records[row]["similar"].append(
            {
                "recipe_id": ids[other],
                "recipe_name": volumes.names[ids[other]],
                "distance": round(float(plans.distances[pair]), DISTANCE_DECIMALS),
                "plan": _in_words(
                    metric,
                    plans.source[flows].tolist(),
                    plans.target[flows].tolist(),
                    (plans.flow[flows] * float(total_ml.loc[ids[row]])).tolist(),
                ),
            }
        )
    return records


def _in_words(
    metric: GroundMetric, source: list[int], target: list[int], ml: list[float]
) -> list[str]:
    moves = sorted(
        (
            (-volume, giving, taking)
            for giving, taking, volume in zip(source, target, ml, strict=True)
            if giving != taking and volume >= SMALLEST_ML
        ),
    )
    name = metric.ingredients.name_at
    return [
        f"{-volume:.3g} ml {name(giving)} -> {name(taking)}" for volume, giving, taking in moves
    ]
