"""Record what umap-learn computes, for the tests that compare barcart's own steps with it.

    pip install umap-learn
    python -m benchmarks.umap_reference

umap-learn is the reference and no dependency: where it is imported for the first time, it compiles
for half a minute. The points form five overlapping clusters in six dimensions; some are all alike.
"""

import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np
import scipy.sparse as sp
import umap.umap_ as umap
from scipy.spatial import KDTree

from barcart import NeighborGraph
from barcart.quality import knn_preservation

TARGET = Path(__file__).parents[1] / "packages" / "barcart" / "tests" / "umap_reference.npz"
N, K = 300, 15
#: Spread and least distance.
CURVES = [(1.0, 0.1), (1.0, 0.5), (2.0, 0.0)]


def neighbors() -> tuple[np.ndarray, np.ndarray]:
    """Return the nearest neighbors of the points and their distances, shape (n, k)."""
    random = np.random.default_rng(0)
    points = random.normal(size=(N, 6)) + random.integers(0, 5, size=N)[:, np.newaxis]
    points[:4] = points[0]
    distances, indices = KDTree(points).query(points, k=K + 1)
    others = np.asarray(indices)
    is_self = others == np.arange(N)[:, np.newaxis]
    is_self[~is_self.any(axis=1), -1] = True
    return others[~is_self].reshape(N, K), np.asarray(distances)[~is_self].reshape(N, K)


def fuzzy_graph(indices: np.ndarray, distances: np.ndarray) -> "sp.coo_array":
    """Return umap-learn's fuzzy simplicial set."""
    graph, _, _ = umap.fuzzy_simplicial_set(
        np.empty((N, 1), dtype=np.float32),
        K + 1,
        np.random.RandomState(0),
        "precomputed",
        knn_indices=np.column_stack((np.arange(N), indices)),
        knn_dists=np.column_stack((np.zeros(N), distances)).astype(np.float32),
    )[:3]
    found: sp.coo_array = graph.tocoo()
    return found


def preservation(graph: "sp.coo_array", known: NeighborGraph, a: float, b: float) -> list[float]:
    """Return the share of neighbors that five layouts of umap-learn keep."""
    found = []
    for seed in range(5):
        layout, _ = umap.simplicial_set_embedding(
            np.empty((N, 1)), graph, 2, 1.0, a, b, 1.0, 5, 500, "spectral",
            np.random.RandomState(seed), "euclidean", {}, False, {}, False,
        )  # fmt: skip
        found.append(knn_preservation(known, layout))
    return found


def main() -> None:
    """Compute and write."""
    warnings.simplefilter("ignore")
    indices, distances = neighbors()
    graph = fuzzy_graph(indices, distances)
    curves = [(*curve, *umap.find_ab_params(*curve)) for curve in CURVES]
    known = NeighborGraph(indices.astype(np.int32), distances, 0, 0, 0.0)
    np.savez_compressed(
        TARGET,
        version=version("umap-learn"),
        indices=indices.astype(np.int32),
        distances=distances,
        row=graph.row.astype(np.int32),
        column=graph.col.astype(np.int32),
        strength=graph.data,
        curves=np.array(curves),
        preservation=preservation(graph.copy(), known, *curves[0][2:]),
    )
    print(f"wrote {TARGET}")


if __name__ == "__main__":
    main()
