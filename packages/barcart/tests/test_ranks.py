"""True ranks equal a sort of all distances, ties included."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barcart import emd_matrix, emd_ranks, manhattan_ranks
from barcart.ranks import matrix_ranks


def recipes_and_costs(seed: int, n: int, m: int, coarse: bool) -> tuple[Any, Any]:
    """Return volumes and costs; coarse ones tie often, and the costs are no metric."""
    random = np.random.default_rng(seed)
    volumes = random.integers(0, 3, (n, m)).astype(float) if coarse else random.random((n, m))
    volumes[np.arange(n), random.integers(0, m, n)] += 1.0
    volumes /= volumes.sum(axis=1, keepdims=True)
    half = random.integers(0, 3, (m, m)).astype(float) if coarse else random.random((m, m))
    cost = half + half.T
    np.fill_diagonal(cost, 0.0)
    return volumes, cost


@settings(deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(2, 12), m=st.integers(1, 6), c=st.booleans())
def test_ranks_equal_brute_force(seed: int, n: int, m: int, c: bool) -> None:
    volumes, cost = recipes_and_costs(seed, n, m, c)
    rows = np.arange(n)[::-1]
    targets = np.array([[other for other in range(n) if other != row] for row in rows])
    found = emd_ranks(volumes, cost, rows, targets)
    np.testing.assert_array_equal(found, matrix_ranks(emd_matrix(volumes, cost), rows, targets))
    # Each of the others has one rank of its own.
    np.testing.assert_array_equal(np.sort(found, axis=1), np.tile(np.arange(1, n), (n, 1)))


@settings(deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(2, 12), m=st.integers(1, 6))
def test_manhattan_ranks_equal_brute_force(seed: int, n: int, m: int) -> None:
    # Halves, quarters and eighths: sums without rounding, so that ties are ties.
    random = np.random.default_rng(seed)
    volumes = random.integers(0, 4, (n, m)) / 8.0
    volumes[:, 0] += 0.125
    rows = np.arange(n)
    targets = np.array([[other for other in range(n) if other != row] for row in rows])
    matrix = np.abs(volumes[:, np.newaxis] - volumes).sum(axis=2)
    np.testing.assert_array_equal(
        manhattan_ranks(volumes, rows, targets), matrix_ranks(matrix, rows, targets)
    )


def test_invalid_targets_are_named() -> None:
    volumes, cost = recipes_and_costs(0, 4, 3, False)
    with pytest.raises(ValueError, match="targets row 1 holds its own row"):
        emd_ranks(volumes, cost, [0, 1], [[1], [1]])
    with pytest.raises(ValueError, match="within the 4 rows"):
        manhattan_ranks(volumes, [0], [[4]])
    with pytest.raises(ValueError, match="rows must have shape"):
        emd_ranks(volumes, cost, [0, 1], [[1]])
