"""The EMD kernel and the neighbor search against POT, a linear program and brute force."""

import tracemalloc
import warnings
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from barcart import TreeMetric, emd_neighbors, knn_matrix, manhattan_neighbors, tree_neighbors
from barcart.distance import compute_emd, emd_matrix, transport_plans
from barcart.transport import is_metric

pytestmark = pytest.mark.model

with warnings.catch_warnings():
    # POT's sources hold escapes that Python warns of when it compiles them.
    warnings.simplefilter("ignore")
    import ot


def _linear_program(a: Any, b: Any, cost: Any) -> float:
    n, m = cost.shape
    rows = np.kron(np.eye(n), np.ones(m))
    columns = np.kron(np.ones(n), np.eye(m))
    solved = linprog(
        cost.ravel(), A_eq=np.vstack([rows, columns]), b_eq=np.concatenate([a, b]), method="highs"
    )
    assert solved.fun is not None
    return float(solved.fun)


def _distribution(rng: np.random.Generator, m: int, support: int, whole: bool) -> Any:
    values = np.zeros(m)
    chosen = rng.choice(m, size=support, replace=False)
    # Whole parts make degenerate problems: partial sums of the two sides coincide.
    values[chosen] = rng.integers(1, 4, support) if whole else rng.random(support) + 0.01
    return values / values.sum()


def _cost(rng: np.random.Generator, m: int, kind: str) -> Any:
    if kind == "ties":
        cost = rng.integers(0, 3, (m, m)).astype(float)
    elif kind == "wild":
        cost = np.exp(rng.normal(0, 6, (m, m)))
    else:
        cost = rng.random((m, m))
    cost = (cost + cost.T) / 2
    np.fill_diagonal(cost, 0.0)
    return cost


@pytest.mark.parametrize("kind", ["random", "ties", "wild"])
@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("support", [(1, 1), (1, 7), (7, 1), (2, 9), (5, 5), (12, 8), (60, 45)])
def test_equals_pot(kind: str, whole: bool, support: tuple[int, int]) -> None:
    rng = np.random.default_rng([*support, whole])
    for _ in range(15 if max(support) < 20 else 2):
        m = max(support) + 5
        cost = _cost(rng, m, kind)
        a, b = (_distribution(rng, m, size, whole) for size in support)
        expected = ot.emd2(a, b, cost)
        distance, plan = compute_emd(a, b, cost, return_plan=True)
        assert distance == pytest.approx(expected, abs=1e-9 * max(1.0, cost.max()))
        moved = np.zeros((m, m))
        for source, target, flow, priced in plan:
            assert flow > 0
            assert priced == pytest.approx(flow * cost[source, target])
            moved[source, target] += flow
        np.testing.assert_allclose(moved.sum(axis=1), a, atol=1e-12)
        np.testing.assert_allclose(moved.sum(axis=0), b, atol=1e-12)
        assert (moved * cost).sum() == pytest.approx(distance, abs=1e-9 * max(1.0, cost.max()))


@pytest.mark.parametrize("support", [(300, 250), (1, 400), (400, 1), (200, 200)])
@pytest.mark.parametrize("whole", [True, False])
def test_hundreds_of_ingredients_are_no_problem(support: tuple[int, int], whole: bool) -> None:
    rng = np.random.default_rng([*support, whole])
    m = max(support) + 50
    cost = _cost(rng, m, "ties" if whole else "random")
    a, b = (_distribution(rng, m, size, whole) for size in support)
    assert compute_emd(a, b, cost) == pytest.approx(ot.emd2(a, b, cost), abs=1e-9)


@settings(deadline=None, max_examples=80)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 6), m=st.integers(1, 6))
def test_equals_a_linear_program(seed: int, n: int, m: int) -> None:
    rng = np.random.default_rng(seed)
    size = n + m
    cost = _cost(rng, size, rng.choice(["random", "ties"]))
    a = _distribution(rng, size, n, bool(rng.integers(2)))
    b = _distribution(rng, size, m, bool(rng.integers(2)))
    support = np.ix_(a > 0, b > 0)
    expected = _linear_program(a[a > 0], b[b > 0], cost[support])
    assert compute_emd(a, b, cost) == pytest.approx(expected, abs=1e-9)


def test_shared_mass_stays_only_under_a_metric() -> None:
    # 0 -> 2 costs 10 directly, 2 over 1. Keeping the shared mass at 1 forbids the detour.
    cost = np.array([[0.0, 1.0, 10.0], [1.0, 0.0, 1.0], [10.0, 1.0, 0.0]])
    a, b = np.array([0.5, 0.5, 0.0]), np.array([0.0, 0.5, 0.5])
    assert not is_metric(cost)
    assert compute_emd(a, b, cost) == pytest.approx(1.0)
    assert compute_emd(a, b, cost, metric=True) == pytest.approx(5.0)


def test_the_matrix_holds_every_pair() -> None:
    rng = np.random.default_rng(5)
    volumes = np.array([_distribution(rng, 9, 4, True) for _ in range(8)])
    cost = _cost(rng, 9, "random")
    distances, plans = emd_matrix(volumes, cost, return_plans=True)
    for i in range(8):
        assert distances[i, i] == 0
        for j in range(i + 1, 8):
            expected = ot.emd2(volumes[i], volumes[j], cost)
            assert distances[i, j] == distances[j, i] == pytest.approx(expected, abs=1e-9)
            assert sum(priced for *_, priced in plans[i, j]) == pytest.approx(expected, abs=1e-9)


def _recipes(rng: np.random.Generator, n: int, m: int) -> Any:
    rows = [_distribution(rng, m, int(rng.integers(1, min(6, m))), True) for _ in range(n)]
    return sp.csr_array(np.array(rows))


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(2, 25),
    m=st.integers(2, 9),
    k=st.integers(1, 12),
    kind=st.sampled_from(["random", "ties", "wild"]),
)
def test_neighbors_equal_brute_force(seed: int, n: int, m: int, k: int, kind: str) -> None:
    rng = np.random.default_rng(seed)
    volumes, cost = _recipes(rng, n, m), _cost(rng, m, kind)
    graph = emd_neighbors(volumes, cost, k)
    indices, distances = knn_matrix(emd_matrix(volumes, cost, metric=False), k)
    np.testing.assert_array_equal(graph.indices, indices)
    np.testing.assert_array_equal(graph.distances, distances)
    assert graph.pairs_solved + graph.pairs_pruned == n * (n - 1)


def test_bounds_prune_most_pairs_of_many_recipes() -> None:
    rng = np.random.default_rng(1)
    volumes, cost = _recipes(rng, 300, 60), _cost(rng, 60, "random")
    graph = emd_neighbors(volumes, cost, 5)
    assert graph.pairs_pruned > graph.pairs_solved


def test_no_matrix_of_all_pairs_is_made() -> None:
    rng = np.random.default_rng(4)
    n, k = 3000, 5
    volumes, cost = _recipes(rng, n, 40), _cost(rng, 40, "random")
    emd_neighbors(volumes[:20], cost, k)  # what is imported late isn't measured
    tracemalloc.start()
    try:
        emd_neighbors(volumes, cost, k, n_jobs=2)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < n * n * 8 / 20  # 72 MB would be the matrix; what is needed is below 2 MB


@pytest.mark.parametrize("rows", [np.array([7, 3]), slice(5, None, 3), slice(None, None, -1)])
def test_rows_can_be_asked_for_alone(rows: slice | np.ndarray) -> None:
    rng = np.random.default_rng(2)
    volumes, cost = _recipes(rng, 40, 12), _cost(rng, 12, "ties")
    whole = emd_neighbors(volumes, cost, 4)
    part = emd_neighbors(volumes, cost, 4, rows=rows)
    np.testing.assert_array_equal(part.indices, whole.indices[rows])
    np.testing.assert_array_equal(part.distances, whole.distances[rows])


def _tree(rng: np.random.Generator, m: int) -> TreeMetric:
    parents: dict[str, tuple[str | None, float]] = {"root": (None, 0.0)}
    for node in range(m):
        parent = "root" if node == 0 or rng.random() < 0.3 else str(rng.integers(node))
        parents[str(node)] = (parent, float(rng.integers(1, 4)))
    return TreeMetric.from_parent_map(parents, [str(node) for node in range(m)])


@settings(deadline=None, max_examples=50)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(2, 14), m=st.integers(1, 10))
def test_the_closed_form_of_a_tree_equals_pot(seed: int, n: int, m: int) -> None:
    rng = np.random.default_rng(seed)
    tree = _tree(rng, m)
    volumes = sp.csr_array(
        np.array([_distribution(rng, m, int(rng.integers(1, m + 1)), False) for _ in range(n)])
    )
    cost = tree.cost_matrix()
    pairs = np.array([(i, j) for i in range(n) for j in range(i + 1, n)])
    dense = volumes.toarray()
    expected = [ot.emd2(dense[i], dense[j], cost) for i, j in pairs]
    points = tree.embed(volumes).toarray()
    closed_form = np.abs(points[pairs[:, 0]] - points[pairs[:, 1]]).sum(axis=1)
    np.testing.assert_allclose(closed_form, expected, atol=1e-9)
    np.testing.assert_allclose(
        transport_plans(volumes, cost, pairs, metric=True).distances, expected, atol=1e-9
    )
    found = tree_neighbors(volumes, tree, 3)
    nearest = np.sort(emd_matrix(volumes, cost) + np.diag(np.full(n, np.inf)), axis=1)
    np.testing.assert_allclose(found.distances, nearest[:, : min(3, n - 1)], atol=1e-9)


@settings(deadline=None, max_examples=50)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(2, 30), k=st.integers(1, 6))
def test_manhattan_neighbors_equal_brute_force(seed: int, n: int, k: int) -> None:
    rng = np.random.default_rng(seed)
    volumes = _recipes(rng, n, 7)
    dense = volumes.toarray()
    distances = np.abs(dense[:, None] - dense[None]).sum(axis=2)
    np.fill_diagonal(distances, np.inf)
    found = manhattan_neighbors(volumes, k)
    expected = np.sort(distances, axis=1)[:, : min(k, n - 1)]
    np.testing.assert_allclose(found.distances, expected, atol=1e-12)
    rows = np.arange(n)[:, None]
    np.testing.assert_allclose(distances[rows, found.indices], found.distances, atol=1e-12)


def test_ties_go_by_index() -> None:
    distances = np.array([[0.0, 1, 1, 0], [1, 0, 1, 1], [1, 1, 0, 1], [0, 1, 1, 0]])
    indices, nearest = knn_matrix(distances, 2)
    assert indices.tolist() == [[3, 1], [0, 2], [0, 1], [0, 1]]
    assert nearest.tolist() == [[0, 1], [1, 1], [1, 1], [0, 1]]


GOOD = np.array([[0.5, 0.5], [1.0, 0.0]])
COST = np.array([[0.0, 1.0], [1.0, 0.0]])


@pytest.mark.parametrize(
    ("volumes", "cost", "said"),
    [
        (np.array([[0.5, 0.5], [-1.0, 2.0]]), COST, "row 1"),
        (np.array([[0.5, 0.5], [np.nan, 1.0]]), COST, "row 1"),
        (np.array([[0.5, 0.5], [0.0, 0.0]]), COST, "row 1"),
        (GOOD, np.array([[0.0, -1.0], [-1.0, 0.0]]), "row 0"),
        (GOOD, np.array([[0.0, np.nan], [np.nan, 0.0]]), "row 0"),
        (GOOD, np.zeros((3, 3)), "3"),
        (GOOD, np.zeros((2, 3)), "square"),
    ],
)
def test_faulty_input_is_named(volumes: Any, cost: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        emd_neighbors(volumes, cost, 1)
    with pytest.raises(ValueError, match=said):
        emd_matrix(volumes, cost)


@pytest.mark.parametrize(
    ("a", "b", "cost", "said"),
    [
        ([0.5, -0.5], [0.5, 0.5], COST, "a entry 1: mass -0.5"),
        ([0.5, 0.5], [np.nan, 0.5], COST, "b entry 0: mass nan"),
        ([0.0, 0.0], [0.5, 0.5], COST, "a has no mass"),
        ([0.5, 0.5], [1.0], COST, "b has 1 entries"),
        ([0.5, 0.5], [0.5, 0.6], COST, "total mass 1.0 but b has 1.1"),
        ([0.5, 0.5], [0.5, 0.5], np.array([[0.0, np.inf], [1.0, 0.0]]), "row 0"),
    ],
)
def test_one_faulty_distribution_is_named(a: Any, b: Any, cost: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        compute_emd(np.array(a), np.array(b), cost)
