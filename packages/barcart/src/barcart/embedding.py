"""Maps of recipes in the plane: UMAP from known neighbors, kept in place between refreshes.

UMAP (McInnes, Healy, Melville 2018) needs the nearest neighbors only. Given an exact neighbor
graph it builds no index and sees no distance matrix. Its steps, in :mod:`barcart._layout`, run one
by one, because a map should start where the last one ended.
"""

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from barcart._layout import fuzzy_graph, optimize, spectral_coordinates
from barcart.neighbors import NeighborGraph, knn_matrix
from barcart.validation import FloatArray, IntArray

#: A full distance matrix of shape (n, n), or the neighbors alone.
Distances: TypeAlias = NeighborGraph | npt.ArrayLike

#: Neighbors a point, itself not counted, unless the caller says otherwise or knows fewer.
DEFAULT_NEIGHBORS = 15

# UMAP's own epochs for maps from scratch: few points need and can afford more.
_EPOCHS, _EPOCHS_LARGE, _LARGE = 500, 200, 10_000

# A map that goes on from another one should settle, not move. With the full rate the first epochs
# would throw points about regardless of where they start.
_WARM_EPOCHS, _WARM_LEARNING_RATE = 100, 0.05

# UMAP's conventional extent of an initial layout, in units of the embedding.
_EXTENT = 10.0

# Below this size a circle serves as well as eigenvectors, which ARPACK wants more points for.
_SMALLEST_SPECTRAL = 9


@dataclass(frozen=True)
class KnownNeighbors:
    """Neighbor lists of n >= 2 points."""

    indices: IntArray
    distances: FloatArray


def compute_umap_embedding(
    distances: Distances,
    n_neighbors: int | None = None,
    min_dist: float = 0.1,
    *,
    spread: float = 1.0,
    random_state: int = 42,
    init: npt.ArrayLike | None = None,
    n_epochs: int | None = None,
    learning_rate: float | None = None,
    negative_sample_rate: int = 5,
) -> FloatArray:
    """Lay out points in the plane so that neighbors lie together.

    Parameters
    ----------
    distances
        A `NeighborGraph` of all points, or a full distance matrix of shape (n, n).
    n_neighbors
        Neighbors a point, the point itself not counted (umap-learn counts it); None for up to
        15. Never more than there are.
    min_dist, spread
        How closely points may be packed, and the scale of the map; 0 <= min_dist <= spread.
    random_state
        Seed. The same input gives the same bytes in every process on a machine.
    init
        Layout to start from, shape (n, 2), such as the previous map of the same points. Rows of
        NaN mark new points, which start amidst their neighbors. None starts from the
        eigenvectors of the neighbor graph.
    n_epochs, learning_rate
        Of the gradient descent. None for umap-learn's defaults (500 or, beyond 10,000 points, 200;
        1.0), or a gentle 100 and 0.05 with `init`.
    negative_sample_rate
        Repulsions for each attraction.

    Returns
    -------
    numpy.ndarray
        float64, shape (n, 2), finite. Centered on the origin, unless it started from `init`. Fewer
        than four points, too few for a neighbor graph, are placed by classical
        scaling: their distances are those given, as far as the plane permits.

    Raises
    ------
    ValueError
        If distances are negative, NaN or infinite, shapes don't fit, the graph isn't of all points,
        or a parameter is out of range.

    Notes
    -----
    The relative place of parts that no neighbor list connects is arbitrary: neighbor lists do not
    tell. Such parts are set side by side, the largest first.
    """
    if not 0.0 <= min_dist <= spread or not (math.isfinite(spread) and spread > 0.0):
        raise ValueError(
            f"min_dist must be between 0 and spread, not {min_dist!r} with a spread of {spread!r}"
        )
    if n_neighbors is not None and n_neighbors < 1:
        raise ValueError(f"n_neighbors must be at least 1, not {n_neighbors!r}")
    if n_epochs is not None and n_epochs < 1:
        raise ValueError(f"n_epochs must be at least 1, not {n_epochs!r}")
    if learning_rate is not None and not (math.isfinite(learning_rate) and learning_rate > 0.0):
        raise ValueError(f"learning_rate must be a positive number, not {learning_rate!r}")
    if negative_sample_rate < 1:
        raise ValueError(f"negative_sample_rate must be at least 1, not {negative_sample_rate!r}")
    known = known_neighbors(distances, DEFAULT_NEIGHBORS if n_neighbors is None else n_neighbors)
    n = known.indices.shape[0]
    start = _initial_layout(init, n)
    if n < 4:
        return _classical_scaling(known) if start is None else _scaled_onto(known, start)

    # The map does not depend on the distances' unit.
    graph = fuzzy_graph(known.indices, known.distances / (float(known.distances.max()) or 1.0))
    random = np.random.RandomState(random_state)
    if start is None:
        layout = _spectral_layout(graph, random)
        epochs = n_epochs or (_EPOCHS if n <= _LARGE else _EPOCHS_LARGE)
        rate = learning_rate or 1.0
    else:
        layout = _filled(start, graph, random)
        epochs = n_epochs or _WARM_EPOCHS
        rate = learning_rate or _WARM_LEARNING_RATE
    embedding = optimize(
        layout,
        graph,
        int(random.randint(2**31)),
        n_epochs=epochs,
        learning_rate=rate,
        spread=spread,
        min_dist=min_dist,
        negative_sample_rate=negative_sample_rate,
    )
    return embedding - embedding.mean(axis=0) if start is None else embedding


def align_embedding(
    embedding: npt.ArrayLike,
    reference: npt.ArrayLike,
    rows: npt.ArrayLike | None = None,
    reference_rows: npt.ArrayLike | None = None,
) -> FloatArray:
    """Turn, mirror and shift a map onto another one (orthogonal Procrustes analysis).

    Parameters
    ----------
    embedding
        Shape (n, 2): the map to move.
    reference
        Shape (r, 2): the map to move it onto.
    rows, reference_rows
        Row numbers, shape (c,), of the points both have in common, in the same order; None if the
        two maps have the same rows.

    Returns
    -------
    numpy.ndarray
        float64, shape (n, 2). Distances between points are kept: the map isn't scaled. Without a
        common point it is returned as it is; with one it is shifted only.

    Raises
    ------
    ValueError
        If shapes don't fit, a coordinate isn't finite, or a row number is out of range.
    """
    moving = as_layout(embedding, "embedding")
    fixed = as_layout(reference, "reference")
    if (rows is None) != (reference_rows is None):
        raise ValueError("pass rows and reference_rows together, or neither")
    if rows is None or reference_rows is None:
        if moving.shape != fixed.shape:
            raise ValueError(
                f"embedding has {moving.shape[0]} points but reference has {fixed.shape[0]}; pass "
                "rows and reference_rows to say which are the same"
            )
        here = there = np.arange(moving.shape[0])
    else:
        here = _as_rows(rows, moving.shape[0], "rows")
        there = _as_rows(reference_rows, fixed.shape[0], "reference_rows")
        if here.size != there.size:
            raise ValueError(
                f"rows has {here.size} entries but reference_rows {there.size}; they must list "
                "the same points"
            )
    if here.size == 0:
        return moving.copy()
    center, target = moving[here].mean(axis=0), fixed[there].mean(axis=0)
    if here.size == 1:
        shifted: FloatArray = moving - center + target
        return shifted
    # The nearest orthogonal matrix (Schönemann 1966), as by scipy.linalg.orthogonal_procrustes.
    left, _, right = np.linalg.svd((moving[here] - center).T @ (fixed[there] - target))
    aligned: FloatArray = (moving - center) @ (left @ right) + target
    return aligned


def known_neighbors(distances: Distances, k: int) -> KnownNeighbors:
    """Check the input and cut it to the k nearest neighbors, or as many as there are."""
    if isinstance(distances, NeighborGraph):
        indices, values = distances.indices, distances.distances
        n = indices.shape[0]
        if n >= 2 and (indices.shape[1] == 0 or indices.min() < 0 or indices.max() >= n):
            raise ValueError(
                f"the neighbor graph has {n} rows but neighbors outside of them, or none; pass "
                "a graph of all points"
            )
    else:
        matrix = np.asarray(distances, dtype=np.float64)
        if matrix.size == 0:
            matrix = matrix.reshape(0, 0)
        indices, values = knn_matrix(matrix, k)
    faulty = ~(np.isfinite(values) & (values >= 0.0))
    if faulty.any():
        row, column = np.unravel_index(int(np.argmax(faulty)), values.shape)
        raise ValueError(
            f"row {int(row)}: the distance to {int(indices[row, column])} is "
            f"{float(values[row, column])!r}; distances must be finite and non-negative"
        )
    return KnownNeighbors(indices[:, :k].astype(np.int64), values[:, :k].astype(np.float64))


def _initial_layout(init: npt.ArrayLike | None, n: int) -> FloatArray | None:
    """Check an initial layout; None if it says nothing about any point."""
    if init is None:
        return None
    layout = np.array(init, dtype=np.float64)
    if layout.shape != (n, 2):
        raise ValueError(f"init must have shape ({n}, 2), not {layout.shape}")
    given = np.isfinite(layout).all(axis=1)
    unclear = ~given & ~np.isnan(layout).all(axis=1)
    if unclear.any():
        raise ValueError(
            f"init row {int(np.argmax(unclear))} must be two finite numbers, or NaN twice for a "
            "new point"
        )
    return layout if given.any() else None


def _spectral_layout(graph: sp.coo_array, random: np.random.RandomState) -> FloatArray:
    """Lay out each connected part by eigenvectors and set the parts side by side."""
    from scipy.sparse.csgraph import connected_components  # only maps from scratch need it

    csr = graph.tocsr()
    n_parts, part_of = connected_components(csr, directed=False)
    sizes = np.bincount(part_of, minlength=n_parts)
    layout = np.empty((csr.shape[0], 2))
    side = math.ceil(math.sqrt(n_parts))
    # Cells of a grid as wide as the largest part; stable, so that equal sizes keep their order.
    for cell, part in enumerate(np.argsort(-sizes, kind="stable")):
        members = np.flatnonzero(part_of == part)
        width = _EXTENT * math.sqrt(members.size / sizes.max())
        corner = 1.2 * _EXTENT * np.array([cell % side, cell // side])
        part_graph = csr if n_parts == 1 else csr[members][:, members]
        layout[members] = corner + width * _unit_layout(part_graph, random)
    # Points with the same neighbors share their place and would never part without noise.
    return layout + random.normal(scale=1e-4 * _EXTENT, size=layout.shape)


def _unit_layout(graph: sp.csr_array, random: np.random.RandomState) -> FloatArray:
    """Lay out one connected graph in the unit square."""
    n = graph.shape[0]
    if n < _SMALLEST_SPECTRAL:
        angle = 2.0 * math.pi * np.arange(n) / n
        layout = np.column_stack((np.cos(angle), np.sin(angle)))
    else:
        layout = spectral_coordinates(graph, random)
        # The sign of an eigenvector is the solver's whim.
        largest = np.abs(layout).argmax(axis=0)
        layout *= np.where(layout[largest, [0, 1]] < 0.0, -1.0, 1.0)
    extent = np.ptp(layout, axis=0)
    unit: FloatArray = (layout - layout.min(axis=0)) / np.where(extent > 0.0, extent, 1.0)
    return unit


def _filled(start: FloatArray, graph: sp.coo_array, random: np.random.RandomState) -> FloatArray:
    """Place new points (rows of NaN) amidst their neighbors, wave after wave."""
    layout = start.copy()
    csr = graph.tocsr()
    new = np.isnan(start[:, 0])
    waiting = new.copy()
    while waiting.any():
        placed = np.where(waiting[:, np.newaxis], 0.0, layout)
        weight = csr @ (~waiting).astype(np.float64)
        ready = waiting & (weight > 0.0)
        if not ready.any():
            # A part of the graph without a single old point may go anywhere on the map.
            low, high = layout[~waiting].min(axis=0), layout[~waiting].max(axis=0)
            layout[waiting] = random.uniform(low, high, size=(int(waiting.sum()), 2))
            break
        layout[ready] = (csr @ placed)[ready] / weight[ready, np.newaxis]
        waiting &= ~ready
    # Attraction has no direction between points in one place.
    layout[new] += random.normal(scale=1e-3 * _EXTENT, size=(int(new.sum()), 2))
    return layout


def _classical_scaling(known: KnownNeighbors) -> FloatArray:
    """Place up to three points by their distances."""
    n = known.indices.shape[0]
    if n == 0:
        return np.empty((0, 2))
    # Only lists shorter than n - 1 leave a pair out; what is left out is no nearer.
    squared = np.full((n, n), float(known.distances.max(initial=0.0)) ** 2)
    np.fill_diagonal(squared, 0.0)
    for row, (indices, distances) in enumerate(zip(known.indices, known.distances, strict=True)):
        squared[row, indices] = squared[indices, row] = distances**2
    centering = np.eye(n) - 1.0 / n
    values, vectors = np.linalg.eigh(-0.5 * centering @ squared @ centering)
    layout = np.zeros((n, 2))
    used = min(n, 2)
    layout[:, :used] = (vectors * np.sqrt(np.maximum(values, 0.0)))[:, ::-1][:, :used]
    largest = np.abs(layout).argmax(axis=0)
    layout *= np.where(layout[largest, [0, 1]] < 0.0, -1.0, 1.0)
    centered: FloatArray = layout - layout.mean(axis=0)
    return centered


def _scaled_onto(known: KnownNeighbors, start: FloatArray) -> FloatArray:
    given = np.flatnonzero(~np.isnan(start[:, 0]))
    return align_embedding(_classical_scaling(known), np.nan_to_num(start), given, given)


def as_layout(values: npt.ArrayLike, name: str) -> FloatArray:
    layout = np.asarray(values, dtype=np.float64)
    if layout.ndim != 2 or layout.shape[1] != 2:
        raise ValueError(f"{name} must have shape (n, 2), not {layout.shape}")
    faulty = ~np.isfinite(layout).all(axis=1)
    if faulty.any():
        raise ValueError(f"{name} row {int(np.argmax(faulty))} isn't finite; leave the point out")
    return layout


def _as_rows(values: npt.ArrayLike, n: int, name: str) -> IntArray:
    rows = np.asarray(values)
    if rows.size == 0:
        return np.empty(0, dtype=np.int64)
    if rows.ndim != 1 or rows.dtype.kind not in "iu":
        raise ValueError(f"{name} must be row numbers of shape (c,)")
    outside = (rows < 0) | (rows >= n)
    if outside.any():
        raise ValueError(
            f"{name}[{int(np.argmax(outside))}] is {int(rows[np.argmax(outside)])}, "
            f"not one of the {n} points"
        )
    return rows.astype(np.int64)
