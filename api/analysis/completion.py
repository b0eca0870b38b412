"""Each refresh measures itself: does the learned distance find a hidden ingredient?

Held out from learning and searching, a recipe loses one ingredient; its relatives among the other
recipes should have it. Where another distance does better than the learned one, beyond one standard
error of the difference, it is published instead: the one-standard-error rule (Breiman et al. 1984,
Classification and Regression Trees), so that a few changed recipes do not flip the map.
"""

import logging
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np

from api.analysis.ground_metric import GroundMetric, GroundProblem
from api.analysis.quality_measures import (
    COMPLETION_NEIGHBORS,
    completion_ranks,
    hidden_ingredients,
)
from api.analysis.quality_methods import Learner, learned_space, manhattan_space, tree_space
from barcart import emd_neighbors, tree_neighbors
from barcart.validation import FloatArray

logger = logging.getLogger(__name__)

Published = Literal["learned", "tree", "manhattan"]

#: In the order in which equal ones are preferred.
_LEARNERS: Final[dict[Published, Learner]] = {
    "learned": learned_space,
    "tree": tree_space,
    "manhattan": manhattan_space,
}
#: More recipes than this are sampled: the measure takes one to two seconds on any collection.
_MOST_RECIPES: Final = 2000
_MOST_QUERIES: Final = 600
_FOLDS: Final = 3
#: Fewer queries decide nothing: the learned costs are published.
_ENOUGH_QUERIES: Final = 100
_DECIMALS: Final = 4


@dataclass(frozen=True)
class Completion:
    """Mean reciprocal rank of a hidden ingredient, cross-validated.

    Attributes
    ----------
    learned, tree, manhattan
        Under the learned distance, the tree's EMD and the Manhattan distance; 0 without queries.
    queries
        How many ingredients were hidden.
    published
        Which of the distances the refresh publishes.
    """

    learned: float
    tree: float
    manhattan: float
    queries: int
    published: Published


def completion_scores(problem: GroundProblem) -> Completion:
    """Measure the three distances on a collection; the result depends on the collection alone."""
    shares = problem.shares
    if shares.shape[0] > _MOST_RECIPES:
        rows = np.random.default_rng(0).choice(shares.shape[0], _MOST_RECIPES, replace=False)
        shares = shares[np.sort(rows)]
    folds = hidden_ingredients(shares, _FOLDS, _MOST_QUERIES)
    ranks: dict[Published, FloatArray] = {}
    queries = sum(fold.recipes.size for fold in folds)
    for name, learn in _LEARNERS.items():
        parts = [np.empty(0)]
        for fold in folds:
            known, hidden = shares[fold.known], fold.queries(shares)
            space = learn(known, problem.tree)
            nearest = space.nearest(hidden, known, COMPLETION_NEIGHBORS)
            parts.append(completion_ranks(nearest, known, hidden, fold.ingredients))
        ranks[name] = np.concatenate(parts)
    found = {
        name: round(float(of.sum()) / max(queries, 1), _DECIMALS) for name, of in ranks.items()
    }
    published: Published = "learned"
    if queries >= _ENOUGH_QUERIES:
        best = max(ranks, key=lambda name: found[name])
        lead = ranks[best] - ranks["learned"]
        if lead.mean() > lead.std(ddof=1) / np.sqrt(queries):
            published = best
    return Completion(found["learned"], found["tree"], found["manhattan"], queries, published)


def describe(completion: Completion) -> str:
    """Return the result in words."""
    scores = (
        f"learned {completion.learned:.3f}, tree {completion.tree:.3f}, "
        f"Manhattan {completion.manhattan:.3f}"
    )
    if completion.published != "learned":
        return (
            f"the learned costs find hidden ingredients less well ({scores}); "
            f"publishing the {completion.published} distance"
        )
    if completion.learned <= max(completion.tree, completion.manhattan):
        return f"the learned costs find hidden ingredients no better, within the error ({scores})"
    return f"hidden ingredients found (mean reciprocal rank): {scores}"


def published_metric(
    metric: GroundMetric, problem: GroundProblem, completion: Completion
) -> GroundMetric:
    """Return the ground metric to publish, in place of the learned one if another is better."""
    if completion.published == "learned":
        logger.info(describe(completion))
        return metric
    logger.warning(describe(completion))
    k = max(metric.fit.neighbors.indices.shape[1], 1)
    if completion.published == "tree":
        cost = problem.tree.cost_matrix()
        neighbors = tree_neighbors(problem.shares, problem.tree, k)
    else:
        cost = 1.0 - np.eye(len(problem.ingredients))
        neighbors = emd_neighbors(problem.shares, cost, k, metric=True)
    fit = replace(metric.fit, cost_matrix=cost, neighbors=neighbors)
    return replace(metric, volumes=problem.shares, fit=fit)
