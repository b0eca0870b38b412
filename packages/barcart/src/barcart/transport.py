"""Exact earth mover's distances between sparse distributions, and their transport plans.

The earth mover's distance (EMD; Rubner, Tomasi, Guibas 2000) of two recipes is the least cost of
turning the one into the other when moving a unit of volume from ingredient i to ingredient j costs
``cost_matrix[i, j]``. Recipes have few ingredients, so the transport problem is solved on the two
supports only, by a compiled transportation simplex (``_native/transport.c`` says why it ends).

Masses are normalized and rounded to multiples of 2**-52 once per recipe, which moves less than
n * 2**-52 of the mass of a recipe with n ingredients; all flows are exact from there on.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, TypeVar, overload

import numpy as np
import numpy.typing as npt

from barcart import _kernels
from barcart._parallel import run_blocks, run_tasks, thread_count
from barcart.validation import (
    MASS_TOLERANCE,
    FloatArray,
    IntArray,
    as_cost_matrix,
    as_distribution,
    as_index_pairs,
    as_symmetric_cost,
    as_volume_csr,
)

T = TypeVar("T")

Plan = list[tuple[int, int, float, float]]

#: Largest violation of a metric axiom, relative to the largest cost, that counts as rounding.
METRIC_TOLERANCE = 1e-12

# The grid of masses: the spacing of float64 just below 1 is half of this, so that sums up to 1, and
# differences, are exact.
_GRID = 2.0**52


@dataclass(frozen=True)
class Supports:
    """Distributions in the form the kernels take: normalized, on the grid, in rows of a CSR.

    Attributes
    ----------
    indptr
        int64, shape (n + 1,).
    indices
        int32, ascending within a row.
    mass
        float64 multiples of 2**-52; every row sums to exactly 1.
    scale
        The total of every row before.
    """

    indptr: IntArray
    indices: npt.NDArray[np.int32]
    mass: FloatArray
    scale: float

    @property
    def n_rows(self) -> int:
        """Number of distributions."""
        return self.indptr.size - 1

    @cached_property
    def longest(self) -> int:
        """Size of the largest support."""
        return int(np.diff(self.indptr).max(initial=0))

    @classmethod
    def from_volumes(cls, volume_matrix: Any) -> "Supports":
        """Normalize the rows of a volume matrix, which must all have the same total.

        Raises
        ------
        ValueError
            As `barcart.validation.as_volume_csr`, or if the total of a row differs from that of
            the others by more than 1e-9 of it.
        """
        csr = as_volume_csr(volume_matrix)
        indptr = csr.indptr.astype(np.int64)
        indices = csr.indices.astype(np.int32)
        n_rows = csr.shape[0]
        if n_rows == 0:
            return cls(indptr, indices, np.empty(0), 1.0)
        starts = indptr[:-1]
        lengths = np.diff(indptr)
        with np.errstate(over="ignore"):
            totals = np.add.reduceat(csr.data, starts)
        # Rows that sum to one up to rounding are the normal case; a scale of exactly one then
        # makes a distance independent of the other rows it is computed with.
        typical = float(np.median(totals))
        scale = 1.0 if abs(typical - 1.0) <= MASS_TOLERANCE else typical
        deviating = ~(np.abs(totals - scale) <= MASS_TOLERANCE * scale)
        if deviating.any():
            row = int(np.argmax(deviating))
            raise ValueError(
                f"volume_matrix row {row}: total {float(totals[row])!r} differs from the {scale!r} "
                "of the other rows; normalize the rows so that all have the same mass"
            )
        share = csr.data / np.repeat(totals, lengths)
        # A trace must not vanish: every ingredient keeps at least one step of the grid.
        steps = np.maximum(np.rint(share * _GRID), 1.0)
        missing = _GRID - np.add.reduceat(steps, starts)
        row_of = np.repeat(np.arange(n_rows), lengths)
        is_largest = np.flatnonzero(steps == np.repeat(np.maximum.reduceat(steps, starts), lengths))
        _, first = np.unique(row_of[is_largest], return_index=True)
        steps[is_largest[first]] += missing
        return cls(indptr, indices, steps / _GRID, scale)

    def cost_of_unit(self, cost: FloatArray) -> FloatArray:
        """Scale a checked cost matrix to one unit of normalized mass.

        Kernels then yield final distances: scaling these afterwards could round two of them to a
        tie and so disagree with an order already decided.

        Raises
        ------
        ValueError
            If the product goes beyond `barcart.validation.MAX_COST`.
        """
        if self.scale == 1.0:
            return cost
        with np.errstate(over="ignore"):
            return as_cost_matrix(cost * self.scale)


@dataclass(frozen=True)
class TransportPlans:
    """Optimal plans of many pairs, as ragged arrays.

    The plan of pair p is entries ``indptr[p]:indptr[p + 1]``, ordered by source, then target.

    Attributes
    ----------
    distances
        float64, shape (p,): earth mover's distances.
    indptr
        int64, shape (p + 1,).
    source, target
        int32: ingredient (column) giving and receiving mass.
    flow
        float64, positive: the mass moved, in the unit of the volumes.
    """

    distances: FloatArray
    indptr: IntArray
    source: npt.NDArray[np.int32]
    target: npt.NDArray[np.int32]
    flow: FloatArray


@overload
def compute_emd(
    a: Any, b: Any, cost_matrix: Any, return_plan: Literal[False] = ..., *, metric: bool = ...
) -> float: ...
@overload
def compute_emd(
    a: Any, b: Any, cost_matrix: Any, return_plan: Literal[True], *, metric: bool = ...
) -> tuple[float, Plan]: ...
def compute_emd(
    a: Any, b: Any, cost_matrix: Any, return_plan: bool = False, *, metric: bool = False
) -> float | tuple[float, Plan]:
    """Earth mover's distance from one distribution to another.

    Parameters
    ----------
    a, b
        Masses per ingredient, shape (m,) or sparse with one row. Their totals must agree within
        1e-9; the total of `b` is then scaled to that of `a`.
    cost_matrix
        Cost per unit of mass, shape (m, m), non-negative. ``cost_matrix[i, j]`` is paid for moving
        from i in `a` to j in `b`; it need be neither symmetric nor a metric.
    return_plan
        Also return the transport plan.
    metric
        The caller's promise that the cost has a zero diagonal and obeys the triangle inequality
        (see `is_metric`). Mass that both sides have on one ingredient is then left in place before
        solving. For other costs this would give too large a result.

    Returns
    -------
    float or (float, list of (int, int, float, float))
        The distance, in units of cost times mass; with `return_plan` also the moves (source,
        target, mass, mass times cost), ordered by source and target.

    Raises
    ------
    ValueError
        If an entry is negative, NaN or infinite, a side has no mass, shapes don't fit, or the
        totals differ.
    """
    cost = as_cost_matrix(cost_matrix)
    source = as_distribution(a, name="a", n_ingredients=cost.shape[0])
    target = as_distribution(b, name="b", n_ingredients=cost.shape[0])
    total, other = float(source.sum()), float(target.sum())
    if not abs(total - other) <= MASS_TOLERANCE * max(total, other):
        raise ValueError(
            f"a has total mass {total!r} but b has {other!r}; normalize both to the same total"
        )
    # Either side alone is divided by its own total, so that both sum to exactly one.
    supports = Supports.from_volumes(np.stack((source / total, target / other)))
    plans = _solve_plans(supports, cost, np.array([[0, 1]]), metric, n_jobs=1)
    distance = float(plans.distances[0]) * total
    if not return_plan:
        return distance
    flow = plans.flow * total
    moved = flow * cost[plans.source, plans.target]
    return distance, list(
        zip(
            plans.source.tolist(), plans.target.tolist(), flow.tolist(), moved.tolist(), strict=True
        )
    )


@overload
def emd_matrix(
    volume_matrix: Any,
    cost_matrix: Any,
    n_jobs: int | None = ...,
    return_plans: Literal[False] = ...,
    *,
    metric: bool | None = ...,
) -> FloatArray: ...
@overload
def emd_matrix(
    volume_matrix: Any,
    cost_matrix: Any,
    n_jobs: int | None = ...,
    *,
    return_plans: Literal[True],
    metric: bool | None = ...,
) -> tuple[FloatArray, dict[tuple[int, int], Plan]]: ...
def emd_matrix(
    volume_matrix: Any,
    cost_matrix: Any,
    n_jobs: int | None = None,
    return_plans: bool = False,
    *,
    metric: bool | None = None,
) -> FloatArray | tuple[FloatArray, dict[tuple[int, int], Plan]]:
    """All pairwise earth mover's distances: an option for small collections, O(n²) memory.

    `barcart.neighbors.emd_neighbors` finds nearest neighbors without this matrix.

    Parameters
    ----------
    volume_matrix
        Shape (n, m), dense or sparse; all rows of the same total (within 1e-9).
    cost_matrix
        Shape (m, m), non-negative and symmetric.
    n_jobs
        Threads; None or -1 for one per processor. The result doesn't depend on it.
    return_plans
        Also return the plan of every pair i < j.
    metric
        As for `compute_emd`; None finds out with `is_metric` where that costs less than it saves.

    Returns
    -------
    numpy.ndarray or (numpy.ndarray, dict)
        float64, shape (n, n), symmetric bit for bit; with `return_plans` also the plans by pair, as
        from `compute_emd`. The diagonal is what keeping a recipe as it is costs at best: zero
        whenever the cost has a zero diagonal.

    Raises
    ------
    ValueError
        If volumes or costs are negative, NaN or infinite, a row has no mass or another total than
        the rest, shapes don't fit, or the cost isn't symmetric.
    """
    supports, cost = transport_problem(volume_matrix, cost_matrix, symmetric=True)
    n_rows = supports.n_rows
    n_pairs = n_rows * (n_rows - 1) // 2
    if metric is None:
        metric = _is_worthwhile_metric(supports, cost, n_pairs)
    if return_plans:
        first, second = np.triu_indices(n_rows)
        pairs = np.column_stack((first, second)).astype(np.int64)
        plans = _solve_plans(supports, cost, pairs, metric, n_jobs)
        distances = np.empty((n_rows, n_rows))
        distances[first, second] = plans.distances
        distances[second, first] = plans.distances
        return distances, _plans_by_pair(plans, pairs, cost / supports.scale)
    distances = np.empty((n_rows, n_rows))
    # Interleaved rows share the triangle out evenly.
    n_tasks = min(n_rows, 8 * thread_count(n_jobs))

    def task(number: int) -> None:
        rows = np.arange(number, n_rows, n_tasks)
        first = np.repeat(rows, n_rows - rows)
        second = np.concatenate([np.arange(row, n_rows) for row in rows])
        found = _solve_distances(supports, cost, np.column_stack((first, second)), metric, n_jobs=1)
        distances[first, second] = found
        distances[second, first] = found

    for _ in run_tasks(task, n_tasks, n_jobs):
        pass
    return distances


def pairwise_emd(
    volume_matrix: Any,
    cost_matrix: Any,
    pairs: Any,
    *,
    metric: bool = False,
    n_jobs: int | None = None,
) -> FloatArray:
    """Earth mover's distances of chosen pairs of rows.

    Parameters
    ----------
    volume_matrix, cost_matrix
        As for `emd_matrix`, but the cost need not be symmetric.
    pairs
        Row numbers, shape (p, 2): from, to.
    metric, n_jobs
        As for `emd_matrix`.

    Returns
    -------
    numpy.ndarray
        float64, shape (p,). Under a symmetric cost a pair and its reverse agree bit for bit.

    Raises
    ------
    ValueError
        As `emd_matrix`, or if a pair points outside the rows.
    """
    supports, cost = transport_problem(volume_matrix, cost_matrix, symmetric=False)
    ordered, _ = _orient(as_index_pairs(pairs, supports.n_rows), cost)
    return _solve_distances(supports, cost, ordered, metric, n_jobs)


def transport_plans(
    volume_matrix: Any,
    cost_matrix: Any,
    pairs: Any,
    *,
    metric: bool = False,
    n_jobs: int | None = None,
) -> TransportPlans:
    """Optimal transport plans of chosen pairs of rows.

    Parameters
    ----------
    volume_matrix, cost_matrix, pairs, metric, n_jobs
        As for `pairwise_emd`.

    Returns
    -------
    TransportPlans
        Distances equal to those of `pairwise_emd` bit for bit, and the plans from the first row of
        each pair to the second. Mass that stays where it is is part of the plan.

    Raises
    ------
    ValueError
        As `pairwise_emd`.
    """
    (plans,) = transport_plan_blocks(
        volume_matrix, cost_matrix, [pairs], metric=metric, n_jobs=n_jobs
    )
    return plans


def transport_plan_blocks(
    volume_matrix: Any,
    cost_matrix: Any,
    blocks: Iterable[Any],
    *,
    metric: bool = False,
    n_jobs: int | None = None,
) -> Iterator[TransportPlans]:
    """Yield the plans of many pairs block by block, as `transport_plans` returns them.

    Memory is that of one block's plans, and volumes and costs are checked once.

    Parameters
    ----------
    volume_matrix, cost_matrix, metric, n_jobs
        As for `transport_plans`.
    blocks
        Each of row numbers, shape (p, 2): from, to.

    Raises
    ------
    ValueError
        As `transport_plans`, when the first block is asked for, or the block with the fault.

    Examples
    --------
    >>> import numpy as np
    >>> rows, cost = np.eye(3), 1.0 - np.eye(3)
    >>> [plans.flow.tolist() for plans in transport_plan_blocks(rows, cost, [[(0, 1)], []])]
    [[1.0], []]
    """
    supports, cost = transport_problem(volume_matrix, cost_matrix, symmetric=False)
    for pairs in blocks:
        yield _solve_plans(supports, cost, as_index_pairs(pairs, supports.n_rows), metric, n_jobs)


def is_metric(cost_matrix: Any, tol: float = METRIC_TOLERANCE) -> bool:
    """Tell whether a cost allows shared mass to be canceled.

    Parameters
    ----------
    cost_matrix
        Shape (m, m), non-negative.
    tol
        Violations up to this fraction of the largest cost count as rounding.

    Returns
    -------
    bool
        True if the diagonal is zero and cost[i, j] <= cost[i, k] + cost[k, j] throughout. Neither
        symmetry nor distinct ingredients being apart is asked for: what canceling needs is a
        quasi-pseudometric. O(m³) at worst, fast on matrices that fail.

    Raises
    ------
    ValueError
        As `barcart.validation.as_cost_matrix`.
    """
    cost = as_cost_matrix(cost_matrix)
    slack = tol * float(cost.max(initial=0.0))
    if (np.diagonal(cost) > slack).any():
        return False
    return not _kernels.triangle_violation(cost, slack)


def transport_problem(
    volume_matrix: Any, cost_matrix: Any, *, symmetric: bool
) -> tuple[Supports, FloatArray]:
    """Check volumes and costs and bring them into the form the kernels take.

    Parameters
    ----------
    volume_matrix, cost_matrix
        As for `emd_matrix`.
    symmetric
        Whether to insist on a symmetric cost.

    Returns
    -------
    supports : Supports
    cost : numpy.ndarray
        float64, shape (m, m); the cost of moving one *normalized* unit of mass.

    Raises
    ------
    ValueError
        As `emd_matrix`.
    """
    csr = as_volume_csr(volume_matrix)
    check = as_symmetric_cost if symmetric else as_cost_matrix
    cost = check(cost_matrix, csr.shape[1])
    supports = Supports.from_volumes(csr)
    return supports, supports.cost_of_unit(cost)


def _orient(pairs: IntArray, cost: FloatArray) -> tuple[IntArray, npt.NDArray[np.bool_]]:
    """Put the lower row first where direction doesn't matter, so that d(i, j) is d(j, i)."""
    if np.array_equal(cost, cost.T):
        return np.sort(pairs, axis=1), pairs[:, 0] > pairs[:, 1]
    return pairs, np.zeros(pairs.shape[0], dtype=np.bool_)


def _solve_distances(
    supports: Supports, cost: FloatArray, pairs: IntArray, metric: bool, n_jobs: int | None
) -> FloatArray:
    distances = np.empty(pairs.shape[0])

    def task(begin: int, end: int) -> None:
        _kernels.emd_pairs(pairs, begin, end, supports, cost, metric, distances)

    run_blocks(task, pairs.shape[0], n_jobs)
    return distances


def _solve_plans(
    supports: Supports, cost: FloatArray, pairs: IntArray, metric: bool, n_jobs: int | None
) -> TransportPlans:
    ordered, swapped = _orient(pairs, cost)
    n_pairs = ordered.shape[0]
    room = np.diff(supports.indptr)[ordered].sum(axis=1)
    offsets = _kernels.starts(room)
    distances = np.empty(n_pairs)
    counts = np.empty(n_pairs, dtype=np.int64)
    sources = np.empty(offsets[-1], dtype=np.int32)
    targets = np.empty(offsets[-1], dtype=np.int32)
    flows = np.empty(offsets[-1])

    def task(begin: int, end: int) -> None:
        _kernels.plan_pairs(
            ordered,
            begin,
            end,
            supports,
            cost,
            metric,
            distances,
            offsets,
            counts,
            sources,
            targets,
            flows,
        )

    run_blocks(task, n_pairs, n_jobs)
    indptr = _kernels.starts(counts)
    pair_of = np.repeat(np.arange(n_pairs), counts)
    used = np.arange(indptr[-1]) - indptr[pair_of] + offsets[pair_of]
    sources, targets, flows = sources[used], targets[used], flows[used]
    if swapped.any():
        turn = swapped[pair_of]
        sources, targets = np.where(turn, targets, sources), np.where(turn, sources, targets)
        # One sort of one key: ten times faster than np.lexsort.
        order = np.argsort((pair_of * len(cost) + sources) * len(cost) + targets, kind="stable")
        sources, targets, flows = sources[order], targets[order], flows[order]
    return TransportPlans(distances, indptr, sources, targets, flows * supports.scale)


def _plans_by_pair(
    plans: TransportPlans, pairs: IntArray, cost: FloatArray
) -> dict[tuple[int, int], Plan]:
    source, target, flow = plans.source.tolist(), plans.target.tolist(), plans.flow.tolist()
    moved = (plans.flow * cost[plans.source, plans.target]).tolist()
    entries = list(zip(source, target, flow, moved, strict=True))
    bounds = plans.indptr.tolist()
    return {
        (i, j): entries[bounds[p] : bounds[p + 1]]
        for p, (i, j) in enumerate(pairs.tolist())
        if i != j
    }


def _is_worthwhile_metric(supports: Supports, cost: FloatArray, n_pairs: int) -> bool:
    # Only triangles of ingredients in use matter; a triangle costs about a thousandth of a pair.
    used = np.unique(supports.indices)
    if used.size**3 > 1000 * n_pairs:
        return False
    return is_metric(cost[np.ix_(used, used)])
