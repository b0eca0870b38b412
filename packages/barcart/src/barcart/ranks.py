"""True ranks of chosen rows: how many are nearer to a recipe than a given other one.

What trustworthiness needs, and nothing is stored of the n² distances. Most rows are excluded by the
bounds of the neighbor search.
"""

from typing import Any, Protocol

import numpy as np

from barcart import _kernels
from barcart._parallel import run_blocks
from barcart.transport import transport_problem
from barcart.validation import FloatArray, IntArray, as_volume_csr


class Ranks(Protocol):
    """Ranks targets among all rows but the query's own by true distance."""

    def __call__(self, rows: IntArray, targets: IntArray, /) -> IntArray:
        """Return the ranks, from 1, of targets, shape (q, k), as seen from rows, shape (q,)."""


def emd_ranks(
    volume_matrix: Any,
    cost_matrix: Any,
    rows: Any,
    targets: Any,
    *,
    metric: bool = False,
    n_jobs: int | None = None,
) -> IntArray:
    """Rank rows under the earth mover's distance, exactly.

    Parameters
    ----------
    volume_matrix, cost_matrix, metric, n_jobs
        As for `barcart.emd_neighbors`.
    rows
        Shape (q,): the rows to look from.
    targets
        Shape (q, k): for each of them, the rows to rank; never itself.

    Returns
    -------
    numpy.ndarray
        int64, shape (q, k): the nearest of all other rows has rank 1; ties by row number.

    Raises
    ------
    ValueError
        As `barcart.emd_neighbors`, or if rows and targets don't fit together.
    """
    supports, cost = transport_problem(volume_matrix, cost_matrix, symmetric=True)
    queries, wanted = _checked(rows, targets, supports.n_rows)
    ranks = np.empty(wanted.shape, dtype=np.int64)
    largest = float(cost.max(initial=0.0))
    slack = 2.0 * _kernels.rounding_bound(2 * supports.longest, largest)

    def task(begin: int, end: int) -> None:
        _kernels.emd_ranks(queries, begin, end, supports, cost, metric, slack, wanted, ranks)

    run_blocks(task, queries.size, n_jobs)
    return ranks


def manhattan_ranks(
    volume_matrix: Any, rows: Any, targets: Any, *, n_jobs: int | None = None
) -> IntArray:
    """Rank rows under the Manhattan (L1) distance, exactly.

    Parameters
    ----------
    volume_matrix, n_jobs
        As for `barcart.manhattan_neighbors`.
    rows, targets
        As for `emd_ranks`.

    Returns
    -------
    numpy.ndarray
        int64, shape (q, k), as from `emd_ranks`.

    Raises
    ------
    ValueError
        As `barcart.manhattan_neighbors`, or if rows and targets don't fit together.
    """
    points = as_volume_csr(volume_matrix)
    queries, wanted = _checked(rows, targets, int(points.shape[0]))
    ranks = np.empty(wanted.shape, dtype=np.int64)
    compressed = _kernels.compressed(points)

    def task(begin: int, end: int) -> None:
        _kernels.manhattan_ranks(queries, begin, end, compressed, wanted, ranks)

    run_blocks(task, queries.size, n_jobs)
    return ranks


def matrix_ranks(distance_matrix: FloatArray, rows: IntArray, targets: IntArray) -> IntArray:
    """Rank rows by a full distance matrix, shape (n, n); otherwise as `emd_ranks`."""
    n = distance_matrix.shape[0]
    queries, wanted = _checked(rows, targets, n)
    ranks = np.empty(wanted.shape, dtype=np.int64)
    others = np.arange(n)
    for position, query in enumerate(queries.tolist()):
        own = np.asarray(distance_matrix[query], dtype=np.float64).copy()
        own[query] = np.inf
        order = np.lexsort((others, own))
        place = np.empty(n, dtype=np.int64)
        place[order] = np.arange(1, n + 1)
        ranks[position] = place[wanted[position]]
    return ranks


def _checked(rows: Any, targets: Any, n: int) -> tuple[IntArray, IntArray]:
    queries = np.ascontiguousarray(rows, dtype=np.int64)
    wanted = np.ascontiguousarray(targets, dtype=np.int64)
    if queries.ndim != 1 or wanted.ndim != 2 or wanted.shape[0] != queries.size:
        raise ValueError(
            f"rows must have shape (q,) and targets (q, k), not {queries.shape} and {wanted.shape}"
        )
    for name, numbers in (("rows", queries), ("targets", wanted)):
        if numbers.size and (numbers.min() < 0 or numbers.max() >= n):
            raise ValueError(f"{name} must be within the {n} rows of the matrix")
    own = (wanted == queries[:, np.newaxis]).any(axis=1)
    if own.any():
        raise ValueError(f"targets row {int(np.argmax(own))} holds its own row; leave it out")
    return queries, wanted
