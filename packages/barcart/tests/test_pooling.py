"""The pooled M-step against a reference by loops, and what its costs promise."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barcart import TreeMetric, m_step_pooled
from barcart.pooling import tree_levels
from barcart.transport import is_metric

Floats = npt.NDArray[np.float64]


def tree_of(parents: list[int], nodes: list[int]) -> TreeMetric:
    """Return a tree of edges of length 1; ``parents`` are those of nodes 1, 2, ..."""
    return TreeMetric(
        np.array([-1, *parents]), np.array([0.0] + [1.0] * len(parents)), np.array(nodes)
    )


def random_tree(random: np.random.Generator, m: int) -> TreeMetric:
    """Return a tree in which ingredients are inner nodes, leaves, or share a node."""
    size = int(random.integers(1, 2 * m + 1))
    parents = [int(random.integers(0, node)) for node in range(1, size)]
    return tree_of(parents, random.integers(0, size, m).tolist())


def ways_down(tree: TreeMetric | None, m: int) -> list[list[object]]:
    """Return the nodes from below the root to each ingredient, the ingredient itself last."""
    ways: list[list[object]] = []
    for ingredient in range(m):
        way: list[object] = [("itself", ingredient)]
        node = int(tree.node_of_ingredient[ingredient]) if tree is not None else 0
        while node > 0:
            assert tree is not None
            way.insert(0, node)
            node = int(tree.parent[node])
        ways.append(way)
    return ways


def reference_costs(counts: Floats, tree: TreeMetric | None, kappa: float) -> Floats:
    """Pool level by level, pair by pair."""
    m = len(counts)
    counts = (counts + counts.T) / 2
    ways = ways_down(tree, m)
    cost = np.zeros((m, m))
    for i in range(m):
        for j in range(m):
            above = [set(range(m)), set(range(m))]
            ratio = 1.0
            for level in range(max(len(ways[i]), len(ways[j]))):
                groups = []
                for ingredient in (i, j):
                    label = ways[ingredient][: level + 1]
                    groups.append({x for x in range(m) if ways[x][: level + 1] == label})
                if groups != above and counts.sum() > 0:
                    matched = sum(counts[a, b] for a in groups[0] for b in groups[1])
                    margins = [sum(counts[a].sum() for a in group) for group in groups]
                    expected = margins[0] * margins[1] / counts.sum()
                    ratio = (matched + kappa * ratio) / (expected + kappa)
                above = groups
            if i != j:
                cost[i, j] = 0.5 + 0.5 * min(1.0, ratio**-2)
    return cost


@settings(deadline=None)
@given(seed=st.integers(0, 2**32 - 1), m=st.integers(1, 7), flat=st.booleans())
def test_costs_equal_reference(seed: int, m: int, flat: bool) -> None:
    random = np.random.default_rng(seed)
    counts = random.exponential(3.0, (m, m)) * (random.random((m, m)) < 0.6)
    tree = None if flat else random_tree(random, m)
    kappa = float(random.uniform(0.1, 20.0))
    found = m_step_pooled(counts, tree, kappa)
    np.testing.assert_allclose(found, reference_costs(counts, tree, kappa), rtol=1e-9)


@settings(deadline=None)
@given(seed=st.integers(0, 2**32 - 1), m=st.integers(1, 12), scale=st.floats(1e-9, 1e9))
def test_costs_are_a_bounded_metric(seed: int, m: int, scale: float) -> None:
    random = np.random.default_rng(seed)
    counts = scale * random.exponential(1.0, (m, m)) ** 4
    cost = m_step_pooled(counts, random_tree(random, m), kappa=0.1)
    np.testing.assert_array_equal(cost, cost.T)
    np.testing.assert_array_equal(np.diag(cost), 0.0)
    others = cost[~np.eye(m, dtype=bool)]
    assert ((others >= 0.5) & (others <= 1.0)).all()
    assert is_metric(cost)


def test_rare_ingredients_inherit_from_their_kind() -> None:
    # Gin and vodka are exchanged often, and so are their kinds; nobody uses the two rare bottles.
    gin, vodka, rare_gin, rare_vodka, cream = range(5)
    tree = tree_of([0, 0, 1, 1, 2, 2, 0], [3, 5, 4, 6, 7])
    counts = np.zeros((5, 5))
    counts[gin, vodka] = counts[vodka, gin] = 60.0
    np.fill_diagonal(counts, [40.0, 40.0, 0.0, 0.0, 100.0])
    cost = m_step_pooled(counts, tree)
    assert cost[gin, vodka] < cost[rare_gin, rare_vodka] < 1.0
    assert cost[rare_gin, cream] == 1.0


def test_siblings_become_near() -> None:
    gin, other_gin, bourbon, other_bourbon = range(4)
    tree = tree_of([0, 0, 1, 1, 2, 2], [3, 4, 5, 6])
    counts = np.diag([100.0, 0.0, 100.0, 0.0])
    cost = m_step_pooled(counts, tree)
    assert cost[gin, other_gin] == cost[bourbon, other_bourbon] < 1.0
    assert cost[gin, bourbon] == 1.0


def test_no_evidence_leaves_all_alike() -> None:
    np.testing.assert_array_equal(m_step_pooled(np.zeros((3, 3))), 1.0 - np.eye(3))
    assert m_step_pooled(np.zeros((0, 0))).shape == (0, 0)
    np.testing.assert_array_equal(m_step_pooled([[4.0]]), [[0.0]])


def test_levels_separate_every_ingredient() -> None:
    # A kind that is an ingredient itself is in the group of its bottles first.
    tree = tree_of([0, 1, 1, 0], [1, 2, 3, 4])
    first, second, *rest = tree_levels(tree, 4)
    assert not rest
    assert first[0] == first[1] == first[2] != first[3]
    assert len(set(second.tolist())) == 4


@pytest.mark.parametrize("kappa", [0.0, -1.0, np.nan, np.inf])
def test_invalid_kappa_is_refused(kappa: float) -> None:
    with pytest.raises(ValueError, match="kappa"):
        m_step_pooled(np.ones((2, 2)), kappa=kappa)


@pytest.mark.parametrize("count", [-1.0, np.nan, np.inf])
def test_invalid_counts_are_named(count: float) -> None:
    with pytest.raises(ValueError, match="T row 1, column 0"):
        m_step_pooled([[1.0, 1.0], [count, 1.0]])


def test_foreign_tree_is_refused() -> None:
    with pytest.raises(ValueError, match="tree has 4 ingredients"):
        m_step_pooled(np.ones((3, 3)), tree_of([0, 0, 0, 0], [1, 2, 3, 4]))
