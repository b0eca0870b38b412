"""What the neighbor search leaves out is left out rightly, for costs that are no metric, too."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barcart import (
    TreeMetric,
    _kernels,
    emd_matrix,
    emd_neighbors,
    manhattan_neighbors,
    tree_neighbors,
)
from barcart.transport import Supports


def _symmetric_cost(rng: np.random.Generator, m: int, kind: str) -> Any:
    """A cost that obeys no axiom but symmetry; keeping an ingredient may cost something."""
    if kind == "ties":
        cost = rng.integers(0, 3, (m, m)).astype(np.float64)
    elif kind == "wild":
        cost = np.exp(rng.normal(0.0, 6.0, (m, m)))
    else:
        cost = rng.random((m, m))
    return cost + cost.T


def _volumes(rng: np.random.Generator, n: int, m: int) -> Any:
    volumes: Any = rng.integers(1, 5, (n, m)) * (rng.random((n, m)) < 0.4).astype(np.float64)
    volumes[np.arange(n), rng.integers(0, m, n)] += 1.0
    return volumes / volumes.sum(axis=1, keepdims=True)


@settings(deadline=None, max_examples=100)
@given(
    seed=st.integers(0, 2**32 - 1),
    m=st.integers(1, 9),
    kind=st.sampled_from(["random", "ties", "wild"]),
)
def test_a_bound_never_exceeds_the_distance(seed: int, m: int, kind: str) -> None:
    rng = np.random.default_rng(seed)
    volumes, cost = _volumes(rng, 5, m), _symmetric_cost(rng, m, kind)
    supports = Supports.from_volumes(volumes)
    distances = emd_matrix(volumes, cost, n_jobs=1)
    rounding = 1e-12 * cost.max()
    for query in range(5):
        for bounds in _kernels.emd_bounds(query, supports, cost):
            assert (bounds <= distances[query] + rounding).all()


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(2, 20),
    m=st.integers(1, 7),
    k=st.integers(1, 6),
    kind=st.sampled_from(["random", "ties", "wild"]),
)
def test_neighbors_equal_a_sort_of_all_distances(
    seed: int, n: int, m: int, k: int, kind: str
) -> None:
    rng = np.random.default_rng(seed)
    volumes, cost = _volumes(rng, n, m), _symmetric_cost(rng, m, kind)
    found = emd_neighbors(volumes, cost, k, n_jobs=1)
    distances = emd_matrix(volumes, cost, n_jobs=1)
    for row in range(n):
        expected = sorted((distances[row, other], other) for other in range(n) if other != row)[:k]
        assert list(zip(found.distances[row], found.indices[row], strict=True)) == expected


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(1, 20),
    q=st.integers(0, 6),
    m=st.integers(1, 7),
    k=st.integers(1, 6),
    kind=st.sampled_from(["random", "ties", "wild"]),
)
def test_neighbors_of_queries_equal_a_sort(
    seed: int, n: int, q: int, m: int, k: int, kind: str
) -> None:
    rng = np.random.default_rng(seed)
    rows = _volumes(rng, n + q, m)
    known, queries = rows[:n], rows[n:]
    cost = _symmetric_cost(rng, m, kind)
    apart = np.abs(rows[:, np.newaxis] - rows).sum(axis=2)
    for graph, distances in (
        (emd_neighbors(known, cost, k, queries=queries), emd_matrix(rows, cost, n_jobs=1)),
        (manhattan_neighbors(known, k, queries=queries), apart),
    ):
        assert graph.pairs_solved + graph.pairs_pruned == n * q
        for row in range(q):
            expected = np.sort(distances[n + row, :n])[:k]
            np.testing.assert_allclose(graph.distances[row], expected, atol=1e-12 * cost.max())
            found = distances[n + row, graph.indices[row]]
            np.testing.assert_allclose(found, expected, atol=1e-12 * cost.max())
            assert len(set(graph.indices[row].tolist())) == expected.size


def test_neighbors_of_queries_on_a_tree() -> None:
    parents = {"root": (None, 0.0), "a": ("root", 1.0), "b": ("root", 1.0)}
    tree = TreeMetric.from_parent_map(parents, ["a", "b"])
    found = tree_neighbors([[1.0, 0.0], [0.0, 1.0]], tree, 1, queries=[[0.25, 0.75]])
    assert found.indices.tolist() == [[1]]
    assert found.distances.tolist() == [[0.5]]


@pytest.mark.parametrize("search", [emd_neighbors, manhattan_neighbors])
def test_faulty_queries_are_named(search: Any) -> None:
    cost = [1.0 - np.eye(2)] if search is emd_neighbors else []
    with pytest.raises(ValueError, match="rows or queries, not both"):
        search(np.eye(2), *cost, 1, rows=[0], queries=np.eye(2))
    with pytest.raises(ValueError, match="queries has 3 columns but volume_matrix 2"):
        search(np.eye(2), *cost, 1, queries=np.eye(3))


def test_equal_recipes_keep_their_row_order() -> None:
    rng = np.random.default_rng(0)
    distinct = _volumes(rng, 6, 8)
    volumes = np.tile(distinct, (5, 1))  # row r equals rows r + 6, r + 12, ...
    found = emd_neighbors(volumes, 1.0 - np.eye(8), 4)
    unique = np.unique(distinct, axis=0)
    assert len(unique) == 6  # so that nothing but the twins is at distance 0
    expected = [[other for other in range(row % 6, 30, 6) if other != row] for row in range(30)]
    assert found.indices.tolist() == expected
    assert not found.distances.any()


@pytest.mark.parametrize("n_jobs", [2, 3, 7])
def test_threads_change_no_bit(n_jobs: int) -> None:
    rng = np.random.default_rng(1)
    volumes, cost = _volumes(rng, 300, 20), _symmetric_cost(rng, 20, "random")
    alone = emd_neighbors(volumes, cost, 5, n_jobs=1)
    several = emd_neighbors(volumes, cost, 5, n_jobs=n_jobs)
    assert alone.indices.tobytes() == several.indices.tobytes()
    assert alone.distances.tobytes() == several.distances.tobytes()
    assert alone.pairs_solved == several.pairs_solved
