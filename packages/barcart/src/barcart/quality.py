"""How well a map keeps neighborhoods: k-NN preservation and trustworthiness."""

import numpy as np
import numpy.typing as npt
from scipy.spatial import KDTree

from barcart.embedding import (
    DEFAULT_NEIGHBORS,
    Distances,
    KnownNeighbors,
    as_layout,
    known_neighbors,
)
from barcart.neighbors import NeighborGraph
from barcart.validation import FloatArray, IntArray


def knn_preservation(neighbors: Distances, embedding: npt.ArrayLike, k: int | None = None) -> float:
    """Return the share of true nearest neighbors that are nearest neighbors on the map, too.

    Parameters
    ----------
    neighbors
        The true neighbors: a `NeighborGraph` of all points or a distance matrix.
    embedding
        Shape (n, 2).
    k
        How many neighbors to compare; None for all that are known (15 for a matrix).

    Returns
    -------
    float
        Mean over all points of |true ∩ mapped| / k, from 0 to 1 (1 for fewer than two points).
        Memory is O(n k).

    Raises
    ------
    ValueError
        If shapes don't fit or k isn't positive.
    """
    known, layout, size = _comparable(neighbors, embedding, k)
    if size == 0:
        return 1.0
    mapped = _mapped_neighbors(layout, size)
    return float((_recorded_ranks(known.indices[:, :size], mapped) <= size).mean())


def trustworthiness(neighbors: Distances, embedding: npt.ArrayLike, k: int | None = None) -> float:
    """Tell how far points that are near on the map can be trusted to be truly near.

    The measure of Venna and Kaski (2001) punishes each of the k neighbors on the map by its true
    rank beyond k. With K recorded neighbors, ranks are known up to K; here every rank beyond
    counts as K + 1, and the sum is divided by the largest such sum possible, so that the value
    again runs from 0 to 1. Where all ranks are known (K >= n - 2, or a full distance matrix) and
    k < n / 2, this is the common definition exactly, as in ``sklearn.manifold.trustworthiness``;
    for K = k it equals `knn_preservation`. Short lists give a lower, stricter value than full
    ranks: a neighbor just beyond the list counts as much as one from the far side. Compare values
    of equal K only.

    Parameters
    ----------
    neighbors
        The true neighbors: a `NeighborGraph` of all points with K neighbors each, or a distance
        matrix (K = n - 1).
    embedding
        Shape (n, 2).
    k
        How many neighbors on the map to judge; None for half of the known ones, at most 15.

    Returns
    -------
    float
        From 0 to 1 (1 for fewer than two points). Memory is O(n K).

    Raises
    ------
    ValueError
        If shapes don't fit or k isn't positive.
    """
    full = None if isinstance(neighbors, NeighborGraph) else len(np.asarray(neighbors))
    known, layout, _ = _comparable(neighbors, embedding, full)
    n, recorded = known.indices.shape
    if recorded == 0:
        return 1.0
    if k is not None and k < 1:
        raise ValueError(f"k must be at least 1, not {k!r}")
    size = min(max(1, min(DEFAULT_NEIGHBORS, recorded // 2)) if k is None else k, recorded)
    ranks = _recorded_ranks(known.indices, _mapped_neighbors(layout, size))
    penalty = int(np.maximum(ranks - size, 0).sum())
    worst_ranks = np.minimum(np.arange(n - size, n), recorded + 1)
    worst = n * int(np.maximum(worst_ranks - size, 0).sum())
    return 1.0 - penalty / worst if worst else 1.0


def _comparable(
    neighbors: Distances, embedding: npt.ArrayLike, k: int | None
) -> tuple[KnownNeighbors, FloatArray, int]:
    """Return the true neighbors, the map, and how many neighbors to compare."""
    layout = as_layout(embedding, "embedding")
    if isinstance(neighbors, NeighborGraph):
        known = known_neighbors(neighbors, max(neighbors.indices.shape[1], 1))
    else:
        known = known_neighbors(neighbors, DEFAULT_NEIGHBORS if k is None else max(k, 1))
    n, recorded = known.indices.shape
    if layout.shape[0] != n:
        raise ValueError(f"embedding has {layout.shape[0]} points but the neighbors are of {n}")
    if k is not None and k < 1 and n:
        raise ValueError(f"k must be at least 1, not {k!r}")
    return known, layout, recorded if k is None else min(k, recorded)


def _mapped_neighbors(layout: FloatArray, k: int) -> IntArray:
    """Return each point's k nearest on the map, itself excluded."""
    n = layout.shape[0]
    _, found = KDTree(layout).query(layout, k=k + 1)
    found = np.asarray(found, dtype=np.int64).reshape(n, k + 1)
    is_self = found == np.arange(n)[:, np.newaxis]
    # Among many points in one place a point may miss itself; then the farthest goes.
    is_self[~is_self.any(axis=1), -1] = True
    others: IntArray = found[~is_self].reshape(n, k)
    return others


def _recorded_ranks(true: IntArray, mapped: IntArray) -> IntArray:
    """Return the true rank (from 1) of each mapped neighbor; K + 1 for those beyond the K known.

    Keys that differ between rows make one sorted search of all rows at once, without a matrix of
    all pairs.
    """
    n, recorded = true.shape
    own = np.arange(n)[:, np.newaxis] * n
    keys = (own + true).ravel()
    order = np.argsort(keys)
    wanted = (own + mapped).ravel()
    position = np.minimum(np.searchsorted(keys, wanted, sorter=order), keys.size - 1)
    hit = keys[order[position]] == wanted
    ranks: IntArray = np.where(hit, order[position] % recorded + 1, recorded + 1)
    return ranks.reshape(mapped.shape)
