"""Nearest neighbors on a map, against all distances."""

import numpy as np
import pytest

from barcart import _kernels


@pytest.mark.parametrize("kind", ["scattered", "on a grid", "stretched", "coincident"])
def test_planar_neighbors_equal_brute_force(kind: str) -> None:
    random = np.random.default_rng(0)
    for n in (2, 8, 9, 10, 40, 300):
        k = int(random.integers(1, n))
        points = {
            "scattered": random.normal(size=(n, 2)),
            "on a grid": random.integers(0, 4, size=(n, 2)).astype(np.float64),
            "stretched": np.cumsum(random.exponential(size=(n, 2)) ** 3, axis=0),
            "coincident": np.zeros((n, 2)),
        }[kind]
        queries = np.sort(random.choice(n, -(-n // 2), replace=False))
        squared = ((points[queries, np.newaxis] - points) ** 2).sum(axis=2)
        found = _kernels.planar_neighbors(points, queries, k)
        assert (found != queries[:, np.newaxis]).all()
        assert (np.diff(np.sort(found), axis=1) > 0).all()  # no point twice
        squared[np.arange(queries.size), queries] = np.inf
        of_found = np.take_along_axis(squared, found, axis=1)
        assert np.array_equal(of_found, np.sort(squared, axis=1)[:, :k])
