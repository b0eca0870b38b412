"""The EM as a whole, against a reference that shares no code with it."""

import io
import math
import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from sklearn.exceptions import ConvergenceWarning

from barcart.em import (
    EMIteration,
    EMResult,
    EMState,
    MStep,
    em_fit,
    find_neighbors,
    relative_change,
)
from barcart.matching import (
    accumulate_matches,
    filter_plans,
    m_step_blosum,
    neighbor_weights,
    symmetrized,
    weighted_pairs,
)
from barcart.neighbors import NeighborGraph, emd_neighbors
from barcart.pooling import m_step_pooled
from barcart.transport import TransportPlans, transport_plans
from barcart.tree_metric import TreeMetric

with warnings.catch_warnings():
    # POT's sources hold invalid escape sequences, reported whenever they are first compiled.
    warnings.simplefilter("ignore")
    import ot

Floats = npt.NDArray[np.float64]

# Generic (random, real-valued) volumes and costs: no two plans cost the same, so that every exact
# solver finds the same plan and results may be compared entry by entry.
RNG = np.random.default_rng(20)
N, M = 18, 7
VOLUMES: Floats = RNG.dirichlet(np.full(M, 0.5), size=N)
VOLUMES[VOLUMES < 0.02] = 0.0
VOLUMES /= VOLUMES.sum(axis=1, keepdims=True)
_HALF = RNG.random((M, M))
COST: Floats = _HALF + _HALF.T
np.fill_diagonal(COST, 0.0)

TREE = TreeMetric.from_parent_map(
    {
        "root": (None, 0.0),
        **{f"k{j}": ("root", 1.0) for j in range(3)},
        **{str(i): (f"k{i % 3}", 0.5) for i in range(M)},
    },
    [str(i) for i in range(M)],
)


def reference_matches(volumes: Floats, cost: Floats, k: int, beta: float) -> Floats:
    """The E-step by loops, each pair solved densely by POT."""
    n, m = volumes.shape
    plans = {}
    distances = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            if i != j:
                low, high = min(i, j), max(i, j)
                plan = ot.emd(volumes[low], volumes[high], cost)
                distances[i, j] = (plan * cost).sum()
                plans[i, j] = plan if i < j else plan.T
    matches = np.zeros((m, m))
    for i in range(n):
        others = sorted((j for j in range(n) if j != i), key=lambda j: (distances[i, j], j))[:k]
        boltzmann = [math.exp(-beta * (distances[i, j] - distances[i, others[0]])) for j in others]
        for j, weight in zip(others, boltzmann, strict=True):
            flows = [
                (plans[i, j][a, b], a, b)
                for a in range(m)
                for b in range(m)
                if plans[i, j][a, b] > 1e-13
            ]
            flows.sort(key=lambda flow: -flow[0])
            for flow, a, b in flows[:3]:
                if flow >= 0.05 * flows[0][0]:
                    matches[a, b] += weight / sum(boltzmann) * flow
    return (matches + matches.T) / 2


def reference_costs(matches: Floats) -> Floats:
    m = len(matches)
    margins = matches.sum(axis=0) + m
    cost = -np.log((matches + 1) / (np.outer(margins, margins) / (matches.sum() + m * m) + 1e-12))
    cost -= cost.min()
    cost[np.diag_indices(m)] = 0.0
    result: Floats = cost / np.median(cost[~np.eye(m, dtype=bool)])
    return result


def fit(**changed: Any) -> EMResult:
    defaults = {"k": 4, "beta": 1.3, "max_iter": 50, "tol": 1e-9, "m_step": "blosum"}
    arguments: dict[str, Any] = defaults | changed
    return em_fit(VOLUMES, COST, **arguments)


@pytest.mark.parametrize("iterations", [1, 2, 4])
def test_iterations_agree_with_the_reference(iterations: int) -> None:
    matches, cost = np.zeros((M, M)), COST
    deltas = []
    for _ in range(iterations):
        matches = reference_matches(VOLUMES, cost, 4, 1.3)
        new = reference_costs(matches)
        deltas.append(np.sqrt(((new - cost) ** 2).sum() / (cost**2).sum()))
        cost = new
    with pytest.warns(ConvergenceWarning, match=f"in {iterations} iterations"):
        result = fit(max_iter=iterations, tol=0.0)
    np.testing.assert_allclose(result.match_matrix, matches, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(result.cost_matrix, cost, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose([r.delta for r in result.history], deltas, rtol=1e-6)


def test_it_stops_at_the_first_small_change() -> None:
    result = fit()
    assert result.converged
    assert not result.oscillating
    assert result.n_iter == len(result.history)
    assert [record.iteration for record in result.history] == list(range(1, result.n_iter + 1))
    assert result.history[-1].delta < 1e-9
    assert all(record.delta >= 1e-9 for record in result.history[:-1])
    assert all(
        record.pairs_solved + record.pairs_pruned == N * (N - 1) for record in result.history
    )
    assert all(record.seconds > 0.0 for record in result.history)


def test_converged_cost_is_a_fixed_point() -> None:
    result = fit()
    np.testing.assert_array_equal(result.cost_matrix, result.cost_matrix.T)
    np.testing.assert_array_equal(np.diag(result.cost_matrix), 0.0)
    again = reference_costs(reference_matches(VOLUMES, result.cost_matrix, 4, 1.3))
    np.testing.assert_allclose(again, result.cost_matrix, rtol=1e-6, atol=1e-8)
    expected = emd_neighbors(VOLUMES, result.cost_matrix, 4)
    np.testing.assert_array_equal(result.neighbors.indices, expected.indices)
    np.testing.assert_array_equal(result.neighbors.distances, expected.distances)


def test_every_parameter_matters() -> None:
    with pytest.warns(ConvergenceWarning):
        base = fit(max_iter=1).cost_matrix
    for changed in (
        {"k": 5},
        {"beta": 0.0},
        {"alpha": 0.5},
        {"plan_topk": 1},
        {"plan_minfrac": 0.9},
    ):
        with pytest.warns(ConvergenceWarning):
            other = fit(max_iter=1, **changed).cost_matrix
        assert relative_change(other, base) > 1e-6, changed


def test_pooled_iterations_follow_the_tree() -> None:
    with pytest.warns(ConvergenceWarning):
        base = em_fit(VOLUMES, TREE, k=4, max_iter=1)
    np.testing.assert_array_equal(base.cost_matrix, m_step_pooled(base.match_matrix, TREE))
    with pytest.warns(ConvergenceWarning):
        more = em_fit(VOLUMES, TREE, k=4, max_iter=2, tol=0.0)
    np.testing.assert_array_equal(more.cost_matrix, m_step_pooled(more.match_matrix, TREE))
    with pytest.warns(ConvergenceWarning):
        eager = em_fit(VOLUMES, TREE, k=4, max_iter=1, kappa=0.1)
    assert relative_change(eager.cost_matrix, base.cost_matrix) > 1e-3


def test_pooled_needs_no_tree() -> None:
    # Two spirits, each in the same five drinks.
    drinks = np.zeros((10, 7))
    for drink in range(5):
        drinks[2 * drink, [0, 2 + drink]] = 0.4, 0.6
        drinks[2 * drink + 1, [1, 2 + drink]] = 0.4, 0.6
    result = em_fit(drinks, 1.0 - np.eye(7), k=1, kappa=0.1)
    np.testing.assert_array_equal(result.cost_matrix, m_step_pooled(result.match_matrix, kappa=0.1))
    assert result.cost_matrix[0, 1] < 0.6
    assert result.cost_matrix[0, 2] == 1.0


def test_four_recipes_are_enough() -> None:
    result = em_fit(VOLUMES[:4], TREE)
    assert result.converged
    assert result.neighbors.indices.shape == (4, 3)
    others = result.cost_matrix[~np.eye(M, dtype=bool)]
    assert ((others >= 0.5) & (others <= 1.0)).all()


def test_first_tree_iteration_keeps_shared_mass() -> None:
    cost = TREE.cost_matrix()
    graph = emd_neighbors(VOLUMES, cost, 4)
    todo = weighted_pairs(graph.indices, neighbor_weights(graph.distances, 1.0))
    kept = filter_plans(transport_plans(VOLUMES, cost, todo.pairs, metric=True), 3, 0.05)
    matches = symmetrized(accumulate_matches(kept, todo.forward, todo.backward, M))
    with pytest.warns(ConvergenceWarning):
        result = em_fit(VOLUMES, TREE, k=4, max_iter=1, m_step="blosum")
    np.testing.assert_allclose(result.match_matrix, matches, rtol=1e-9)
    np.testing.assert_allclose(result.cost_matrix, m_step_blosum(matches), rtol=1e-9)


@pytest.mark.parametrize("m_step", ["pooled", "blosum"])
def test_pairs_are_solved_once(m_step: MStep) -> None:
    costs: list[Any] = []
    graphs: list[NeighborGraph] = []
    solved: list[tuple[Any, bool]] = []

    def neighbors(volumes: Any, cost: Any, k: int, *, seeds: Any) -> NeighborGraph:
        costs.append(cost)
        if seeds is not None:
            np.testing.assert_array_equal(seeds, graphs[-1].indices)
        graphs.append(find_neighbors(volumes, cost, k, seeds=seeds))
        return graphs[-1]

    def plans(volumes: Any, cost: Floats, pairs: Any, *, metric: bool) -> TransportPlans:
        solved.append((pairs, metric))
        return transport_plans(volumes, cost, pairs, metric=metric)

    with pytest.warns(ConvergenceWarning):
        result = em_fit(
            VOLUMES,
            TREE,
            k=4,
            max_iter=2,
            tol=0.0,
            m_step=m_step,
            neighbors=neighbors,
            plans=plans,
        )
    # Two iterations and the neighbors under the final costs.
    assert [isinstance(cost, TreeMetric) for cost in costs] == [True, False, False]
    np.testing.assert_array_equal(costs[2], result.cost_matrix)
    assert [metric for _, metric in solved] == [True, m_step == "pooled"]
    for pairs, _ in solved:
        assert (pairs[:, 0] < pairs[:, 1]).all()
        assert len(np.unique(pairs, axis=0)) == len(pairs) < N * 4


def test_blocks_of_plans_change_rounding_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = fit(tol=1e-6)
    monkeypatch.setattr("barcart.em.PLANS_PER_BLOCK", 7)
    blocked = fit(tol=1e-6)
    np.testing.assert_allclose(blocked.match_matrix, whole.match_matrix, rtol=1e-9, atol=1e-12)


def test_same_data_same_bytes() -> None:
    first, second = fit(), fit()
    assert first.cost_matrix.tobytes() == second.cost_matrix.tobytes()
    assert first.neighbors.indices.tobytes() == second.neighbors.indices.tobytes()


def saved_and_loaded(state: EMState) -> EMState:
    file = io.BytesIO()
    arrays: dict[str, Any] = state.to_arrays()
    np.savez(file, **arrays)
    file.seek(0)
    with np.load(file, allow_pickle=False) as loaded:
        return EMState.from_arrays(loaded)


def without_times(history: tuple[EMIteration, ...]) -> list[EMIteration]:
    return [replace(record, seconds=0.0) for record in history]


@pytest.mark.parametrize("m_step", ["pooled", "blosum"])
@pytest.mark.parametrize("start", [COST, TREE], ids=["matrix", "tree"])
def test_resuming_equals_uninterrupted_run(start: Any, m_step: MStep) -> None:
    states: list[EMState] = []
    # Little smoothing, so that the costs take a few iterations to settle.
    fixed: dict[str, Any] = {"k": 4, "tol": 1e-9, "m_step": m_step, "kappa": 0.5}
    whole = em_fit(VOLUMES, start, callback=states.append, **fixed)
    assert whole.n_iter == len(states) >= 3
    for state in states:
        resumed = em_fit(VOLUMES, start, state=saved_and_loaded(state), **fixed)
        assert resumed.cost_matrix.tobytes() == whole.cost_matrix.tobytes()
        assert resumed.match_matrix.tobytes() == whole.match_matrix.tobytes()
        assert resumed.neighbors.indices.tobytes() == whole.neighbors.indices.tobytes()
        assert resumed.neighbors.distances.tobytes() == whole.neighbors.distances.tobytes()
        assert without_times(resumed.history) == without_times(whole.history)
        assert resumed.converged


def test_max_iter_counts_the_iterations_before_a_checkpoint() -> None:
    with pytest.warns(ConvergenceWarning):
        first = fit(max_iter=1)
    with pytest.warns(ConvergenceWarning):
        second = fit(max_iter=2, state=first.state)
    assert second.n_iter == 2


def test_a_finished_state_is_left_as_it_is() -> None:
    whole = fit()
    called: list[EMState] = []
    resumed = fit(state=whole.state, callback=called.append)
    assert not called
    assert resumed.n_iter == whole.n_iter
    assert resumed.cost_matrix.tobytes() == whole.cost_matrix.tobytes()


def test_checkpoint_of_other_data_is_refused() -> None:
    state = fit().state
    with pytest.raises(ValueError, match="state belongs to other"):
        fit(state=state, k=5)
    with pytest.raises(ValueError, match="state belongs to other"):
        fit(state=state, beta=1.0)
    with pytest.raises(ValueError, match="state belongs to other"):
        fit(state=state, m_step="pooled")
    with pytest.raises(ValueError, match="state belongs to other"):
        em_fit(VOLUMES[::-1], COST, k=4, beta=1.3, tol=1e-9, state=state)
    with pytest.raises(ValueError, match="state belongs to other"):
        em_fit(VOLUMES, 2.0 * COST, k=4, beta=1.3, tol=1e-9, state=state)


def test_arrays_that_are_no_checkpoint_are_refused() -> None:
    arrays = fit().state.to_arrays()
    with pytest.raises(ValueError, match="no EM checkpoint"):
        EMState.from_arrays({key: arrays[key] for key in arrays if key != "cost_matrix"})
    with pytest.raises(ValueError, match="fit together"):
        EMState.from_arrays(arrays | {"match_matrix": np.zeros((2, 2))})


def cycling_plans(period: int, growth: float = 0.0) -> Any:
    """A plan solver whose matches run in a cycle, or drift away if they grow."""
    calls = 0

    def plans(volumes: Any, cost: Floats, pairs: Any, *, metric: bool) -> TransportPlans:
        nonlocal calls
        solved = transport_plans(volumes, cost, pairs, metric=metric)
        phase = calls % period
        drift = 1.0 + growth * calls
        calls += 1
        source = np.full_like(solved.source, phase)
        target = np.full_like(solved.target, phase + 1)
        return replace(solved, source=source, target=target, flow=solved.flow * drift)

    return plans


@pytest.mark.parametrize("period", [2, 3, 5])
def test_a_cycle_is_detected_and_said(period: int) -> None:
    with pytest.warns(ConvergenceWarning, match=f"cycle of {period} iterations"):
        result = fit(tol=1e-3, plans=cycling_plans(period))
    assert result.oscillating
    assert result.period == period
    assert not result.converged
    # Once around to come back, and once more at most while the neighbors settle in.
    assert period + 1 <= result.n_iter <= 2 * period + 1
    assert result.history[-1].delta > 1e-3


def test_detecting_a_cycle_survives_a_checkpoint() -> None:
    states: list[EMState] = []
    with pytest.warns(ConvergenceWarning, match="cycle"):
        whole = fit(tol=1e-3, plans=cycling_plans(3), callback=states.append)
    # A solver that stands at the fourth call of its cycle, as in the uninterrupted run.
    plans = cycling_plans(3)
    for _ in range(3):
        plans(VOLUMES, COST, np.array([[0, 1]]), metric=False)
    with pytest.warns(ConvergenceWarning, match="cycle of 3"):
        resumed = fit(tol=1e-3, plans=plans, state=saved_and_loaded(states[2]))
    assert resumed.cost_matrix.tobytes() == whole.cost_matrix.tobytes()


def test_large_changes_that_never_return_are_no_cycle() -> None:
    with pytest.warns(ConvergenceWarning, match="max_iter was reached"):
        result = fit(tol=1e-3, max_iter=8, plans=cycling_plans(2, growth=0.2))
    assert result.n_iter == 8
    assert not result.oscillating
    assert not result.converged


@pytest.mark.parametrize("n", [0, 1])
@pytest.mark.parametrize("start", [COST, TREE], ids=["matrix", "tree"])
def test_without_pairs_the_initial_costs_stay(n: int, start: Any) -> None:
    result = em_fit(VOLUMES[:n], start)
    expected = start.cost_matrix() if isinstance(start, TreeMetric) else start
    np.testing.assert_array_equal(result.cost_matrix, expected)
    assert result.converged
    assert result.n_iter == 0
    assert result.neighbors.indices.shape == (n, 0)


def test_two_recipes_and_one_ingredient_work() -> None:
    result = em_fit(VOLUMES[:2], COST)
    assert result.neighbors.indices.tolist() == [[1], [0]]
    assert np.isfinite(result.cost_matrix).all()
    single = em_fit(np.ones((3, 1)), np.zeros((1, 1)))
    assert single.converged
    np.testing.assert_array_equal(single.cost_matrix, [[0.0]])


def test_identical_recipes_work() -> None:
    result = em_fit(np.repeat(VOLUMES[:1], 5, axis=0), TREE, k=2)
    assert result.converged
    np.testing.assert_array_equal(result.neighbors.distances, 0.0)


def test_relative_change() -> None:
    old = np.array([[0.0, 3.0], [4.0, 0.0]])
    assert relative_change(old + np.eye(2), old) == pytest.approx(math.sqrt(2.0) / 5.0)
    assert relative_change(old, old) == 0.0
    assert relative_change(np.zeros((2, 2)), np.zeros((2, 2))) == 0.0
    assert relative_change(old, np.zeros((2, 2))) == math.inf


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"k": 0}, "k must be"),
        ({"k": 1.5}, "k must be"),
        ({"max_iter": 0}, "max_iter"),
        ({"tol": -1.0}, "tol"),
        ({"tol": math.nan}, "tol"),
        ({"beta": -1.0}, "beta"),
        ({"alpha": 0.0}, "alpha"),
        ({"m_step": "pooled", "kappa": 0.0}, "kappa"),
        ({"m_step": "best"}, "m_step must be one of pooled, blosum"),
        ({"plan_topk": 0}, "plan_topk"),
        ({"plan_minfrac": 2.0}, "plan_minfrac"),
    ],
)
def test_faulty_parameters_are_named(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fit(**changed)


def test_faulty_data_are_named() -> None:
    negative = VOLUMES.copy()
    negative[3, 2] = -0.1
    with pytest.raises(ValueError, match="row 3, column 2"):
        em_fit(negative, COST)
    with pytest.raises(ValueError, match="row 1"):
        em_fit(VOLUMES, np.where(np.arange(M * M).reshape(M, M) == M, np.nan, COST))
    with pytest.raises(ValueError, match="not symmetric"):
        em_fit(VOLUMES, _HALF)
    with pytest.raises(ValueError, match=r"tree of 7 ingredients .* 6 columns"):
        em_fit(np.ones((2, 6)), TREE)
