"""Each refresh measures itself: does the learned distance find a hidden ingredient?

Held out from learning and searching, a recipe loses one ingredient; its relatives among the other
recipes should have it. Where learned costs do no better than the ingredient tree, the best of the
distances is published instead.
"""

import logging
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np

from api.analysis.ground_metric import GroundMetric, GroundProblem
from api.analysis.quality_measures import completion_ranks, hidden_ingredients
from api.analysis.quality_methods import Learner, learned_space, manhattan_space, tree_space
from barcart import emd_neighbors, tree_neighbors

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
    found: dict[Published, float] = {}
    queries = sum(fold.recipes.size for fold in folds)
    for name, learn in _LEARNERS.items():
        total = 0.0
        for fold in folds:
            known, hidden = shares[fold.known], fold.queries(shares)
            distances = learn(known, problem.tree).between(hidden, known)
            total += float(completion_ranks(distances, known, hidden, fold.ingredients).sum())
        found[name] = round(total / queries, _DECIMALS) if queries else 0.0
    published: Published = "learned"
    if queries >= _ENOUGH_QUERIES and found["learned"] <= found["tree"]:
        published = max(found, key=lambda name: found[name])
    return Completion(found["learned"], found["tree"], found["manhattan"], queries, published)


def describe(completion: Completion) -> str:
    """Return the result in words."""
    scores = (
        f"learned {completion.learned:.3f}, tree {completion.tree:.3f}, "
        f"Manhattan {completion.manhattan:.3f}"
    )
    if completion.published == "learned":
        return f"hidden ingredients found (mean reciprocal rank): {scores}"
    return (
        f"the learned costs find hidden ingredients no better than the tree ({scores}); "
        f"publishing the {completion.published} distance"
    )


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
