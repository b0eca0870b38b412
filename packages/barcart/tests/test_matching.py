"""The E-step's match counts and the M-step's costs."""

import itertools
import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from barcart.matching import (
    accumulate_matches,
    expected_ingredient_match_matrix,
    filter_plans,
    m_step_blosum,
    neighbor_pair_blocks,
    neighbor_weights,
    symmetrized,
    weighted_pairs,
)
from barcart.neighbors import knn_matrix
from barcart.transport import TransportPlans, emd_matrix, transport_plans

Floats = npt.NDArray[np.float64]


def plans_of(*plans: list[tuple[int, int, float]]) -> TransportPlans:
    flat = [move for plan in plans for move in plan]
    return TransportPlans(
        np.zeros(len(plans)),
        np.cumsum([0] + [len(plan) for plan in plans]),
        np.array([move[0] for move in flat], dtype=np.int32),
        np.array([move[1] for move in flat], dtype=np.int32),
        np.array([move[2] for move in flat], dtype=np.float64),
    )


def moves(plans: TransportPlans) -> list[list[tuple[int, int, float]]]:
    flat = list(zip(plans.source.tolist(), plans.target.tolist(), plans.flow.tolist(), strict=True))
    return [flat[begin:end] for begin, end in itertools.pairwise(plans.indptr.tolist())]


class TestNeighborWeights:
    def test_by_hand(self) -> None:
        weights = neighbor_weights([[1.0, 1.0 + math.log(2.0)], [3.0, 3.0]], beta=1.0)
        np.testing.assert_allclose(weights, [[2 / 3, 1 / 3], [0.5, 0.5]], rtol=1e-15)

    def test_beta_is_an_inverse_temperature(self) -> None:
        distances = [[0.0, 0.5, 2.0]]
        np.testing.assert_allclose(neighbor_weights(distances, 0.0), [[1 / 3] * 3])
        np.testing.assert_allclose(neighbor_weights(distances, 1e6), [[1.0, 0.0, 0.0]])
        two = neighbor_weights(distances, 2.0)[0]
        assert two[1] / two[0] == pytest.approx(math.exp(-1.0))

    def test_far_neighbors_do_not_underflow(self) -> None:
        np.testing.assert_allclose(neighbor_weights([[1e6, 1e6]], 1.0), [[0.5, 0.5]])

    def test_no_neighbors(self) -> None:
        assert neighbor_weights(np.empty((3, 0)), 1.0).shape == (3, 0)
        assert neighbor_weights(np.empty((0, 0)), 1.0).shape == (0, 0)

    @pytest.mark.parametrize("beta", [-1.0, math.nan, math.inf])
    def test_faulty_beta(self, beta: float) -> None:
        with pytest.raises(ValueError, match="beta"):
            neighbor_weights([[1.0]], beta)

    @pytest.mark.parametrize("distance", [-1.0, math.nan, math.inf])
    def test_faulty_distance(self, distance: float) -> None:
        with pytest.raises(ValueError, match="row 1, column 0"):
            neighbor_weights([[1.0], [distance]], 1.0)


class TestWeightedPairs:
    def test_each_unordered_pair_comes_once_with_both_weights(self) -> None:
        indices = np.array([[2, 1], [0, 2], [1, 0]], dtype=np.int32)
        weights = np.array([[0.9, 0.1], [0.8, 0.2], [0.7, 0.3]])
        pairs = weighted_pairs(indices, weights)
        assert pairs.pairs.tolist() == [[0, 1], [0, 2], [1, 2]]
        assert pairs.forward.tolist() == [0.1, 0.9, 0.2]
        assert pairs.backward.tolist() == [0.8, 0.3, 0.7]

    def test_one_sided_neighbors_weigh_nothing_the_other_way(self) -> None:
        pairs = weighted_pairs(np.array([[1], [2], [1]]), np.ones((3, 1)))
        assert pairs.pairs.tolist() == [[0, 1], [1, 2]]
        assert pairs.forward.tolist() == [1.0, 1.0]
        assert pairs.backward.tolist() == [0.0, 1.0]

    def test_no_rows(self) -> None:
        pairs = weighted_pairs(np.empty((0, 0), dtype=np.int32), np.empty((0, 0)))
        assert pairs.pairs.shape == (0, 2)


class TestFilterPlans:
    def test_keeps_the_largest_flows_in_their_order(self) -> None:
        plans = plans_of(
            [(0, 1, 0.1), (0, 2, 0.4), (1, 1, 0.3), (2, 2, 0.2)],
            [],
            [(5, 6, 1.0)],
        )
        assert moves(filter_plans(plans, 3, 0.0)) == [
            [(0, 2, 0.4), (1, 1, 0.3), (2, 2, 0.2)],
            [],
            [(5, 6, 1.0)],
        ]
        assert moves(filter_plans(plans, 1, 0.0)) == [[(0, 2, 0.4)], [], [(5, 6, 1.0)]]

    def test_flows_below_the_fraction_are_dropped(self) -> None:
        plans = plans_of([(0, 1, 0.5), (1, 1, 0.125), (2, 1, 0.12)])
        assert moves(filter_plans(plans, 9, 0.25)) == [[(0, 1, 0.5), (1, 1, 0.125)]]

    def test_among_equal_flows_the_earlier_stay(self) -> None:
        plans = plans_of([(0, 1, 0.25), (1, 1, 0.25), (2, 1, 0.25), (3, 1, 0.25)])
        assert [move[0] for move in moves(filter_plans(plans, 2, 0.05))[0]] == [0, 1]

    @pytest.mark.parametrize(("topk", "minfrac"), [(0, 0.1), (1.5, 0.1), (3, -0.1), (3, 1.1)])
    def test_faulty_parameters(self, topk: Any, minfrac: float) -> None:
        with pytest.raises(ValueError, match="plan_"):
            filter_plans(plans_of([(0, 1, 1.0)]), topk, minfrac)


# Three recipes on a line; 0's and 2's nearest is 1, 1's nearest is 0.
LINE = np.array([[0.0, 1.0, 3.0], [1.0, 0.0, 2.0], [3.0, 2.0, 0.0]])
LINE_PLANS = {
    (0, 1): [(0, 0, 0.6, 0.0), (1, 2, 0.4, 0.4)],
    (0, 2): [(0, 3, 0.6, 1.8), (1, 3, 0.4, 1.2)],
    (1, 2): [(0, 3, 0.6, 1.2), (2, 3, 0.4, 0.8)],
}


class TestMatchMatrix:
    def test_single_neighbors_by_hand(self) -> None:
        matches, n_pairs = expected_ingredient_match_matrix(
            LINE, LINE_PLANS, 4, k=1, symmetrize=False
        )
        expected = np.zeros((4, 4))
        expected[0, 0] = 0.6 + 0.6  # 0 -> 1 and 1 -> 0
        expected[1, 2] = 0.4  # 0 -> 1
        expected[2, 1] = 0.4  # 1 -> 0, the same plan read backwards
        expected[3, 0] = 0.6  # 2 -> 1
        expected[3, 2] = 0.4
        np.testing.assert_allclose(matches, expected, rtol=1e-15)
        assert n_pairs == 3

    def test_symmetrized_by_hand(self) -> None:
        matches, _ = expected_ingredient_match_matrix(LINE, LINE_PLANS, 4, k=1)
        expected = np.zeros((4, 4))
        expected[0, 0] = 1.2
        expected[1, 2] = expected[2, 1] = 0.4
        expected[0, 3] = expected[3, 0] = 0.3
        expected[2, 3] = expected[3, 2] = 0.2
        np.testing.assert_allclose(matches, expected, rtol=1e-15)
        np.testing.assert_array_equal(matches, matches.T)

    def test_weights_and_filters_by_hand(self) -> None:
        near, far = 1 / (1 + math.exp(-2.0)), 1 / (1 + math.exp(2.0))
        matches, n_pairs = expected_ingredient_match_matrix(
            LINE, LINE_PLANS, 4, k=2, beta=1.0, plan_topk=1, symmetrize=False
        )
        middle_near, middle_far = 1 / (1 + math.exp(-1.0)), 1 / (1 + math.exp(1.0))
        expected = np.zeros((4, 4))
        expected[0, 0] = 0.6 * (near + middle_near)  # 0 -> 1, 1 -> 0
        # 0 -> 2 is at 3, two beyond its nearest; 1 -> 2 one beyond.
        expected[0, 3] = 0.6 * (far + middle_far)
        last_near, last_far = middle_near, middle_far  # 2's neighbors lie at 2 and 3
        expected[3, 0] = 0.6 * (last_near + last_far)
        np.testing.assert_allclose(matches, expected, rtol=1e-14)
        assert n_pairs == 6

    @pytest.mark.parametrize("n", [0, 1])
    def test_too_few_recipes_match_nothing(self, n: int) -> None:
        matches, n_pairs = expected_ingredient_match_matrix(np.zeros((n, n)), {}, 2)
        np.testing.assert_array_equal(matches, np.zeros((2, 2)))
        assert matches.dtype == np.float64
        assert n_pairs == 0

    def test_a_missing_plan_is_named(self) -> None:
        with pytest.raises(ValueError, match=r"\(0, 1\)"):
            expected_ingredient_match_matrix(LINE, {(1, 2): LINE_PLANS[1, 2]}, 4, k=1)

    def test_an_unknown_ingredient_is_named(self) -> None:
        with pytest.raises(ValueError, match=r"recipes \(1, 2\) has target 3"):
            expected_ingredient_match_matrix(LINE, LINE_PLANS, 3, k=1)

    @pytest.mark.parametrize("symmetrize", [True, False])
    def test_dense_and_graph_forms_agree(self, symmetrize: bool) -> None:
        rng = np.random.default_rng(5)
        volumes = rng.dirichlet(np.ones(6), size=14)
        cost = rng.random((6, 6))
        cost = cost + cost.T
        distances, plans = emd_matrix(volumes, cost, return_plans=True)
        dense, dense_pairs = expected_ingredient_match_matrix(
            distances, plans, 6, k=4, beta=0.7, symmetrize=symmetrize
        )
        indices, nearest = knn_matrix(distances, 4)
        todo = weighted_pairs(indices, neighbor_weights(nearest, 0.7))
        kept = filter_plans(transport_plans(volumes, cost, todo.pairs), 3, 0.05)
        sparse = accumulate_matches(kept, todo.forward, todo.backward, 6)
        if symmetrize:
            sparse = symmetrized(sparse)
        np.testing.assert_allclose(sparse, dense, rtol=1e-12, atol=1e-15)
        assert dense_pairs == 14 * 4


def log_odds_by_loops(counts: Floats, alpha: float, target: float, eps: float) -> Floats:
    """The M-step, written down entry by entry."""
    m = len(counts)
    total = sum(counts[i][j] for i in range(m) for j in range(m))
    cost = np.empty((m, m))
    for i in range(m):
        for j in range(m):
            row = sum(counts[i][b] for b in range(m)) + alpha * m
            column = sum(counts[a][j] for a in range(m)) + alpha * m
            expected = row * column / (total + alpha * m * m)
            cost[i][j] = -math.log((counts[i][j] + alpha) / (expected + eps))
    least = min(cost[i][j] for i in range(m) for j in range(m))
    off_diagonal = sorted(cost[i][j] - least for i in range(m) for j in range(m) if i != j)
    middle = len(off_diagonal) // 2  # m (m - 1) is even
    median = (off_diagonal[middle - 1] + off_diagonal[middle]) / 2
    for i in range(m):
        for j in range(m):
            cost[i][j] = 0.0 if i == j else (cost[i][j] - least) * target / median
    return cost


class TestMStep:
    def test_by_hand(self) -> None:
        # Rows and columns sum to 3, 3 and 0. With alpha = 1, m = 3: smoothed sums 6, 6, 3 of 15;
        # expected E00 = E01 = 36/15, E02 = 18/15, E22 = 9/15.
        counts = [[2.0, 1.0, 0.0], [1.0, 2.0, 0.0], [0.0, 0.0, 0.0]]
        cost = m_step_blosum(counts, eps=0.0)
        diagonal, near, far = -math.log(3 / 2.4), -math.log(2 / 2.4), -math.log(1 / 1.2)
        lonely = -math.log(1 / 0.6)
        least = min(diagonal, near, far, lonely)
        assert least == lonely  # the minimum may sit on the diagonal
        # near and far are equal here, so both become the median.
        assert near == pytest.approx(far)
        np.testing.assert_allclose(cost, np.ones((3, 3)) - np.eye(3), rtol=1e-14)

    def test_asymmetric_counts_use_their_own_margins(self) -> None:
        rng = np.random.default_rng(2)
        counts = rng.random((5, 5)) * 10
        np.testing.assert_allclose(
            m_step_blosum(counts, alpha=0.3, median_target=2.0, eps=1e-6),
            log_odds_by_loops(counts, 0.3, 2.0, 1e-6),
            rtol=1e-11,
        )

    def test_symmetric_counts_give_bitwise_symmetric_costs(self) -> None:
        counts = np.random.default_rng(3).random((40, 40))
        counts = counts + counts.T
        cost = m_step_blosum(counts)
        np.testing.assert_array_equal(cost, cost.T)
        np.testing.assert_allclose(cost, log_odds_by_loops(counts, 1.0, 1.0, 1e-12), rtol=1e-10)

    def test_shape_of_the_result(self) -> None:
        counts = np.random.default_rng(4).random((7, 7)) * 3
        cost = m_step_blosum(counts + counts.T)
        assert (cost >= 0.0).all()
        np.testing.assert_array_equal(np.diag(cost), 0.0)
        assert np.median(cost[~np.eye(7, dtype=bool)]) == pytest.approx(1.0, rel=1e-14)

    def test_matched_more_than_expected_is_nearer(self) -> None:
        counts = np.ones((4, 4))
        counts[0, 1] = counts[1, 0] = 5.0
        cost = m_step_blosum(counts)
        assert cost[0, 1] < cost[0, 2]
        assert cost[0, 1] < cost[2, 3]

    def test_without_evidence_there_is_no_scale(self) -> None:
        np.testing.assert_array_equal(m_step_blosum(np.zeros((3, 3))), np.zeros((3, 3)))
        np.testing.assert_array_equal(m_step_blosum([[4.0]]), [[0.0]])
        assert m_step_blosum(np.zeros((0, 0))).shape == (0, 0)

    def test_the_counts_are_left_alone(self) -> None:
        counts = np.ones((2, 2))
        m_step_blosum(counts)
        np.testing.assert_array_equal(counts, np.ones((2, 2)))

    @pytest.mark.parametrize("count", [-1.0, math.nan, math.inf])
    def test_faulty_counts_are_named(self, count: float) -> None:
        with pytest.raises(ValueError, match="T row 1, column 0"):
            m_step_blosum([[1.0, 1.0], [count, 1.0]])

    def test_the_counts_must_be_square(self) -> None:
        with pytest.raises(ValueError, match="square"):
            m_step_blosum(np.ones((2, 3)))

    @pytest.mark.parametrize(
        ("name", "value"), [("alpha", 0.0), ("median_target", 0.0), ("eps", -1.0)]
    )
    def test_faulty_parameters_are_named(self, name: str, value: float) -> None:
        parameters: dict[str, Any] = {name: value}
        with pytest.raises(ValueError, match=name):
            m_step_blosum(np.ones((2, 2)), **parameters)


@pytest.mark.parametrize("rows", [1, 4, 100])
def test_pair_blocks_equal_the_whole(rows: int) -> None:
    random = np.random.default_rng(rows)
    indices = np.array([random.choice(np.delete(np.arange(30), row), 5, replace=False)
                        for row in range(30)])  # fmt: skip
    whole = weighted_pairs(indices, np.ones(indices.shape)).pairs
    blocks = list(neighbor_pair_blocks(indices, rows))
    assert len(blocks) == -(-30 // rows)
    np.testing.assert_array_equal(np.concatenate(blocks), whole)
