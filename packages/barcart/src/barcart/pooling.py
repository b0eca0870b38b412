"""The M-step that pools evidence down the ingredient tree.

How much more often than by chance are two ingredients matched? For most pairs of bottles a
collection holds no evidence, for most pairs of their kinds it does. So the ratio of matches to
chance is estimated level by level from the root of the tree, each level shrunk toward the one
above it: gamma-Poisson shrinkage, as in the search for drug-event pairs among reports (DuMouchel
1999, Bayesian data mining in large frequency tables, The American Statistician 53). Rare bottles
inherit what their kind has learned.
"""

import math
from typing import Any

import numpy as np
import scipy.sparse as sp

from barcart.matching import as_match_counts, symmetrized
from barcart.tree_metric import TreeMetric
from barcart.validation import FloatArray, IntArray

#: Expected matches that the level above is worth.
KAPPA = 20.0
#: How fast the cost falls once a pair is matched more often than by chance.
_SHARPNESS = 2.0
#: The part of a cost that says "not the same": with half of the largest cost, the costs are a
#: metric whatever the evidence, since a detour costs at least twice the half.
NOT_THE_SAME = 0.5


def m_step_pooled(
    T: Any,  # noqa: N803 - the symbol of the method
    tree: TreeMetric | None = None,
    kappa: float = KAPPA,
) -> FloatArray:
    """Turn match counts into ground costs, pooling evidence down the tree (the M-step).

    With E the matches to expect if rows and columns were independent, the matching ratio of a pair
    is ``rho = (T + kappa rho_above) / (E + kappa)``, where ``rho_above`` is the ratio of the groups
    the two belong to one level higher; that of the root is 1. The cost is ``½ + ½ min(1,
    rho**-2)``: 1 for ingredients matched no more often than by chance, toward ½ for those that
    replace each other, and 0 for an ingredient and itself.

    Parameters
    ----------
    T
        Match counts, shape (m, m), non-negative.
    tree
        The ingredient tree; only its shape matters. None for a flat list.
    kappa
        Expected matches that the level above is worth, positive.

    Returns
    -------
    numpy.ndarray
        float64, shape (m, m), symmetric, zero diagonal, otherwise from ½ to 1: a metric.

    Raises
    ------
    ValueError
        If `T` isn't square, has a negative, NaN or infinite entry, is of other ingredients than the
        tree, or kappa is not positive.

    Examples
    --------
    >>> import numpy as np
    >>> matches = np.array([[10.0, 9.0, 1.0], [9.0, 10.0, 1.0], [1.0, 1.0, 18.0]])
    >>> m_step_pooled(matches, kappa=1.0).round(2)
    array([[0.  , 0.79, 1.  ],
           [0.79, 0.  , 1.  ],
           [1.  , 1.  , 0.  ]])
    """
    if not (math.isfinite(kappa) and kappa > 0.0):
        raise ValueError(f"kappa must be a finite positive number, not {kappa!r}")
    counts = symmetrized(as_match_counts(T))
    ratio = matching_ratio(counts, tree, kappa)
    # 1 / max(1, ratio): the power of a tiny ratio would overflow.
    cost = symmetrized(
        NOT_THE_SAME + (1.0 - NOT_THE_SAME) * (1.0 / np.maximum(ratio, 1.0)) ** _SHARPNESS
    )
    np.fill_diagonal(cost, 0.0)
    return cost


def matching_ratio(counts: FloatArray, tree: TreeMetric | None, kappa: float) -> FloatArray:
    """Return how many times more often than by chance each two ingredients are matched.

    Parameters
    ----------
    counts
        Symmetric match counts, float64, shape (m, m).
    tree, kappa
        As for `m_step_pooled`.

    Returns
    -------
    numpy.ndarray
        float64, shape (m, m), positive: the pooled estimate.
    """
    m = counts.shape[0]
    ratio = np.ones((m, m))
    total = float(counts.sum())
    if total == 0.0:
        return ratio
    margins = counts.sum(axis=1)
    size_above = np.full(m, m)
    for groups in tree_levels(tree, m):
        size = np.bincount(groups)[groups]
        # A group that is the same as one level higher has been estimated there already.
        new = (size != size_above)[:, np.newaxis] | (size != size_above)
        if int(groups.max()) == m - 1:
            matched, expected = counts, np.outer(margins, margins) / total
        else:
            incidence = sp.csr_array((np.ones(m), (groups, np.arange(m))))
            of_group = incidence @ margins
            pair = np.ix_(groups, groups)
            matched = np.asarray(incidence @ (incidence @ counts).T)[pair]
            expected = (np.outer(of_group, of_group) / total)[pair]
        np.copyto(ratio, (matched + kappa * ratio) / (expected + kappa), where=new)
        size_above = size
    return ratio


def tree_levels(tree: TreeMetric | None, m: int) -> list[IntArray]:
    """Return the group of each ingredient, 0, 1, ..., on each level below the root.

    An ingredient that has others below it is in one group with them, and alone on the next level.
    On the last level every ingredient is a group of its own.
    """
    if tree is None:
        return [np.arange(m)]
    if tree.n_ingredients != m:
        raise ValueError(
            f"tree has {tree.n_ingredients} ingredients but the counts are of {m}; both must list "
            "the same ingredients"
        )
    # The way of each ingredient up to the root: itself, its node, that node's parent and so on.
    way = [tree.parent.size + np.arange(m)]
    node = tree.node_of_ingredient
    depth = np.zeros(m, dtype=np.int64)
    while (node > 0).any():
        way.append(node)
        depth += node > 0
        node = np.where(node > 0, tree.parent[node], 0)
    upward = np.array(way)
    levels = []
    for level in range(1, int(depth.max(initial=0)) + 2):
        label = upward[np.maximum(depth - level + 1, 0), np.arange(m)]
        levels.append(np.unique(label, return_inverse=True)[1].astype(np.int64))
        if int(levels[-1].max(initial=0)) == m - 1:
            break
    return levels
