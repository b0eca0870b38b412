"""Which ingredients replace each other between similar recipes, and the costs that follow.

The two halves of one EM iteration. Between neighboring recipes, the optimal transport plan matches
what one contains with what the other has in its place. Added up over all neighbors these matches
play the part that aligned residues play in BLOSUM (Henikoff, Henikoff 1992): pairs matched more
often than their frequencies explain come to lie close to each other.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from barcart.neighbors import knn_matrix
from barcart.transport import TransportPlans
from barcart.validation import FloatArray, IntArray

#: A median off-diagonal cost below this fraction of the largest cost is rounding, not a scale.
_NO_SCALE = 1e-12


@dataclass(frozen=True)
class NeighborPairs:
    """The unordered pairs of rows in which one is a neighbor of the other, each once.

    Attributes
    ----------
    pairs
        int64, shape (p, 2), the lower row first, sorted: the order in which plans are solved.
    forward, backward
        float64, shape (p,): weight of the second row among the neighbors of the first, and of the
        first among those of the second; 0 where it is none.
    """

    pairs: IntArray
    forward: FloatArray
    backward: FloatArray


def neighbor_weights(distances: Any, beta: float) -> FloatArray:
    """Weigh neighbors by the Boltzmann distribution of their distances.

    Parameters
    ----------
    distances
        Shape (n, k): distances of each row's neighbors.
    beta
        Inverse temperature, at least 0: 0 weighs all alike, a large one leaves the nearest.

    Returns
    -------
    numpy.ndarray
        float64, shape (n, k): exp(-beta (d - min d)), each row divided by its sum.

    Raises
    ------
    ValueError
        If a distance is negative, NaN or infinite, or beta is.
    """
    values = np.asarray(distances, dtype=np.float64)
    if values.ndim != 2:
        raise ValueError(f"distances must have shape (n, k), not {values.shape}")
    _check_parameter("beta", beta, positive=False)
    faulty = ~(np.isfinite(values) & (values >= 0.0))
    if faulty.any():
        row, column = np.unravel_index(int(np.argmax(faulty)), values.shape)
        raise ValueError(
            f"distances row {int(row)}, column {int(column)}: {float(values[row, column])!r} is "
            "not a finite non-negative number"
        )
    if values.shape[1] == 0:
        return np.empty(values.shape)
    # The nearest neighbor always weighs exp(0), so the sum can't vanish.
    weights: FloatArray = np.exp(-beta * (values - values.min(axis=1, keepdims=True)))
    weights /= weights.sum(axis=1, keepdims=True)
    return weights


def weighted_pairs(indices: npt.NDArray[Any], weights: FloatArray) -> NeighborPairs:
    """Gather the directed edges of a neighbor graph into unordered pairs.

    Parameters
    ----------
    indices
        Shape (n, k): each row's neighbors.
    weights
        float64, shape (n, k): their weights.

    Returns
    -------
    NeighborPairs
        Each pair once, so that each plan is solved once.
    """
    n_rows, k = indices.shape
    row = np.repeat(np.arange(n_rows, dtype=np.int64), k)
    neighbor = indices.astype(np.int64).ravel()
    low, high = np.minimum(row, neighbor), np.maximum(row, neighbor)
    keys, position = np.unique(low * n_rows + high, return_inverse=True)
    forward, backward = np.zeros(keys.size), np.zeros(keys.size)
    is_forward = row < neighbor
    flat = weights.ravel()
    forward[position[is_forward]] = flat[is_forward]
    backward[position[~is_forward]] = flat[~is_forward]
    # n_rows = 0 leaves no keys to divide.
    return NeighborPairs(
        np.column_stack(np.divmod(keys, max(n_rows, 1))).reshape(-1, 2), forward, backward
    )


def neighbor_pair_blocks(indices: npt.NDArray[Any], rows: int) -> Iterator[IntArray]:
    """Yield the pairs of `weighted_pairs` in blocks, in their order.

    Parameters
    ----------
    indices
        Shape (n, k): each row's neighbors.
    rows
        Lower rows a block.

    Yields
    ------
    numpy.ndarray
        int64, shape (p, 2), the lower row first, sorted.

    Examples
    --------
    >>> import numpy as np
    >>> [block.tolist() for block in neighbor_pair_blocks(np.array([[2], [0], [0]]), 1)]
    [[[0, 1], [0, 2]], [], []]
    """
    n, k = indices.shape
    here = sp.csr_array(
        (np.ones(indices.size, dtype=np.int8), indices.ravel(), np.arange(n + 1) * k), shape=(n, n)
    )
    back = here.tocsc()
    for begin in range(0, n, rows):
        end = min(begin + rows, n)
        own = np.arange(begin, end)
        there = slice(back.indptr[begin], back.indptr[end])
        low = np.repeat(
            np.concatenate((own, own)),
            np.concatenate((np.full(own.size, k), np.diff(back.indptr[begin : end + 1]))),
        )
        high = np.concatenate((indices[begin:end].ravel(), back.indices[there])).astype(np.int64)
        keys = np.unique((low * n + high)[low < high])
        yield np.column_stack(np.divmod(keys, n))


def filter_plans(plans: TransportPlans, topk: int, minfrac: float) -> TransportPlans:
    """Keep the main flows of each plan.

    Parameters
    ----------
    plans
        Plans of any number of pairs.
    topk
        Largest number of flows to keep of one plan; among equal flows the earlier ones stay.
    minfrac
        Flows below this fraction of their plan's largest are dropped, 0 to 1.

    Returns
    -------
    TransportPlans
        The flows that are left, in their order and with their masses unchanged.
    """
    if not (isinstance(topk, int | np.integer) and topk >= 1):
        raise ValueError(f"plan_topk must be a whole number of at least 1, not {topk!r}")
    if not 0.0 <= minfrac <= 1.0:
        raise ValueError(f"plan_minfrac must be between 0 and 1, not {minfrac!r}")
    lengths = np.diff(plans.indptr)
    plan = np.repeat(np.arange(lengths.size), lengths)
    # One row a plan, so that all are sorted at once.
    place = np.arange(plan.size) - plans.indptr[:-1][plan]
    table = np.full((lengths.size, int(lengths.max(initial=0))), -np.inf)
    table[plan, place] = plans.flow
    order = np.argsort(-table, axis=1, kind="stable")  # ties keep the order of the plan
    ranks = np.empty_like(order)
    np.put_along_axis(ranks, order, np.arange(table.shape[1])[np.newaxis], axis=1)
    largest = table.max(axis=1, initial=0.0)
    kept = (ranks[plan, place] < topk) & (plans.flow >= minfrac * largest[plan])
    indptr = np.zeros_like(plans.indptr)
    np.cumsum(np.bincount(plan[kept], minlength=lengths.size), out=indptr[1:])
    return TransportPlans(
        plans.distances, indptr, plans.source[kept], plans.target[kept], plans.flow[kept]
    )


def accumulate_matches(
    plans: TransportPlans,
    forward: FloatArray,
    backward: FloatArray,
    n_ingredients: int,
) -> FloatArray:
    """Add up weighted flows as matches from a row's ingredients to its neighbors'.

    Parameters
    ----------
    plans
        One plan a pair, from its first row to its second, filtered already.
    forward, backward
        float64, shape (p,): weight of each plan as it is, and of its reverse.
    n_ingredients
        m, the number of ingredients.

    Returns
    -------
    numpy.ndarray
        float64, shape (m, m): entry (i, j) is the mass matched from i to j.
    """
    lengths = np.diff(plans.indptr)
    source = plans.source.astype(np.int64)
    target = plans.target.astype(np.int64)
    size = n_ingredients * n_ingredients
    there = np.bincount(
        source * n_ingredients + target, np.repeat(forward, lengths) * plans.flow, minlength=size
    )
    back = np.bincount(
        target * n_ingredients + source, np.repeat(backward, lengths) * plans.flow, minlength=size
    )
    matches = (there + back).astype(np.float64, copy=False)  # no flows at all count as integers
    return matches.reshape(n_ingredients, n_ingredients)


def expected_ingredient_match_matrix(
    distance_matrix: Any,
    plans: Mapping[tuple[int, int], Sequence[tuple[int, int, float, float]]],
    n_ingredients: int,
    k: int = 10,
    beta: float = 1.0,
    plan_topk: int = 3,
    plan_minfrac: float = 0.05,
    symmetrize: bool = True,
) -> tuple[FloatArray, int]:
    """Count expected ingredient matches from all distances and plans (the E-step, small n).

    Each recipe spreads a weight of 1 over its k nearest neighbors (`neighbor_weights`); the main
    flows of the plan to each of them (`filter_plans`), times the neighbor's weight, are added to
    the matrix. Mass kept in place counts as an ingredient matched with itself.

    Parameters
    ----------
    distance_matrix
        Shape (n, n): distances between recipes; the diagonal is ignored.
    plans
        ``{(i, j): [(source, target, flow, flow * cost), ...]}`` with i < j, as from
        `barcart.transport.emd_matrix`; neighboring pairs must be there.
    n_ingredients
        m, the number of ingredients.
    k, beta
        Number of neighbors and inverse temperature of their weights.
    plan_topk, plan_minfrac
        Which flows of a plan count: at most so many, each at least this fraction of the largest.
    symmetrize
        Average the matrix with its transpose.

    Returns
    -------
    T : numpy.ndarray
        float64, shape (m, m), non-negative.
    n_pairs : int
        Number of (recipe, neighbor) pairs that went into it.

    Raises
    ------
    ValueError
        If a neighboring pair has no plan, a plan names an ingredient outside 0 ... m - 1, or a
        parameter or distance is out of range.
    """
    indices, distances = knn_matrix(distance_matrix, k)
    pairs = weighted_pairs(indices, neighbor_weights(distances, beta))
    chosen: list[Sequence[tuple[int, int, float, float]]] = []
    for low, high in pairs.pairs.tolist():
        if (low, high) not in plans:
            raise ValueError(
                f"plans has no entry ({low}, {high}) though the recipes are neighbors; "
                "pass the plans of all pairs i < j"
            )
        chosen.append(plans[low, high])
    ragged = _as_ragged(chosen)
    _check_ingredients(ragged, pairs, n_ingredients)
    matches = accumulate_matches(
        filter_plans(ragged, plan_topk, plan_minfrac), pairs.forward, pairs.backward, n_ingredients
    )
    return (symmetrized(matches) if symmetrize else matches), int(indices.size)


def m_step_blosum(
    T: Any,  # noqa: N803 - the symbol of the method
    alpha: float = 1.0,
    median_target: float = 1.0,
    eps: float = 1e-12,
) -> FloatArray:
    """Turn match counts into ground costs by smoothed log-odds (the M-step).

    With row sums r, column sums c and total N of the m × m counts, the expectation under
    independence is ``E[i, j] = (r[i] + alpha m) (c[j] + alpha m) / (N + alpha m²)``, which is the
    expectation of the Laplace-smoothed counts ``T + alpha``. The cost is ``-log((T + alpha) /
    (E + eps))``, shifted so that its least entry is 0, with the diagonal then set to 0 and
    everything scaled to a median off-diagonal cost of `median_target`.

    Parameters
    ----------
    T
        Match counts, shape (m, m), non-negative.
    alpha
        Pseudocount of every entry, positive.
    median_target
        The median off-diagonal cost to scale to, positive.
    eps
        Added to the expectation, non-negative.

    Returns
    -------
    numpy.ndarray
        float64, shape (m, m), non-negative with a zero diagonal; symmetric bit for bit if `T` is.
        It need not obey the triangle inequality. With fewer than two ingredients, or if the median
        off-diagonal cost is 0 (as without any evidence), there is no scale to set and it stays.

    Raises
    ------
    ValueError
        If `T` isn't square, has a negative, NaN or infinite entry, or a parameter is out of range.
    """
    counts = as_match_counts(T)
    _check_parameter("alpha", alpha, positive=True)
    _check_parameter("median_target", median_target, positive=True)
    _check_parameter("eps", eps, positive=False)
    m = counts.shape[0]
    if m == 0:
        return np.zeros((0, 0))
    rows = counts.sum(axis=1)
    # NumPy adds rows and columns up in different orders; a symmetric T must not lose its symmetry
    # to rounding, for the distances rely on it.
    columns = rows if np.array_equal(counts, counts.T) else counts.sum(axis=0)
    expected = np.outer(rows + alpha * m, columns + alpha * m) / (rows.sum() + alpha * m * m)
    cost: FloatArray = -np.log((counts + alpha) / (expected + eps))
    cost -= cost.min()
    np.fill_diagonal(cost, 0.0)
    if m > 1:
        median = float(np.median(cost[~np.eye(m, dtype=bool)]))
        if median > _NO_SCALE * float(cost.max()):
            cost *= median_target / median
    return cost


def as_match_counts(T: Any) -> FloatArray:  # noqa: N803 - the symbol of the method
    """Return match counts as float64, shape (m, m); ValueError names an invalid one."""
    counts = np.asarray(T, dtype=np.float64)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1]:
        raise ValueError(f"T must be square, not of shape {counts.shape}")
    faulty = ~(np.isfinite(counts) & (counts >= 0.0))
    if faulty.any():
        row, column = np.unravel_index(int(np.argmax(faulty)), counts.shape)
        raise ValueError(
            f"T row {int(row)}, column {int(column)}: {float(counts[row, column])!r} is not a "
            "finite non-negative count"
        )
    return counts


def symmetrized(matrix: FloatArray) -> FloatArray:
    """Return the average of a matrix and its transpose, symmetric bit for bit."""
    return 0.5 * (matrix + matrix.T)


def _as_ragged(plans: Sequence[Sequence[tuple[int, int, float, float]]]) -> TransportPlans:
    indptr = np.zeros(len(plans) + 1, dtype=np.int64)
    np.cumsum([len(plan) for plan in plans], out=indptr[1:])
    moves = [move for plan in plans for move in plan]
    return TransportPlans(
        np.array([sum(move[3] for move in plan) for plan in plans], dtype=np.float64),
        indptr,
        np.array([move[0] for move in moves], dtype=np.int32),
        np.array([move[1] for move in moves], dtype=np.int32),
        np.array([move[2] for move in moves], dtype=np.float64),
    )


def _check_ingredients(plans: TransportPlans, pairs: NeighborPairs, n_ingredients: int) -> None:
    for name, ends in (("source", plans.source), ("target", plans.target)):
        outside = (ends < 0) | (ends >= n_ingredients)
        if outside.any():
            flow = int(np.argmax(outside))
            low, high = pairs.pairs[int(np.searchsorted(plans.indptr, flow, side="right")) - 1]
            raise ValueError(
                f"the plan of recipes ({low}, {high}) has {name} {int(ends[flow])}, which is not "
                f"one of the {n_ingredients} ingredients"
            )


def _check_parameter(name: str, value: float, *, positive: bool) -> None:
    if not (math.isfinite(value) and (value > 0.0 if positive else value >= 0.0)):
        raise ValueError(
            f"{name} must be a finite {'positive' if positive else 'non-negative'} number, "
            f"not {value!r}"
        )
