"""Perceived shares: powers, rarity, and what stays as it was."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from barcart import Perception, perceived_shares


def test_power_raises_small_shares() -> None:
    found = perceived_shares([[0.81, 0.18, 0.01]], gamma=0.5, rarity=0.0).toarray()[0]
    roots = np.sqrt([0.81, 0.18, 0.01])
    np.testing.assert_allclose(found, roots / roots.sum())


def test_rare_ingredients_weigh_more() -> None:
    rows = [[0.5, 0.5, 0.0], [0.5, 0.0, 0.5], [1.0, 0.0, 0.0]]
    found = perceived_shares(rows, gamma=1.0, rarity=0.5).toarray()
    # Three recipes use the first ingredient, one the second: 4 and 2 to the power of -1/2.
    assert found[0, 0] / found[0, 1] == pytest.approx((4.0 / 2.0) ** -0.5)
    np.testing.assert_allclose(found.sum(axis=1), 1.0)


def test_neutral_parameters_normalize_only() -> None:
    rows = np.array([[2.0, 1.0, 1.0], [0.0, 3.0, 1.0]])
    found = perceived_shares(rows, gamma=1.0, rarity=0.0).toarray()
    np.testing.assert_allclose(found, rows / rows.sum(axis=1, keepdims=True))


@given(
    seed=st.integers(0, 2**32 - 1),
    gamma=st.floats(0.0, 1.0),
    rarity=st.floats(0.0, 1.0),
    scale=st.floats(1e-300, 1e300),
)
def test_unit_of_volume_does_not_matter(
    seed: int, gamma: float, rarity: float, scale: float
) -> None:
    random = np.random.default_rng(seed)
    rows = random.random((6, 4)) + 0.01
    rows[random.random((6, 4)) < 0.4] = 0.0
    rows[:, 0] += 0.5
    found = perceived_shares(rows * scale, gamma=gamma, rarity=rarity)
    np.testing.assert_allclose(
        found.toarray(), perceived_shares(rows, gamma=gamma, rarity=rarity).toarray(), rtol=1e-9
    )
    np.testing.assert_array_equal(found.toarray() > 0.0, rows > 0.0)
    np.testing.assert_allclose(found.sum(axis=1), 1.0)


def test_new_recipes_use_the_fitted_weights() -> None:
    rows = sparse.csr_array(np.array([[0.5, 0.5, 0.0], [0.5, 0.0, 0.5]]))
    perception = Perception.fit(rows)
    np.testing.assert_array_equal(
        perception.transform(rows[:1]).toarray(), perception.transform(rows).toarray()[:1]
    )
    assert perception.transform(np.empty((0, 3))).shape == (0, 3)


@pytest.mark.parametrize("name", ["gamma", "rarity"])
@pytest.mark.parametrize("value", [-0.1, 1.1, np.nan])
def test_invalid_parameters_are_refused(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=name):
        perceived_shares([[1.0]], **{name: value})


def test_foreign_columns_are_refused() -> None:
    with pytest.raises(ValueError, match="weights for 1 ingredients"):
        Perception.fit([[1.0]]).transform([[1.0, 1.0]])
