"""Learn the ground costs between ingredients from recipes by expectation-maximization.

One iteration finds each recipe's nearest neighbors under the present costs, counts which
ingredients the optimal plans match (the E-step), and turns the counts into new costs (the M-step);
`barcart.matching` holds both steps. The scheme has no objective that is known to fall with every
step, and neighbors change by jumps, so that it may end in a cycle instead of a fixed point; it is
watched for that.
"""

import hashlib
import json
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, Protocol, TypeAlias, get_args

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from barcart._parallel import one_blas_thread
from barcart.matching import (
    accumulate_matches,
    filter_plans,
    m_step_blosum,
    neighbor_weights,
    symmetrized,
    weighted_pairs,
)
from barcart.neighbors import NeighborGraph, emd_neighbors, tree_neighbors
from barcart.pooling import KAPPA, m_step_pooled
from barcart.transport import TransportPlans, transport_plans
from barcart.tree_metric import TreeMetric
from barcart.validation import FloatArray, IntArray, as_symmetric_cost, as_volume_csr

#: Plans solved at a time. They bound the memory of an E-step, and the order in which matches are
#: added up: changing the number changes results in the last bits.
PLANS_PER_BLOCK = 1 << 16

#: How costs follow from matches: pooled down the ingredient tree, or as in BLOSUM.
MStep: TypeAlias = Literal["pooled", "blosum"]

#: From so many rows on, the neighbors on a tree are sought through the index on pairs.
TREE_INDEXED_ROWS = 100_000

#: How many iterations back a cycle is looked for.
MAX_PERIOD = 8


class NeighborSearch(Protocol):
    """Finds every row's k nearest under a ground cost; results must not depend on where it runs."""

    def __call__(
        self,
        volume_matrix: "sp.csr_array[np.float64]",
        cost: FloatArray | TreeMetric,
        k: int,
        /,
        *,
        seeds: npt.NDArray[np.int32] | None,
    ) -> NeighborGraph:
        """Return the neighbors of all rows, nearest first, ties by row number.

        The seeds, shape (n, k), are those of the last iteration: a hint, without which the result
        is the same.
        """


class PlanSolver(Protocol):
    """Solves transport plans; results must not depend on where it runs."""

    def __call__(
        self,
        volume_matrix: "sp.csr_array[np.float64]",
        cost_matrix: FloatArray,
        pairs: IntArray,
        /,
        *,
        metric: bool,
    ) -> TransportPlans:
        """Return the plans of pairs of rows, shape (p, 2), in their order."""


class CheckpointMismatchError(ValueError):
    """A checkpoint belongs to other data or parameters than it is to be resumed with."""


@dataclass(frozen=True)
class EMIteration:
    """What one iteration did.

    Attributes
    ----------
    iteration
        Its number, from 1.
    delta
        Relative change of the cost matrix in the Frobenius norm, ||new - old|| / ||old||.
    pairs_solved, pairs_pruned
        Pairs of recipes whose distance the neighbor search computed, or excluded by a bound.
    seconds
        Wall-clock time.
    """

    iteration: int
    delta: float
    pairs_solved: int
    pairs_pruned: int
    seconds: float


@dataclass(frozen=True)
class EMState:
    """Everything the next iteration depends on: a checkpoint.

    Attributes
    ----------
    iteration
        Iterations done.
    cost_matrix
        float64, shape (m, m): the present costs.
    match_matrix
        float64, shape (m, m): the counts they were made from; zeros before the first iteration.
    previous_costs
        float64, shape (r, m, m): the costs before, newest first, as far back as cycles are sought.
    neighbors
        int32, shape (n, k): the neighbors found last, which the next search starts from; empty
        before the first iteration.
    history
        One record an iteration.
    converged
        Whether the last change was below the tolerance.
    period
        Length of the cycle that was detected; 0 if none was.
    fingerprint
        Hash of data and parameters, so that a checkpoint can't be resumed with others.
    """

    iteration: int
    cost_matrix: FloatArray
    match_matrix: FloatArray
    previous_costs: FloatArray
    neighbors: npt.NDArray[np.int32]
    history: tuple[EMIteration, ...]
    converged: bool
    period: int
    fingerprint: str

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Return the state as plain arrays, ready for ``numpy.savez`` without pickling."""
        numbers = {
            "iteration": self.iteration,
            "converged": self.converged,
            "period": self.period,
            "fingerprint": self.fingerprint,
            # JSON writes floats so that they read back bit for bit.
            "history": [asdict(record) for record in self.history],
        }
        return {
            "cost_matrix": self.cost_matrix,
            "match_matrix": self.match_matrix,
            "previous_costs": self.previous_costs,
            "neighbors": self.neighbors,
            "state": np.array(json.dumps(numbers)),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any]) -> "EMState":
        """Rebuild the state from the arrays of `to_arrays`.

        Raises
        ------
        ValueError
            If an array is missing or they don't belong together.
        """
        try:
            numbers = json.loads(str(arrays["state"][()]))
            state = cls(
                iteration=int(numbers["iteration"]),
                cost_matrix=np.asarray(arrays["cost_matrix"], dtype=np.float64),
                match_matrix=np.asarray(arrays["match_matrix"], dtype=np.float64),
                previous_costs=np.asarray(arrays["previous_costs"], dtype=np.float64),
                neighbors=np.asarray(arrays["neighbors"], dtype=np.int32),
                history=tuple(EMIteration(**record) for record in numbers["history"]),
                converged=bool(numbers["converged"]),
                period=int(numbers["period"]),
                fingerprint=str(numbers["fingerprint"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(
                f"the arrays are no EM checkpoint ({error}); pass those of EMState.to_arrays()"
            ) from error
        m = state.cost_matrix.shape[0]
        if (
            state.cost_matrix.shape != (m, m)
            or state.match_matrix.shape != (m, m)
            or state.previous_costs.shape[1:] != (m, m)
            or len(state.history) != state.iteration
            or state.neighbors.ndim != 2
        ):
            raise ValueError(
                "the arrays of the EM checkpoint don't fit together; "
                "pass those of one EMState.to_arrays() call"
            )
        return state


@dataclass(frozen=True)
class EMResult:
    """The learned ground costs.

    Attributes
    ----------
    cost_matrix
        float64, shape (m, m): symmetric, non-negative, zero diagonal. Pooled costs are a metric,
        from ½ to 1 off the diagonal; those as in BLOSUM have an off-diagonal median of 1 and are no
        metric in general. With fewer than two recipes, the initial costs.
    neighbors
        Every recipe's k nearest under these costs.
    match_matrix
        float64, shape (m, m), symmetric: the weighted mass matched between ingredients, which the
        costs were made from. It shows how much evidence each cost has.
    n_iter
        Iterations done.
    converged
        Whether the last relative change was below the tolerance.
    oscillating
        Whether the costs returned to those of a few iterations before without converging.
    period
        Length of that cycle in iterations, else 0.
    history
        One record an iteration.
    state
        The checkpoint to go on from.
    """

    cost_matrix: FloatArray
    neighbors: NeighborGraph
    match_matrix: FloatArray
    n_iter: int
    converged: bool
    oscillating: bool
    period: int
    history: tuple[EMIteration, ...]
    state: EMState


#: Called after each iteration.
Callback: TypeAlias = Callable[[EMState], None]


def find_neighbors(
    volume_matrix: Any,
    cost: FloatArray | TreeMetric,
    k: int,
    *,
    seeds: npt.NDArray[np.int32] | None = None,
    n_jobs: int | None = None,
) -> NeighborGraph:
    """Find neighbors in this process, in closed form where the cost is a tree metric.

    The closed form compares all rows; among very many, the index of `emd_neighbors` is faster.
    """
    if isinstance(cost, TreeMetric):
        if volume_matrix.shape[0] < TREE_INDEXED_ROWS:
            return tree_neighbors(volume_matrix, cost, k, n_jobs=n_jobs)
        cost = cost.cost_matrix()
    return emd_neighbors(volume_matrix, cost, k, seeds=seeds, n_jobs=n_jobs)


@one_blas_thread
def em_fit(
    volume_matrix: Any,
    initial_cost: Any,
    *,
    k: int = 10,
    beta: float = 1.0,
    max_iter: int = 50,
    tol: float = 1e-3,
    plan_topk: int = 3,
    plan_minfrac: float = 0.05,
    m_step: MStep = "pooled",
    kappa: float = KAPPA,
    alpha: float = 1.0,
    neighbors: NeighborSearch = find_neighbors,
    plans: PlanSolver = transport_plans,
    callback: Callback | None = None,
    state: EMState | None = None,
) -> EMResult:
    """Learn ground costs between ingredients.

    Parameters
    ----------
    volume_matrix
        Shape (n, m), dense or sparse: recipes as distributions, rows of the same total.
    initial_cost
        The costs to start from: a `TreeMetric`, for which the first neighbor search has a closed
        form, or an array of shape (m, m), non-negative and symmetric.
    k, beta
        Number of neighbors of each recipe (cut to n - 1) and inverse temperature of their weights.
    max_iter
        Most iterations in all, those of a resumed state included.
    tol
        Stop when the relative Frobenius change of the costs is below this.
    plan_topk, plan_minfrac
        Which flows of a plan count: at most so many, each at least this fraction of the largest.
    m_step
        How costs follow from matches: `barcart.m_step_pooled`, down the tree if `initial_cost` is
        one, or `barcart.m_step_blosum`.
    kappa
        How many expected matches the level above is worth; of "pooled".
    alpha
        Pseudocount; of "blosum".
    neighbors, plans
        The engines, to be replaced by ones that work elsewhere.
    callback
        Called after each iteration with its state, to report it or keep it as a checkpoint.
    state
        The checkpoint to go on from. The iterations that follow, and the result, equal those of an
        uninterrupted run bit for bit (times apart).

    Returns
    -------
    EMResult
        Deterministic: it depends on data and parameters alone.

    Raises
    ------
    ValueError
        If volumes or costs are faulty or a parameter is out of range.
    CheckpointMismatchError
        If the state belongs to other data or parameters; a ValueError, too.

    Warns
    -----
    sklearn.exceptions.ConvergenceWarning
        If it stops in a cycle or at `max_iter` without having converged.

    Notes
    -----
    Under a tree metric, mass two recipes share stays in place; among the other optimal plans, of
    which a tree has many, the choice is deterministic but arbitrary. A cycle is taken for one when
    the costs come back to within `tol` of those two to eight iterations before while the last
    change still exceeds it.
    """
    volumes = as_volume_csr(volume_matrix)
    n, m = (int(size) for size in volumes.shape)
    for name, value in (("k", k), ("max_iter", max_iter)):
        if not (isinstance(value, int | np.integer) and value >= 1):
            raise ValueError(f"{name} must be a whole number of at least 1, not {value!r}")
    if m_step not in get_args(MStep):
        raise ValueError(f"m_step must be one of {', '.join(get_args(MStep))}, not {m_step!r}")
    if not tol >= 0.0:
        raise ValueError(f"tol must be a non-negative number, not {tol!r}")
    start, start_matrix = _initial_cost(initial_cost, m)
    fingerprint = _fingerprint(
        volumes,
        start_matrix,
        {
            "k": k,
            "beta": beta,
            "tol": tol,
            "plan_topk": plan_topk,
            "plan_minfrac": plan_minfrac,
            "m_step": m_step,
            **({"alpha": alpha} if m_step == "blosum" else {"kappa": kappa}),
            # The pooled M-step depends on the shape of the tree, not on its lengths alone.
            "tree": start.parent.tolist() if isinstance(start, TreeMetric) else None,
        },
    )
    if state is None:
        state = EMState(
            iteration=0,
            cost_matrix=start_matrix,
            match_matrix=np.zeros((m, m)),
            previous_costs=np.empty((0, m, m)),
            neighbors=np.empty((0, 0), dtype=np.int32),
            history=(),
            # Without a pair of recipes there is nothing to learn from.
            converged=n < 2,
            period=0,
            fingerprint=fingerprint,
        )
    elif state.fingerprint != fingerprint:
        raise CheckpointMismatchError(
            "state belongs to other volumes, initial costs or parameters; resume with those it was "
            "made with, or start anew without state"
        )

    while not state.converged and not state.period and state.iteration < max_iter:
        begun = time.perf_counter()
        cost = start if state.iteration == 0 else state.cost_matrix
        graph = neighbors(volumes, cost, k, seeds=state.neighbors if state.iteration else None)
        matches = _expected_matches(
            volumes,
            graph,
            state.cost_matrix,
            beta=beta,
            plan_topk=plan_topk,
            plan_minfrac=plan_minfrac,
            # Pooled costs are a metric, too.
            metric=isinstance(cost, TreeMetric) or (m_step == "pooled" and state.iteration > 0),
            plans=plans,
        )
        if m_step == "blosum":
            learned = m_step_blosum(matches, alpha=alpha)
        else:
            tree = start if isinstance(start, TreeMetric) else None
            learned = m_step_pooled(matches, tree, kappa)
        state = _advance(state, learned, matches, graph, tol, begun)
        if callback is not None:
            callback(state)

    if not state.converged:
        _warn_not_converged(state, tol)
    final = start if state.iteration == 0 else state.cost_matrix
    return EMResult(
        cost_matrix=state.cost_matrix,
        neighbors=neighbors(volumes, final, k, seeds=state.neighbors if state.iteration else None),
        match_matrix=state.match_matrix,
        n_iter=state.iteration,
        converged=state.converged,
        oscillating=state.period > 0,
        period=state.period,
        history=state.history,
        state=state,
    )


def _initial_cost(initial_cost: Any, m: int) -> tuple[FloatArray | TreeMetric, FloatArray]:
    if not isinstance(initial_cost, TreeMetric):
        matrix = as_symmetric_cost(initial_cost, m)
        return matrix, matrix
    if initial_cost.n_ingredients != m:
        raise ValueError(
            f"initial_cost is a tree of {initial_cost.n_ingredients} ingredients but the volumes "
            f"have {m} columns; both must list the same ingredients"
        )
    return initial_cost, initial_cost.cost_matrix()


def _fingerprint(
    volumes: "sp.csr_array[np.float64]", initial_cost: FloatArray, parameters: dict[str, Any]
) -> str:
    digest = hashlib.sha256()
    for array in (
        np.array(volumes.shape, dtype="<i8"),
        volumes.indptr.astype("<i8"),
        volumes.indices.astype("<i8"),
        volumes.data.astype("<f8"),
        initial_cost.astype("<f8"),
    ):
        digest.update(np.ascontiguousarray(array).data)
    digest.update(json.dumps(parameters, sort_keys=True, default=float).encode())
    return digest.hexdigest()


def _expected_matches(
    volumes: "sp.csr_array[np.float64]",
    graph: NeighborGraph,
    cost_matrix: FloatArray,
    *,
    beta: float,
    plan_topk: int,
    plan_minfrac: float,
    metric: bool,
    plans: PlanSolver,
) -> FloatArray:
    """Return the symmetric match matrix, solving the plans block by block."""
    m = cost_matrix.shape[0]
    todo = weighted_pairs(graph.indices, neighbor_weights(graph.distances, beta))
    matches = np.zeros((m, m))
    for begin in range(0, todo.forward.size, PLANS_PER_BLOCK):
        block = slice(begin, begin + PLANS_PER_BLOCK)
        solved = plans(volumes, cost_matrix, todo.pairs[block], metric=metric)
        kept = filter_plans(solved, plan_topk, plan_minfrac)
        matches += accumulate_matches(kept, todo.forward[block], todo.backward[block], m)
    return symmetrized(matches)


def _advance(
    state: EMState,
    cost: FloatArray,
    matches: FloatArray,
    graph: NeighborGraph,
    tol: float,
    begun: float,
) -> EMState:
    delta = relative_change(cost, state.cost_matrix)
    converged = delta < tol
    period = 0 if converged else _detect_period(cost, state.previous_costs, tol)
    record = EMIteration(
        iteration=state.iteration + 1,
        delta=delta,
        pairs_solved=graph.pairs_solved,
        pairs_pruned=graph.pairs_pruned,
        seconds=time.perf_counter() - begun,
    )
    kept = state.previous_costs[: MAX_PERIOD - 2]
    return replace(
        state,
        iteration=state.iteration + 1,
        cost_matrix=cost,
        match_matrix=matches,
        previous_costs=np.concatenate((state.cost_matrix[np.newaxis], kept)),
        neighbors=graph.indices,
        history=(*state.history, record),
        converged=converged,
        period=period,
    )


def relative_change(new: FloatArray, old: FloatArray) -> float:
    """Return ||new - old|| / ||old|| in the Frobenius norm; 0 if both are zero."""
    change = float(np.linalg.norm(new - old))
    if change == 0.0:
        return 0.0
    scale = float(np.linalg.norm(old))
    return change / scale if scale > 0.0 else float("inf")


def _detect_period(cost: FloatArray, previous_costs: FloatArray, tol: float) -> int:
    """Return how many iterations ago the costs were the same within `tol`, else 0.

    `previous_costs` starts two iterations before `cost`.
    """
    for lag, earlier in enumerate(previous_costs, start=2):
        if relative_change(cost, earlier) < tol:
            return lag
    return 0


def _warn_not_converged(state: EMState, tol: float) -> None:
    # scikit-learn takes a second to import; only this path needs its warning class.
    from sklearn.exceptions import ConvergenceWarning

    last = state.history[-1].delta if state.history else float("nan")
    reason = (
        f"the costs run in a cycle of {state.period} iterations"
        if state.period
        else "max_iter was reached; raise it, or resume from the state of the result"
    )
    warnings.warn(
        f"EM did not converge in {state.iteration} iterations: the relative change is {last:.3g}, "
        f"tol is {tol:.3g}; {reason}",
        ConvergenceWarning,
        stacklevel=3,
    )
