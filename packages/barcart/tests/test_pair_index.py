"""A search through the index on pairs finds what a search of all rows finds, to the bit."""

from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from barcart import NeighborGraph, emd_neighbors
from barcart.pair_index import (
    LONGEST_ROW,
    SUBSTITUTES,
    PairIndex,
    cheapest_substitutes,
    similarity_order,
)
from barcart.transport import Supports

pytestmark = pytest.mark.model

KINDS = ["metric", "random", "ties", "levels", "wild", "zero"]


def cost_matrix(rng: np.random.Generator, m: int, kind: str) -> Any:
    """Symmetric costs: a metric, none, ties, plateaus, huge differences, no costs at all."""
    if kind == "metric":
        points = rng.normal(size=(m, 3))
        return np.linalg.norm(points[:, np.newaxis] - points, axis=2)
    if kind == "levels":  # as pooled costs are: half to one, most at the level of a branch
        branch = rng.integers(0, 4, m)
        cost = np.where(branch[:, np.newaxis] == branch, 0.6, 0.9)
    else:
        cost = {
            "random": rng.random((m, m)),
            "ties": rng.integers(0, 3, (m, m)).astype(np.float64),
            "wild": np.exp(rng.normal(0.0, 6.0, (m, m))),
            "zero": np.zeros((m, m)),
        }[kind]
        cost = cost + cost.T
    if kind != "ties":  # where keeping an ingredient may cost something
        np.fill_diagonal(cost, 0.0)
    return cost


def recipes(rng: np.random.Generator, n: int, m: int, density: float) -> Any:
    volumes: Any = rng.integers(1, 5, (n, m)) * (rng.random((n, m)) < density).astype(np.float64)
    volumes[np.arange(n), (m * rng.random(n) ** 2).astype(int)] += 1.0  # some are popular
    return volumes / volumes.sum(axis=1, keepdims=True)


def random_seeds(rng: np.random.Generator, n: int, k: int) -> Any:
    others = np.array([[other for other in range(n) if other != row] for row in range(n)])
    return np.take_along_axis(others, rng.random((n, n - 1)).argsort(axis=1)[:, :k], axis=1)


def search(volumes: Any, cost: Any, k: int, *, indexed: bool, **options: Any) -> NeighborGraph:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("barcart.neighbors.MIN_INDEXED_ROWS", 0 if indexed else len(volumes) + 1)
        return emd_neighbors(volumes, cost, k, n_jobs=1, **options)


def same_bits(one: NeighborGraph, other: NeighborGraph) -> bool:
    return (
        one.indices.tobytes() == other.indices.tobytes()
        and one.distances.tobytes() == other.distances.tobytes()
    )


@settings(deadline=None, max_examples=150)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(2, 60),
    m=st.integers(1, 30),
    k=st.integers(1, 8),
    density=st.sampled_from([0.0, 0.08, 0.3, 0.9]),
    kind=st.sampled_from(KINDS),
)
def test_index_changes_no_bit(seed: int, n: int, m: int, k: int, density: float, kind: str) -> None:
    rng = np.random.default_rng(seed)
    volumes, cost = recipes(rng, n, m, density), cost_matrix(rng, m, kind)
    expected = search(volumes, cost, k, indexed=False)
    k = min(k, n - 1)
    assert same_bits(search(volumes, cost, k, indexed=True), expected)
    for seeds in (expected.indices[:, ::-1], random_seeds(rng, n, k)):
        assert same_bits(search(volumes, cost, k, indexed=True, seeds=seeds), expected)


@pytest.mark.parametrize("kind", ["levels", "zero", "random"])
def test_more_substitutes_than_known_change_no_bit(kind: str) -> None:
    """Costs all alike: an ingredient has more cheap substitutes than the index knows."""
    rng = np.random.default_rng(2)
    m = 2 * SUBSTITUTES
    volumes, cost = recipes(rng, 300, m, 0.012), cost_matrix(rng, m, kind)
    assert cheapest_substitutes(cost).shape == (m, SUBSTITUTES)
    expected = search(volumes, cost, 4, indexed=False)
    assert same_bits(search(volumes, cost, 4, indexed=True), expected)
    seeds = expected.indices[:, ::-1]
    assert same_bits(search(volumes, cost, 4, indexed=True, seeds=seeds), expected)


def test_memory_is_that_of_the_pairs() -> None:
    """However many ingredients there are."""
    rng = np.random.default_rng(3)
    for m in (50, 5000):
        columns = np.array([rng.choice(m, 6, replace=False) for _ in range(1000)])
        volumes = np.zeros((1000, m))
        np.put_along_axis(volumes, columns, 1.0 / 6.0, axis=1)
        index = PairIndex.build(Supports.from_volumes(volumes), m)
        arrays = (index.start, index.rows, index.pairs, index.pair_start, index.pair_rows)
        # 15 pairs a recipe: a posting of 16 bytes, and up to four slots of 16.
        assert sum(array.nbytes for array in arrays) <= 1000 * 15 * 80 + 1000 * 6 * 16 + 8 * m + 64


def test_many_steps_of_one_ulp_lose_nothing() -> None:
    """What is left out must stay within the slack, however many substitutes were stepped over."""
    ulp = 2.0**-52
    m = SUBSTITUTES + 3
    cost = np.ones((m, m))
    cost[0, 2:] = cost[2:, 0] = 1.0 + ulp * np.arange(1, m - 1)
    volumes = np.zeros((1000, m))
    volumes[0, :2] = 0.51, 0.49  # 0.51 ulp a step, which rounds to an ulp
    volumes[1, 122] = volumes[2, 112] = volumes[3:, -1] = 1.0
    found = search(volumes, cost, 1, indexed=True, rows=[0], seeds=np.array([[1]]))
    assert found.indices.tolist() == [[2]]


@pytest.mark.parametrize("kind", ["metric", "levels"])
def test_index_is_exact_among_many_rows(kind: str) -> None:
    rng = np.random.default_rng(0)
    volumes, cost = recipes(rng, 3000, 60, 0.06), cost_matrix(rng, 60, kind)
    expected = search(volumes, cost, 5, indexed=False)
    assert same_bits(search(volumes, cost, 5, indexed=True), expected)
    found = search(volumes, cost, 5, indexed=True, seeds=expected.indices)
    assert same_bits(found, expected)
    assert found.pairs_solved < expected.pairs_solved
    seeds = expected.indices[[7, 4]]
    part = search(volumes, cost, 5, indexed=True, rows=[7, 4], seeds=seeds)
    assert part.indices.tobytes() == seeds.tobytes()


def test_index_lists_every_pair_of_each_row() -> None:
    rng = np.random.default_rng(1)
    volumes = recipes(rng, 200, 40, 0.2)
    rows = Supports.from_volumes(volumes)
    index = PairIndex.build(rows, 40)
    lengths = np.diff(rows.indptr)
    assert index.long_rows.tolist() == np.flatnonzero(lengths > LONGEST_ROW).tolist()
    assert index.long_rows.size > 0
    held = {(int(a), int(b)) for a, b in zip(*np.nonzero(volumes), strict=True)}
    for ingredient in range(40):
        listed = index.rows["row"][index.start[ingredient] : index.start[ingredient + 1]]
        assert listed.tolist() == [row for row in range(200) if (row, ingredient) in held]
    found = {}
    for slot in np.flatnonzero(index.pairs):
        low, high = divmod(int(index.pairs[slot]) - 1, 2**32)
        found[low, high] = index.pair_rows["row"][
            index.pair_start[slot] : index.pair_start[slot + 1]
        ]
    for a in range(40):
        for b in range(a + 1, 40):
            both = [
                row
                for row in range(200)
                if {(row, a), (row, b)} <= held and lengths[row] <= LONGEST_ROW
            ]
            assert found.get((a, b), np.empty(0)).tolist() == both


def test_substitutes_are_the_cheapest_in_order() -> None:
    cost = cost_matrix(np.random.default_rng(2), 2 * SUBSTITUTES, "random")
    substitutes = cheapest_substitutes(cost)
    expected = np.sort(cost, axis=1)[:, :SUBSTITUTES]
    np.testing.assert_array_equal(np.take_along_axis(cost, substitutes, axis=1), expected)


@pytest.mark.parametrize(
    "seeds",
    [
        [[1], [0], [3]],  # outside
        [[1], [1], [0]],  # itself
        [[1, 2], [0, 0], [0, 1]],  # twice the same
        [[1], [0]],  # too few
        [[1.0, 1.5], [0.0, 2.0], [0.0, 1.0]],  # no row numbers
    ],
)
def test_faulty_seeds_are_named(seeds: Any) -> None:
    k = len(seeds[0])
    with pytest.raises(ValueError, match="seeds"):
        emd_neighbors(np.eye(3), 1.0 - np.eye(3), k, seeds=np.array(seeds))


def test_similar_queries_follow_each_other() -> None:
    shares = np.array([[1, 3, 0], [3, 1, 0], [1, 3, 0], [0, 0, 4], [3, 0, 1]], dtype=float)
    rows = Supports.from_volumes(sp.csr_array(shares))
    queries = np.array([4, 3, 2, 1, 0])
    ordered = queries[similarity_order(rows, queries)]
    # By the heaviest ingredient, then the next one; a row without a next one comes first.
    assert ordered.tolist() == [1, 4, 2, 0, 3]
