"""What may stand in for an ingredient, as far as the recipes tell."""

from typing import Any

import numpy as np

from api.analysis.ground_metric import GroundMetric
from api.analysis.similar_recipes import NeighborPlans

#: How many substitutes are named for an ingredient.
SUBSTITUTES = 10
#: Fewer pairs of recipes than this are weak evidence: chance makes one or two.
ENOUGH_SUPPORT = 3
COST_DECIMALS = 6


def ingredient_substitutes(metric: GroundMetric, found: NeighborPlans) -> list[dict[str, Any]]:
    """Return each ingredient's nearest by learned cost.

    Returns
    -------
    list of dict
        ``ingredient_id``, ``ingredient_name`` and ``substitutes``: records of ``ingredient_id``,
        ``ingredient_name``, ``cost``, ``support`` (how many pairs of neighboring recipes exchange
        one for the other) and ``weak`` (whether that is too few to rely on). Cheapest first; of
        equal cost, the better supported.
    """
    registry, cost = metric.ingredients, metric.fit.cost_matrix
    m = len(registry)
    support = _support(found, m)
    records = []
    for row in range(m):
        others = np.delete(np.arange(m), row)
        order = np.lexsort((others, -support[row, others], cost[row, others]))
        records.append(
            {
                "ingredient_id": int(registry.id_at(row)),
                "ingredient_name": registry.name_at(row),
                "substitutes": [
                    {
                        "ingredient_id": int(registry.id_at(other)),
                        "ingredient_name": registry.name_at(other),
                        "cost": round(float(cost[row, other]), COST_DECIMALS),
                        "support": int(support[row, other]),
                        "weak": bool(support[row, other] < ENOUGH_SUPPORT),
                    }
                    for other in others[order[:SUBSTITUTES]].tolist()
                ],
            }
        )
    return records


def _support(found: NeighborPlans, m: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Count the unordered pairs of neighboring recipes that exchange each two ingredients."""
    plans = found.plans
    # A pair that is mutual stands there twice: it is one piece of evidence.
    _, pair_of = np.unique(np.sort(found.pairs, axis=1), axis=0, return_inverse=True)
    flow_pair = np.repeat(pair_of.ravel(), np.diff(plans.indptr))
    low = np.minimum(plans.source, plans.target).astype(np.int64)
    high = np.maximum(plans.source, plans.target).astype(np.int64)
    exchanged = np.unique(np.column_stack([flow_pair, low, high])[low != high], axis=0)
    support = np.zeros((m, m), dtype=np.int64)
    np.add.at(support, (exchanged[:, 1], exchanged[:, 2]), 1)
    return support + support.T
