"""UMAP's three steps from known neighbors to a layout: fuzzy graph, spectral start, descent.

After McInnes, Healy, Melville, "UMAP: Uniform Manifold Approximation and Projection for Dimension
Reduction" (2018), and the reference implementation, umap-learn, to which the tests compare each
step. umap-learn is not used at run time: it imports pynndescent, which compiles for ten seconds on
a new machine, for a neighbor search that exact neighbors make unnecessary.
"""

import math
from functools import lru_cache

import numpy as np
import scipy.sparse as sp

from barcart import _kernels
from barcart._parallel import one_blas_thread
from barcart.validation import FloatArray, IntArray

_BISECTIONS = 64
_TOLERANCE = 1e-5
#: A bandwidth is at least this share of the mean distance.
_MIN_BANDWIDTH = 1e-3
#: Rows at once: bounds the temporary arrays of a large graph.
_BLOCK = 8192
#: What :func:`curve_parameters` fits for the usual spread and distance.
_FITTED = {(1.0, 0.1): (1.5769434602697652, 0.8950608778515733)}


def fuzzy_graph(indices: IntArray, distances: FloatArray) -> sp.coo_array:
    """Return the weights of UMAP's fuzzy graph.

    Parameters
    ----------
    indices, distances
        Shape (n, k): each point's nearest others, the nearest first.

    Returns
    -------
    scipy.sparse.coo_array
        Shape (n, n), symmetric, values in (0, 1]; canonical.
    """
    n, k = distances.shape
    strengths = np.empty((n, k))
    overall = float(distances.sum()) / (n * (k + 1))
    for begin in range(0, n, _BLOCK):
        rows = slice(begin, begin + _BLOCK)
        strengths[rows] = _membership_strengths(distances[rows], overall)
    starts = np.arange(0, n * k + 1, k, dtype=np.int32)
    one_way = sp.csr_array((strengths.ravel(), indices.ravel().astype(np.int32), starts), (n, n))
    one_way.sort_indices()
    other_way = one_way.T.tocsr()
    # The probabilistic t-conorm: at least one of the two directions holds. Of a large graph each of
    # these matrices takes as much memory as all that is known of its points.
    either = one_way + other_way
    both = one_way * other_way
    del one_way, other_way
    graph = either - both
    del either, both
    graph.eliminate_zeros()
    return sp.coo_array(graph)


def _membership_strengths(distances: FloatArray, overall: float) -> FloatArray:
    """Return exp(-(d - rho) / sigma), where sigma makes each row sum to log2(k + 1)."""
    n, k = distances.shape
    target = math.log2(k + 1)
    rho = np.where(distances > 0.0, distances, np.inf).min(axis=1)
    rho[np.isinf(rho)] = 0.0
    excess = np.maximum(distances - rho[:, np.newaxis], 0.0)
    low, high, sigma = np.zeros(n), np.full(n, np.inf), np.ones(n)
    active = np.arange(n)
    for _ in range(_BISECTIONS):
        total = np.exp(-excess[active] / sigma[active, np.newaxis]).sum(axis=1)
        open_ = np.abs(total - target) >= _TOLERANCE
        active, total = active[open_], total[open_]
        if not active.size:
            break
        above = total > target
        high[active[above]] = sigma[active[above]]
        low[active[~above]] = sigma[active[~above]]
        doubled = np.isinf(high[active])
        middle = (low[active] + np.where(doubled, 0.0, high[active])) / 2.0
        sigma[active] = np.where(doubled, 2.0 * sigma[active], middle)
    own_mean = distances.sum(axis=1) / (k + 1)
    sigma = np.maximum(sigma, _MIN_BANDWIDTH * np.where(rho > 0.0, own_mean, overall))
    # All distances 0 leave no bandwidth: such points are as near as can be.
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(excess > 0.0, np.exp(-excess / sigma[:, np.newaxis]), 1.0)


def spectral_coordinates(graph: sp.csr_array, random: np.random.RandomState) -> FloatArray:
    """Return the two leading nontrivial eigenvectors of a connected graph's normalized Laplacian.

    Shape (n, 2). Random coordinates where many points are all alike, so that no gap between
    eigenvalues is left.
    """
    from scipy.sparse.linalg import ArpackError, eigsh  # only maps from scratch need it

    n = graph.shape[0]
    scale = 1.0 / np.sqrt(np.asarray(graph.sum(axis=0)).ravel())
    # The largest eigenvalues of D^-1/2 W D^-1/2 are the smallest ones of the Laplacian I - that.
    affinity = np.repeat(scale, np.diff(graph.indptr))
    affinity *= graph.data
    affinity *= scale[graph.indices]
    operator = sp.csr_array((affinity, graph.indices, graph.indptr), shape=(n, n))
    try:
        with one_blas_thread:
            values, vectors = eigsh(
                operator,
                3,
                which="LA",
                ncv=max(7, min(math.isqrt(n), 40)),
                tol=1e-4,
                v0=np.ones(n),
                maxiter=5 * n,
            )
    except ArpackError:
        return random.uniform(-10.0, 10.0, size=(n, 2))
    coordinates: FloatArray = vectors[:, np.argsort(-values, kind="stable")[1:3]]
    return coordinates


@lru_cache
def curve_parameters(spread: float, min_dist: float) -> tuple[float, float]:
    """Return a and b of 1 / (1 + a x^2b), fitted to 1 up to min_dist and to a decay beyond."""

    if (spread, min_dist) in _FITTED:
        return _FITTED[spread, min_dist]
    from scipy.optimize import curve_fit  # a tenth of a second to import

    def curve(x: FloatArray, a: float, b: float) -> FloatArray:
        return 1.0 / (1.0 + a * x ** (2.0 * b))

    x = np.linspace(0.0, 3.0 * spread, 300)
    y = np.where(x < min_dist, 1.0, np.exp(-(x - min_dist) / spread))
    (a, b), _ = curve_fit(curve, x, y)
    return float(a), float(b)


def optimize(
    layout: FloatArray,
    graph: sp.coo_array,
    seed: int,
    *,
    n_epochs: int,
    learning_rate: float,
    spread: float,
    min_dist: float,
    negative_sample_rate: int,
) -> FloatArray:
    """Run UMAP's stochastic gradient descent and return the layout that it ends with.

    One thread: the result depends on the order of the steps. The same input gives the same bytes.
    """
    # Weaker edges would be sampled less than once.
    sampled = graph.data >= graph.data.max() / n_epochs
    a, b = curve_parameters(spread, min_dist)
    points = np.array(layout, dtype=np.float64, order="C")
    _kernels.descend(
        points,
        graph.row[sampled].astype(np.int32),
        graph.col[sampled].astype(np.int32),
        graph.data.max() / graph.data[sampled],
        n_negative=negative_sample_rate,
        seed=seed,
        n_epochs=n_epochs,
        learning_rate=learning_rate,
        a=a,
        b=b,
    )
    return points
