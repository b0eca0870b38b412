"""Exchanges between near variants: what counts, how much, and how sure it is."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from barcart import TreeMetric, emd_neighbors, exchanges
from barcart.exchanges import ExchangeEvidence, exchange_evidence

# Columns: gin, vodka, rum, lime, tonic, cream.
GIN, VODKA, RUM, LIME, TONIC, CREAM = range(6)
DISCRETE = 1.0 - np.eye(6)


def drinks(*rows: dict[int, float]) -> npt.NDArray[np.float64]:
    """Return recipes with the given shares."""
    matrix = np.zeros((len(rows), 6))
    for row, shares in enumerate(rows):
        for column, share in shares.items():
            matrix[row, column] = share
    return matrix


#: Gin and vodka are siblings, so are rum and cream; the others hang at the root.
TREE = TreeMetric(
    np.array([-1, 0, 0, 1, 1, 2, 0, 0, 2]),
    np.array([0.0, 1, 1, 1, 1, 1, 1, 1, 1]),
    np.array([3, 4, 5, 6, 7, 8]),
)


def test_single_difference_counts_fully() -> None:
    found = exchange_evidence(
        drinks({GIN: 0.4, LIME: 0.2, TONIC: 0.4}, {VODKA: 0.4, LIME: 0.2, TONIC: 0.4}), DISCRETE
    )
    assert found.weight[GIN, VODKA] == found.weight[VODKA, GIN] == pytest.approx(1.0)
    assert found.pairs[GIN, VODKA] == 1
    assert found.weight.sum() == pytest.approx(2.0)
    np.testing.assert_array_equal(found.uses, [1, 1, 0, 2, 2, 0])


def test_other_differences_reduce_weight() -> None:
    # Half of the drink is exchanged besides gin for vodka: (1 - 0.5)² = 0.25.
    cost = DISCRETE.copy()
    cost[GIN, VODKA] = cost[VODKA, GIN] = 0.5
    found = exchange_evidence(
        drinks({GIN: 0.4, LIME: 0.5, TONIC: 0.1}, {VODKA: 0.4, CREAM: 0.5, TONIC: 0.1}), cost
    )
    assert found.weight[GIN, VODKA] == pytest.approx(0.25)
    assert found.weight[LIME, CREAM] == pytest.approx((1.0 - 0.4) ** 2)
    assert found.pairs[GIN, VODKA] == 0


def test_changed_proportions_are_no_exchange() -> None:
    found = exchange_evidence(drinks({GIN: 0.5, LIME: 0.5}, {GIN: 0.6, LIME: 0.4}), DISCRETE)
    assert not found.weight.any()


def test_total_of_rows_does_not_matter() -> None:
    rows = drinks({GIN: 0.4, LIME: 0.6}, {VODKA: 0.4, LIME: 0.6}, {RUM: 0.4, TONIC: 0.6})
    np.testing.assert_allclose(
        exchange_evidence(100.0 * rows, DISCRETE).weight, exchange_evidence(rows, DISCRETE).weight
    )


def test_prior_prefers_siblings_and_common_ingredients() -> None:
    rows = drinks({LIME: 0.5, TONIC: 0.5}, {RUM: 0.5, TONIC: 0.5}, {RUM: 1.0}, {GIN: 1.0})
    prior = exchange_evidence(rows, DISCRETE, TREE).prior
    assert np.argmax(prior[VODKA]) == GIN
    np.testing.assert_allclose(prior.sum(axis=1), 1.0)
    flat = exchange_evidence(rows, DISCRETE).prior
    assert flat[GIN, RUM] == flat[GIN, TONIC] > flat[GIN, LIME] > flat[GIN, VODKA] > 0.0


def test_evidence_outweighs_prior() -> None:
    pairs = [{GIN: 0.4, LIME: 0.6}, {RUM: 0.4, LIME: 0.6}] * 8
    rate = exchange_evidence(drinks(*pairs), DISCRETE, TREE).rate()
    assert rate[GIN, RUM] > rate[GIN, VODKA] > rate[GIN, TONIC]


def test_interval_narrows_with_evidence() -> None:
    def width(times: int) -> float:
        pairs = [{GIN: 0.4, LIME: 0.6}, {RUM: 0.4, LIME: 0.6}] * times
        found = exchange_evidence(drinks(*pairs), DISCRETE, k=2 * times)
        low, high = found.interval()
        cells = np.array([GIN, LIME, VODKA]), np.array([RUM, LIME, GIN])
        some = found.interval(cells=cells)
        assert [one.tolist() for one in some] == [low[cells].tolist(), high[cells].tolist()]
        rate = found.rate()
        assert (low <= rate).all()
        assert (rate <= high).all()
        return float((high - low)[GIN, RUM] / rate[GIN, RUM])

    assert width(6) < width(1)


def test_no_evidence_leaves_prior_order() -> None:
    found = exchange_evidence(drinks({GIN: 1.0}), DISCRETE, TREE)
    np.testing.assert_array_equal(
        np.argsort(-found.rate(), axis=1, kind="stable"),
        np.argsort(-found.prior, axis=1, kind="stable"),
    )
    assert isinstance(found, ExchangeEvidence)
    assert np.isfinite(found.interval()[1]).all()


@given(st.integers(2, 12), st.integers(0, 2**32 - 1))
def test_given_neighbors_equal_found_ones(n: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    rows = random.random((n, 6)) * (random.random((n, 6)) < 0.5)
    rows[:, 0] += 0.01
    rows /= rows.sum(axis=1, keepdims=True)
    graph = emd_neighbors(rows, DISCRETE, 30)
    found = exchange_evidence(rows, DISCRETE)
    same = exchange_evidence(sparse.csr_array(rows), DISCRETE, neighbors=graph)
    np.testing.assert_array_equal(found.weight, same.weight)
    np.testing.assert_array_equal(found.weight, found.weight.T)
    assert (found.rate() >= 0.0).all()
    assert not np.diagonal(found.weight).any()


@pytest.mark.parametrize("strength", [0.0, -1.0, np.nan, np.inf])
def test_invalid_strength_is_refused(strength: float) -> None:
    with pytest.raises(ValueError, match="strength"):
        exchange_evidence(np.ones((2, 2)), 1.0 - np.eye(2), strength=strength)


def test_foreign_tree_is_refused() -> None:
    with pytest.raises(ValueError, match="6 ingredients"):
        exchange_evidence(np.ones((2, 2)), 1.0 - np.eye(2), TREE)


@pytest.mark.parametrize("level", [0.0, 1.0, np.nan])
def test_invalid_level_is_refused(level: float) -> None:
    with pytest.raises(ValueError, match="level"):
        exchange_evidence(drinks({GIN: 1.0}), DISCRETE).interval(level)


def test_blocks_change_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(3)
    shares = random.random((90, 12)) * (random.random((90, 12)) < 0.3)
    shares[:, 0] += 0.01
    shares /= shares.sum(axis=1, keepdims=True)
    cost = random.random((12, 12))
    cost = (cost + cost.T) * (1.0 - np.eye(12))
    whole = exchange_evidence(shares, cost, k=7)
    monkeypatch.setattr(exchanges, "BLOCK_ROWS", 13)
    blocks = exchange_evidence(shares, cost, k=7)
    assert whole.weight.any()
    assert whole.weight.tobytes() == blocks.weight.tobytes()
    assert whole.pairs.tobytes() == blocks.pairs.tobytes()
