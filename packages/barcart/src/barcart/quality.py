"""How well a map keeps neighborhoods: k-NN preservation and trustworthiness."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from barcart.embedding import (
    DEFAULT_NEIGHBORS,
    Distances,
    KnownNeighbors,
    as_layout,
    known_neighbors,
)
from barcart.neighbors import NeighborGraph
from barcart.ranks import Ranks, matrix_ranks
from barcart.validation import FloatArray, IntArray

#: More points than this are sampled for trustworthiness, so many of them.
EXACT_UP_TO = 1000
_SAMPLE = 500


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


@dataclass(frozen=True)
class Trustworthiness:
    """How far points that are near on the map can be trusted to be truly near.

    Attributes
    ----------
    value
        From 0 to 1.
    standard_error
        Of a value estimated from a sample of the points; 0 if all were judged.
    """

    value: float
    standard_error: float


def trustworthiness(
    ranks: Ranks | npt.ArrayLike,
    embedding: npt.ArrayLike,
    k: int = DEFAULT_NEIGHBORS,
    *,
    exact_up_to: int = EXACT_UP_TO,
    seed: int = 0,
) -> Trustworthiness:
    """Judge each point's neighbors on the map by their true ranks (Venna, Kaski 2001).

    ``1 - 2 / (n k (2 n - 3 k - 1)) * sum(max(0, rank - k))`` over the k neighbors on the map of
    each of the n points, as in ``sklearn.manifold.trustworthiness``. For k of n / 2 and more, where
    that is not defined, the sum is divided by the largest possible one instead.

    Parameters
    ----------
    ranks
        Finds true ranks, such as `barcart.emd_ranks` with its first two arguments bound; or a
        matrix of the true distances, shape (n, n).
    embedding
        Shape (n, 2).
    k
        How many neighbors on the map to judge, at most n - 1.
    exact_up_to
        More points than this are sampled.
    seed
        Of the sample.

    Returns
    -------
    Trustworthiness
        1 for fewer than two points.

    Raises
    ------
    ValueError
        If shapes don't fit or k isn't positive.

    Examples
    --------
    >>> import numpy as np
    >>> points = np.random.default_rng(0).random((30, 2))
    >>> distances = np.linalg.norm(points[:, None] - points, axis=2)
    >>> trustworthiness(distances, points, 5).value
    1.0
    """
    layout = as_layout(embedding, "embedding")
    n = layout.shape[0]
    if k < 1:
        raise ValueError(f"k must be at least 1, not {k!r}")
    if callable(ranks):
        find = ranks
    else:
        matrix = np.asarray(ranks, dtype=np.float64)
        if matrix.shape != (n, n):
            raise ValueError(
                f"embedding has {n} points but the distances are of shape {matrix.shape}"
            )
        find = partial(matrix_ranks, matrix)
    size = min(k, n - 1)
    # The ranks that k neighbors at the far end would have.
    worst = int(np.maximum(np.arange(n - size, n) - size, 0).sum()) if n > 1 else 0
    if not worst:
        return Trustworthiness(1.0, 0.0)
    rows = np.arange(n)
    if n > exact_up_to:
        sample = min(_SAMPLE, n)
        rows = np.sort(np.random.default_rng(seed).choice(n, sample, replace=False))
    found = find(rows, _mapped_neighbors(layout, size, rows))
    each = 1.0 - np.maximum(found - size, 0).sum(axis=1) / worst
    error = 0.0
    if rows.size < n:
        # Without replacement, from a finite population.
        error = float(each.std(ddof=1) * np.sqrt((1.0 - rows.size / n) / rows.size))
    return Trustworthiness(float(each.mean()), error)


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


def _mapped_neighbors(layout: FloatArray, k: int, rows: IntArray | None = None) -> IntArray:
    """Return the k nearest on the map of each point, or of some; itself excluded."""
    from scipy.spatial import KDTree  # slow to import, and no reader of analytics needs it

    rows = np.arange(layout.shape[0]) if rows is None else rows
    n = rows.size
    _, found = KDTree(layout).query(layout[rows], k=k + 1)
    found = np.asarray(found, dtype=np.int64).reshape(n, k + 1)
    is_self = found == rows[:, np.newaxis]
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
