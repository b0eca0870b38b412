"""Exact nearest neighbors of recipes, without a matrix of all distances.

Each query row meets every other row, but only through a lower bound that costs a few operations;
the distance itself is computed for the few rows the bound cannot rule out. The bounds relax the
transport problem (Kusner et al. 2015; Atasu, Mittelholzer 2019), so they hold for any non-negative
cost, metric or not, and the answer is the one an exhaustive search would give, ties included.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from barcart import _kernels
from barcart._parallel import run_tasks
from barcart.pair_index import PairIndex, cheapest_substitutes, similarity_order
from barcart.transport import Supports, transport_problem
from barcart.tree_metric import TreeMetric
from barcart.validation import FloatArray, IntArray, as_volume_csr

#: Called with the numbers of query rows finished and wanted.
Progress: TypeAlias = Callable[[int, int], None]

#: Which rows to find neighbors of; None for all.
Rows: TypeAlias = slice | npt.ArrayLike | None

#: With fewer rows, bounding all of them is faster than asking the index.
MIN_INDEXED_ROWS = 4096

# Queries per task: enough to make starting one negligible, few enough to balance threads.
_QUERIES_PER_TASK = 64
# A task allocates memory for each row: among a million, that must not happen too often.
_MOST_TASKS = 4096


@dataclass(frozen=True)
class NeighborGraph:
    """The k nearest rows of each query row, nearest first, ties by row number.

    Attributes
    ----------
    indices
        int32, shape (n_queries, k): row numbers. A row is never its own neighbor.
    distances
        float64, shape (n_queries, k).
    pairs_solved
        Pairs of query and other row whose distance was computed in full.
    pairs_pruned
        Pairs that a lower bound excluded.
    seconds
        Wall-clock time of the search.
    """

    indices: npt.NDArray[np.int32]
    distances: FloatArray
    pairs_solved: int
    pairs_pruned: int
    seconds: float


def knn_matrix(distance_matrix: Any, k: int) -> tuple[npt.NDArray[np.int32], FloatArray]:
    """Read the k nearest neighbors off a full distance matrix.

    Parameters
    ----------
    distance_matrix
        Shape (n, n). The diagonal is ignored: a row is never its own neighbor.
    k
        Number of neighbors, cut to n - 1.

    Returns
    -------
    indices : numpy.ndarray
        int32, shape (n, k), nearest first, ties by index.
    distances : numpy.ndarray
        float64, shape (n, k).

    Raises
    ------
    ValueError
        If the matrix isn't square, holds a NaN off the diagonal, or k is not positive.
    """
    matrix = np.ascontiguousarray(distance_matrix, dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"distance_matrix must be square, not of shape {matrix.shape}")
    undefined = np.isnan(matrix)
    np.fill_diagonal(undefined, False)
    if undefined.any():
        row, column = np.unravel_index(int(np.argmax(undefined)), matrix.shape)
        raise ValueError(
            f"distance_matrix row {int(row)}, column {int(column)} is NaN; "
            "every pair needs a distance"
        )
    n_rows = matrix.shape[0]
    indices, distances = _results(n_rows, n_rows - 1, k)
    if distances.shape[1]:
        _kernels.dense_neighbors(matrix, distances, indices)
    return indices, distances


def emd_neighbors(
    volume_matrix: Any,
    cost_matrix: Any,
    k: int,
    *,
    metric: bool = False,
    rows: Rows = None,
    queries: Any = None,
    seeds: npt.NDArray[np.integer[Any]] | None = None,
    n_jobs: int | None = None,
    progress: Progress | None = None,
) -> NeighborGraph:
    """Find the exact k nearest rows under the earth mover's distance.

    Among few rows, each one is bounded for each query. Among many, an index on pairs of ingredients
    (`barcart.pair_index`) leaves most rows out unseen: time then grows far slower than n².

    Memory is O(n k) for the result and O(n + m) per thread. The result is the same bit for bit for
    any number of threads and any division of the queries by `rows`.

    Parameters
    ----------
    volume_matrix
        Shape (n, m), dense or sparse; all rows of the same total (within 1e-9).
    cost_matrix
        Shape (m, m), non-negative and symmetric; it need not be a metric.
    k
        Number of neighbors, cut to n - 1.
    metric
        The promise that the cost is a metric, as for `barcart.transport.compute_emd`.
    rows
        Query rows: a slice, or an array of row numbers or of n booleans. Neighbors are always
        sought among all n rows.
    queries
        Shape (q, m), instead of `rows`: other rows, whose neighbors are sought among the n. All of
        these are bounded for each query.
    seeds
        Shape (n_queries, k): for each query, different other rows that are likely neighbors, such
        as those under similar costs. The result is the same whatever they are.
    n_jobs
        Threads; None or -1 for one per processor.
    progress
        Called from this thread with (queries done, queries in all), the first time with 0 done.

    Returns
    -------
    NeighborGraph
        Its rows are the queries, in the order of `rows`.

    Raises
    ------
    ValueError
        If volumes or costs are negative, NaN or infinite, a row has no mass or another total than
        the rest, the cost isn't symmetric, shapes don't fit, k isn't positive, `rows` points
        outside, it is passed with `queries`, or the seeds of a query aren't k different other rows.
    """
    started = time.perf_counter()
    asked = _Question.of(volume_matrix, rows, queries)
    supports, cost = transport_problem(asked.volumes, cost_matrix, symmetric=True)
    n_rows = asked.n_known
    indices, distances = asked.results(k)
    if not distances.shape[1]:
        return NeighborGraph(indices, distances, 0, 0, time.perf_counter() - started)
    largest = float(cost.max())
    # A bound and a distance are each off by less than the bound on a reduced cost.
    slack = 2.0 * _kernels.rounding_bound(2 * supports.longest, largest)
    if seeds is not None:
        indices[:] = _checked_seeds(seeds, asked.rows, n_rows, indices.shape[1])
    # Named, so that they live as long as the index that points to their memory.
    index = substitutes = known = None
    order = np.arange(asked.rows.size)
    if n_rows >= MIN_INDEXED_ROWS and queries is None:
        known = PairIndex.build(supports, cost.shape[0])
        substitutes = cheapest_substitutes(cost)
        index = known.with_substitutes(substitutes)
        order = similarity_order(supports, asked.rows)

    def task(begin: int, end: int) -> int:
        return _kernels.emd_queries(
            asked.rows,
            order,
            begin,
            end,
            supports,
            n_rows,
            cost,
            metric,
            slack,
            distances,
            indices,
            index,
            seeded=seeds is not None and index is not None,
        )

    solved = _run_queries(task, asked.rows.size, n_jobs, progress)
    return NeighborGraph(
        indices, distances, solved, asked.n_pairs - solved, time.perf_counter() - started
    )


def tree_neighbors(
    volume_matrix: Any,
    tree: TreeMetric,
    k: int,
    *,
    rows: Rows = None,
    queries: Any = None,
    n_jobs: int | None = None,
    progress: Progress | None = None,
) -> NeighborGraph:
    """Find the exact k nearest rows under the earth mover's distance on a tree.

    Equal to `emd_neighbors` under ``tree.cost_matrix()`` up to rounding, and faster: no transport
    problem is solved. Ties that only rounding decides may fall otherwise.

    Parameters
    ----------
    volume_matrix
        Shape (n, m), dense or sparse; all rows of the same total (within 1e-9).
    tree
        The ground metric.
    k, rows, queries, n_jobs, progress
        As for `emd_neighbors`.

    Returns
    -------
    NeighborGraph

    Raises
    ------
    ValueError
        As `emd_neighbors`.
    """
    asked = _Question.of(volume_matrix, rows, queries)
    supports = Supports.from_volumes(asked.volumes)
    # Exactly equal totals: the embedding's distances are those of the tree only for such rows.
    arrays = (supports.mass * supports.scale, supports.indices, supports.indptr)
    embedded = tree.embed(sp.csr_array(arrays, shape=asked.volumes.shape))
    return _manhattan_graph(replace(asked, volumes=embedded), k, n_jobs, progress)


def manhattan_neighbors(
    volume_matrix: Any,
    k: int,
    *,
    rows: Rows = None,
    queries: Any = None,
    n_jobs: int | None = None,
    progress: Progress | None = None,
) -> NeighborGraph:
    """Find the exact k nearest rows under the Manhattan (L1) distance of their volumes.

    Parameters
    ----------
    volume_matrix
        Shape (n, m), dense or sparse; totals may differ.
    k, rows, queries, n_jobs, progress
        As for `emd_neighbors`.

    Returns
    -------
    NeighborGraph

    Raises
    ------
    ValueError
        If volumes are negative, NaN or infinite, a row has no mass, k isn't positive, `rows`
        points outside, or it is passed with `queries`.
    """
    return _manhattan_graph(_Question.of(volume_matrix, rows, queries), k, n_jobs, progress)


@dataclass(frozen=True)
class _Question:
    """Which rows' neighbors are sought, and among which.

    Attributes
    ----------
    volumes
        The rows that may be neighbors, and then those that are queries alone.
    n_known
        How many may be neighbors.
    rows
        Row numbers of the queries.
    """

    volumes: "sp.csr_array[np.float64]"
    n_known: int
    rows: IntArray

    @classmethod
    def of(cls, volume_matrix: Any, rows: Rows, queries: Any) -> "_Question":
        volumes = as_volume_csr(volume_matrix)
        n_known, m = (int(size) for size in volumes.shape)
        if queries is None:
            return cls(volumes, n_known, _query_rows(rows, n_known))
        if rows is not None:
            raise ValueError("pass rows or queries, not both")
        others = as_volume_csr(queries)
        if others.shape[1] != m:
            raise ValueError(
                f"queries has {others.shape[1]} columns but volume_matrix {m}; both must list the "
                "same ingredients"
            )
        both = sp.csr_array(sp.vstack((volumes, others), format="csr"))
        return cls(both, n_known, np.arange(n_known, both.shape[0]))

    @property
    def n_others(self) -> int:
        """How many rows may be neighbors of a query: not itself, if it is one of them."""
        return self.n_known - (int(self.volumes.shape[0]) == self.n_known)

    @property
    def n_pairs(self) -> int:
        """Pairs of a query and a row that may be its neighbor."""
        return int(self.n_others * self.rows.size)

    def results(self, k: int) -> tuple[npt.NDArray[np.int32], FloatArray]:
        """Return room for k neighbors of each query, or for as many as there are."""
        return _results(self.rows.size, self.n_others, k)


def _manhattan_graph(
    asked: _Question, k: int, n_jobs: int | None, progress: Progress | None
) -> NeighborGraph:
    started = time.perf_counter()
    points = asked.volumes
    indices, distances = asked.results(k)
    if not distances.shape[1]:
        return NeighborGraph(indices, distances, 0, 0, time.perf_counter() - started)
    compressed = _kernels.compressed(points)
    transposed = _kernels.compressed(points[: asked.n_known].tocsc())
    totals = np.asarray(points.sum(axis=1), dtype=np.float64).reshape(-1)
    overflowing = ~np.isfinite(4.0 * totals)
    if overflowing.any():
        raise ValueError(
            f"volume_matrix row {int(np.argmax(overflowing))}: its total is too large for float64 "
            "distances; rescale the volumes"
        )
    # Each of the three sums involved adds at most `longest` terms one after the other.
    longest = int(np.diff(points.indptr).max())
    relative_slack = 8.0 * (longest + 2) * _kernels.ROUNDOFF

    def task(begin: int, end: int) -> int:
        return _kernels.manhattan_queries(
            asked.rows,
            begin,
            end,
            compressed,
            asked.n_known,
            transposed,
            totals,
            relative_slack,
            distances,
            indices,
        )

    solved = _run_queries(task, asked.rows.size, n_jobs, progress)
    return NeighborGraph(
        indices, distances, solved, asked.n_pairs - solved, time.perf_counter() - started
    )


def _checked_seeds(
    seeds: npt.NDArray[np.integer[Any]], queries: IntArray, n_rows: int, k: int
) -> npt.NDArray[np.int32]:
    chosen = np.asarray(seeds)
    if chosen.shape != (queries.size, k):
        raise ValueError(f"seeds must have shape {(queries.size, k)}, not {chosen.shape}")
    if chosen.dtype.kind not in "iu":
        raise ValueError(f"seeds must be row numbers, not of type {chosen.dtype}")
    ordered = np.sort(chosen, axis=1)
    faulty = (
        (ordered[:, 0] < 0)
        | (ordered[:, -1] >= n_rows)
        | (ordered[:, 1:] == ordered[:, :-1]).any(axis=1)
        | (ordered == queries[:, np.newaxis]).any(axis=1)
    )
    if faulty.any():
        raise ValueError(
            f"seeds row {int(np.argmax(faulty))} must be {k} different rows other than its query, "
            f"within the {n_rows} rows"
        )
    return chosen.astype(np.int32)


def _results(n_queries: int, n_others: int, k: int) -> tuple[npt.NDArray[np.int32], FloatArray]:
    if k < 1:
        raise ValueError(f"k must be at least 1, not {k}")
    shape = (n_queries, max(0, min(k, n_others)))
    return np.empty(shape, dtype=np.int32), np.empty(shape)


def _query_rows(rows: Rows, n_rows: int) -> IntArray:
    if rows is None:
        return np.arange(n_rows)
    if isinstance(rows, slice):
        return np.arange(*rows.indices(n_rows))
    chosen = np.asarray(rows)
    if chosen.dtype == np.bool_:
        if chosen.shape != (n_rows,):
            raise ValueError(f"rows as booleans must have shape ({n_rows},), not {chosen.shape}")
        return np.flatnonzero(chosen)
    if chosen.ndim != 1 or (chosen.size and chosen.dtype.kind not in "iu"):
        raise ValueError("rows must be a slice, row numbers or booleans")
    outside = (chosen < 0) | (chosen >= n_rows)
    if outside.any():
        raise ValueError(
            f"rows[{int(np.argmax(outside))}] is {int(chosen[np.argmax(outside)])}, "
            f"not one of the {n_rows} rows"
        )
    return np.ascontiguousarray(chosen, dtype=np.int64)


def _run_queries(
    task: Callable[[int, int], int],
    n_queries: int,
    n_jobs: int | None,
    progress: Progress | None,
) -> int:
    """Run the queries in blocks on threads; return the sum of what the blocks return."""
    size = max(_QUERIES_PER_TASK, n_queries // _MOST_TASKS)
    starts = range(0, n_queries, size)
    total = 0
    done = 0
    if progress is not None:
        progress(0, n_queries)
    for number, solved in run_tasks(
        lambda number: task(starts[number], min(starts[number] + size, n_queries)),
        len(starts),
        n_jobs,
    ):
        total += solved
        done += min(size, n_queries - starts[number])
        if progress is not None:
            progress(done, n_queries)
    return total
