"""UMAP's steps, compared with umap-learn, which is the reference and no dependency."""

import warnings
from typing import Any

import numpy as np
import pytest
from scipy.spatial import KDTree

from barcart import NeighborGraph, compute_umap_embedding
from barcart._layout import curve_parameters, fuzzy_graph
from barcart.quality import knn_preservation

K = 15


def neighbor_graph(n: int = 300, seed: int = 0) -> NeighborGraph:
    """Return the neighbors of points of five overlapping clusters in six dimensions."""
    random = np.random.default_rng(seed)
    points = random.normal(size=(n, 6)) + random.integers(0, 5, size=n)[:, np.newaxis]
    points[:4] = points[0]  # points that are all alike
    distances, indices = KDTree(points).query(points, k=K + 1)
    others = np.asarray(indices)
    is_self = others == np.arange(n)[:, np.newaxis]
    is_self[~is_self.any(axis=1), -1] = True
    return NeighborGraph(
        others[~is_self].reshape(n, K).astype(np.int32),
        np.asarray(distances)[~is_self].reshape(n, K),
        0,
        0,
        0.0,
    )


@pytest.fixture(scope="module")
def umap() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("umap.umap_")


def reference_graph(umap: Any, known: NeighborGraph) -> Any:
    n = len(known.indices)
    graph, _, _ = umap.fuzzy_simplicial_set(
        np.empty((n, 1), dtype=np.float32),
        K + 1,
        np.random.RandomState(0),
        "precomputed",
        knn_indices=np.column_stack((np.arange(n), known.indices)),
        knn_dists=np.column_stack((np.zeros(n), known.distances)).astype(np.float32),
    )[:3]
    return graph


@pytest.mark.reference
def test_fuzzy_graph_equals_umap_learn(umap: Any) -> None:
    known = neighbor_graph()
    expected = reference_graph(umap, known).toarray()
    found = fuzzy_graph(known.indices.astype(np.int64), known.distances).toarray()
    np.testing.assert_allclose(found, expected, atol=2e-4)
    np.testing.assert_allclose(found, found.T, atol=1e-12)


@pytest.mark.parametrize(("spread", "min_dist"), [(1.0, 0.1), (1.0, 0.5), (2.0, 0.0)])
@pytest.mark.reference
def test_curve_equals_umap_learn(umap: Any, spread: float, min_dist: float) -> None:
    expected = umap.find_ab_params(spread, min_dist)
    assert curve_parameters(spread, min_dist) == pytest.approx(expected, rel=1e-6)


@pytest.mark.reference
def test_maps_are_as_good_as_umap_learn(umap: Any) -> None:
    known = neighbor_graph()
    graph = reference_graph(umap, known)
    ours, theirs = [], []
    for seed in range(5):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            layout, _ = umap.simplicial_set_embedding(
                np.empty((300, 1)), graph.tocoo(), 2, 1.0, *curve_parameters(1.0, 0.1), 1.0, 5,
                500, "spectral", np.random.RandomState(seed), "euclidean", {}, False, {}, False,
            )  # fmt: skip
        theirs.append(knn_preservation(known, layout))
        ours.append(knn_preservation(known, compute_umap_embedding(known, random_state=seed)))
    assert np.mean(ours) > np.mean(theirs) - 0.02


def test_equal_points_have_full_strength() -> None:
    graph = fuzzy_graph(np.array([[1], [2], [0]]), np.zeros((3, 1)))
    assert graph.toarray().max() == 1.0
