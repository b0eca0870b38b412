"""UMAP's steps, compared with recorded results of umap-learn, the reference."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.spatial import KDTree
from threadpoolctl import threadpool_limits

from barcart import NeighborGraph, compute_umap_embedding
from barcart._layout import curve_parameters, fuzzy_graph, spectral_coordinates
from barcart.quality import knn_preservation

pytestmark = pytest.mark.model


@pytest.fixture(scope="module")
def recorded() -> dict[str, Any]:
    """Results of umap-learn: ``python -m benchmarks.umap_reference`` records them."""
    with np.load(Path(__file__).with_name("umap_reference.npz")) as arrays:
        return dict(arrays)


@pytest.fixture(scope="module")
def known(recorded: dict[str, Any]) -> NeighborGraph:
    return NeighborGraph(recorded["indices"], recorded["distances"], 0, 0, 0.0)


def test_fuzzy_graph_equals_umap_learn(recorded: dict[str, Any], known: NeighborGraph) -> None:
    expected = np.zeros((len(known.indices),) * 2)
    expected[recorded["row"], recorded["column"]] = recorded["strength"]
    found = fuzzy_graph(known.indices.astype(np.int64), known.distances).toarray()
    np.testing.assert_allclose(found, expected, atol=2e-4)
    np.testing.assert_allclose(found, found.T, atol=1e-12)


def test_curve_equals_umap_learn(recorded: dict[str, Any]) -> None:
    for spread, min_dist, *expected in recorded["curves"]:
        assert curve_parameters(spread, min_dist) == pytest.approx(tuple(expected), rel=1e-6)


def test_maps_are_as_good_as_umap_learn(recorded: dict[str, Any], known: NeighborGraph) -> None:
    ours = [
        knn_preservation(known, compute_umap_embedding(known, random_state=seed))
        for seed in range(5)
    ]
    assert np.mean(ours) > np.mean(recorded["preservation"]) - 0.02


def test_equal_points_have_full_strength() -> None:
    graph = fuzzy_graph(np.array([[1], [2], [0]]), np.zeros((3, 1)))
    assert graph.toarray().max() == 1.0


def test_spectrum_ignores_the_number_of_threads() -> None:
    """BLAS divides long sums among its threads, which rounds them otherwise."""
    points = np.random.RandomState(0).uniform(size=(12_000, 2))
    distances, indices = map(np.asarray, KDTree(points).query(points, 6))
    graph = sp.csr_array(fuzzy_graph(indices[:, 1:].astype(np.int64), distances[:, 1:]))
    found = []
    for threads in (1, 2, 4):
        with threadpool_limits(threads, user_api="blas"):
            found.append(spectral_coordinates(graph, np.random.RandomState(0)).tobytes())
    assert len(set(found)) == 1
