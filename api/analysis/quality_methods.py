"""The distances and rankings that quality is measured for: the learned ones and their rivals."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from scipy.sparse import csr_array, vstack

from api.analysis.ground_metric import BETA, NEIGHBORS, TOLERANCE
from barcart import (
    Perception,
    TreeMetric,
    em_fit,
    emd_neighbors,
    exchange_evidence,
    manhattan_neighbors,
    tree_neighbors,
)
from barcart.transport import pairwise_emd
from barcart.validation import FloatArray, IntArray

_PAIRS_AT_ONCE: Final = 1 << 20


@dataclass(frozen=True)
class Space:
    """Recipes under one distance.

    Attributes
    ----------
    perceive
        From shares to what is compared.
    cost
        Ground costs; None compares coordinates by ``metric``.
    metric
        Of `scipy.spatial.distance.cdist`, where there are no costs.
    """

    perceive: Callable[[csr_array], csr_array]
    cost: FloatArray | TreeMetric | None = None
    metric: Literal["cityblock", "cosine"] = "cityblock"

    def between(self, queries: csr_array, rows: csr_array) -> FloatArray:
        """Return the distances of queries to rows, both as shares, shape (q, n)."""
        from scipy.spatial.distance import cdist  # slow to import, and few commands measure

        left, right = self.perceive(queries), self.perceive(rows)
        if isinstance(self.cost, TreeMetric):
            left, right = self.cost.embed(left), self.cost.embed(right)
        elif self.cost is not None:
            return _emd_between(left, right, self.cost)
        found = cdist(left.toarray(), right.toarray(), self.metric)
        # A vector of zeros has no direction: it is far from everything.
        return np.nan_to_num(np.asarray(found, dtype=np.float64), nan=2.0)

    def nearest(self, queries: csr_array, rows: csr_array, k: int) -> IntArray:
        """Return the rows nearest to each query, the nearest first, ties by row; shape (q, k)."""
        others, known = self.perceive(queries), self.perceive(rows)
        if isinstance(self.cost, TreeMetric):
            graph = tree_neighbors(known, self.cost, k, queries=others)
        elif self.cost is not None:
            graph = emd_neighbors(known, self.cost, k, queries=others)
        elif self.metric == "cityblock":
            graph = manhattan_neighbors(known, k, queries=others)
        else:
            order = np.argsort(self.between(queries, rows), axis=1, kind="stable")
            return np.asarray(order[:, :k], dtype=np.int64)
        return graph.indices.astype(np.int64)


#: Learns a space from shares (n, m) on a tree of the m ingredients.
Learner = Callable[[csr_array, TreeMetric], Space]
#: Learns scores (m, m) of substitutes likewise: the higher, the better the column replaces the row.
Ranker = Callable[[csr_array, TreeMetric], FloatArray]


def manhattan_space(shares: csr_array, tree: TreeMetric) -> Space:
    """Compare volumes one by one."""
    return Space(_unchanged)


def tree_space(shares: csr_array, tree: TreeMetric) -> Space:
    """Move volumes along the tree."""
    return Space(_unchanged, tree)


def blosum_space(shares: csr_array, tree: TreeMetric) -> Space:
    """Learn costs of volumes with BLOSUM's M-step, the model up to version 0.2."""
    return Space(_unchanged, _fit(shares, tree, "blosum"))


def learned_space(shares: csr_array, tree: TreeMetric) -> Space:
    """Learn costs of perceived shares with the pooled M-step."""
    perception = Perception.fit(shares)
    return Space(perception.transform, _fit(perception.transform(shares), tree, "pooled"))


def ppmi_space(shares: csr_array, tree: TreeMetric) -> Space:
    """Compare directions of mean PPMI vectors, which know what goes with what."""
    vectors = csr_array(_ppmi_vectors(shares))
    return Space(lambda recipes: csr_array(recipes @ vectors), None, "cosine")


LEARNERS: Final[dict[str, Learner]] = {
    "Manhattan": manhattan_space,
    "tree EMD": tree_space,
    "PPMI cosine": ppmi_space,
    "BLOSUM EM": blosum_space,
    "learned": learned_space,
}


def rank_randomly(shares: csr_array, tree: TreeMetric) -> FloatArray:
    """Score all alike."""
    return np.zeros((shares.shape[1], shares.shape[1]))


def rank_by_popularity(shares: csr_array, tree: TreeMetric) -> FloatArray:
    """Score by the number of recipes."""
    uses = np.bincount(shares.indices, minlength=shares.shape[1]).astype(np.float64)
    return np.tile(uses, (uses.size, 1))


def rank_by_tree(shares: csr_array, tree: TreeMetric) -> FloatArray:
    """Score by nearness in the tree."""
    return -tree.cost_matrix()


def rank_by_ppmi(shares: csr_array, tree: TreeMetric) -> FloatArray:
    """Score by the cosine of PPMI vectors."""
    vectors = _ppmi_vectors(shares)
    return np.asarray(vectors @ vectors.T, dtype=np.float64)


def rank_by_blosum(shares: csr_array, tree: TreeMetric) -> FloatArray:
    """Score by learned cost, as up to version 0.2."""
    return -_fit(shares, tree, "blosum")


def rank_by_cost(shares: csr_array, tree: TreeMetric) -> FloatArray:
    """Score by learned cost."""
    return -_fit(Perception.fit(shares).transform(shares), tree, "pooled")


def rank_by_exchanges(shares: csr_array, tree: TreeMetric) -> FloatArray:
    """Score by the rate of exchanges between near variants."""
    perceived = Perception.fit(shares).transform(shares)
    cost = _fit(perceived, tree, "pooled")
    return exchange_evidence(perceived, cost, tree, metric=True).rate()


RANKERS: Final[dict[str, Ranker]] = {
    "random": rank_randomly,
    "popularity": rank_by_popularity,
    "tree EMD": rank_by_tree,
    "PPMI cosine": rank_by_ppmi,
    "BLOSUM EM": rank_by_blosum,
    "learned costs": rank_by_cost,
    "learned": rank_by_exchanges,
}


def _unchanged(shares: csr_array) -> csr_array:
    return shares


def _fit(volumes: csr_array, tree: TreeMetric, m_step: Literal["pooled", "blosum"]) -> FloatArray:
    with warnings.catch_warnings():
        # A cycle among the last digits of a fold's costs changes no rank that matters.
        warnings.simplefilter("ignore")
        # BLOSUM's costs vary more: its tolerance stays what it was.
        tol = TOLERANCE if m_step == "pooled" else 1e-3
        return em_fit(volumes, tree, k=NEIGHBORS, beta=BETA, tol=tol, m_step=m_step).cost_matrix


def _emd_between(left: csr_array, right: csr_array, cost: FloatArray) -> FloatArray:
    n, total = int(right.shape[0]), int(left.shape[0])
    stacked = csr_array(vstack([left, right], format="csr"))
    found = np.empty((total, n))
    step = max(1, _PAIRS_AT_ONCE // max(n, 1))
    for begin in range(0, total, step):
        rows = np.arange(begin, min(begin + step, total))
        pairs = np.column_stack([np.repeat(rows, n), total + np.tile(np.arange(n), rows.size)])
        found[rows] = pairwise_emd(stacked, cost, pairs).reshape(rows.size, n)
    return found


def _ppmi_vectors(shares: csr_array) -> FloatArray:
    """Return each ingredient's unit vector of positive pointwise mutual information, (m, m)."""
    present = csr_array((np.ones_like(shares.data), shares.indices, shares.indptr), shares.shape)
    together = np.asarray((present.T @ present).toarray(), dtype=np.float64)
    np.fill_diagonal(together, 0.0)
    margins = together.sum(axis=1)
    chance = np.outer(margins, margins) / max(float(margins.sum()), 1.0)
    ratio = np.divide(together, chance, out=np.ones_like(together), where=together > 0.0)
    vectors: FloatArray = np.maximum(np.log(ratio), 0.0)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(lengths > 0.0, lengths, 1.0)
