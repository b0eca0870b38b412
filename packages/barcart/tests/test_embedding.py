"""Maps of recipes and the measures of their quality."""

import hashlib
import os
import subprocess
import sys
import tracemalloc
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import KDTree
from scipy.spatial.distance import cdist
from sklearn.manifold import trustworthiness as full_trustworthiness

from barcart.embedding import align_embedding, compute_umap_embedding
from barcart.neighbors import NeighborGraph, knn_matrix, manhattan_neighbors
from barcart.quality import knn_preservation, trustworthiness
from barcart.ranks import emd_ranks, manhattan_ranks
from barcart.transport import emd_matrix

pytestmark = pytest.mark.model

Floats = npt.NDArray[np.float64]


def recipes(n: int, seed: int = 0) -> Floats:
    """Volumes around a few styles, as recipes are."""
    rng = np.random.default_rng(seed)
    styles = rng.dirichlet(np.full(12, 0.3), size=8)
    return np.array([rng.dirichlet(0.01 + 8.0 * styles[i % 8]) for i in range(n)])


def graph_of(distances: Floats, k: int) -> NeighborGraph:
    return NeighborGraph(*knn_matrix(distances, k), 0, 0, 0.0)


def distances_of(points: Floats) -> Floats:
    return cdist(points, points)


VOLUMES = recipes(120)
GRAPH = manhattan_neighbors(VOLUMES, 15)
DISTANCES = cdist(VOLUMES, VOLUMES, "cityblock")
MAP = compute_umap_embedding(GRAPH)


class TestLayout:
    def test_neighbors_stay_together(self) -> None:
        assert MAP.shape == (120, 2)
        assert MAP.dtype == np.float64
        np.testing.assert_allclose(MAP.mean(axis=0), 0.0, atol=1e-9)
        # A random map would keep 15 of 119 neighbors, about 13 %.
        assert knn_preservation(GRAPH, MAP) > 0.6
        style = np.arange(120) % 8
        alike = []
        for seed in range(5):  # a single map's share varies by 0.02
            drawn = compute_umap_embedding(GRAPH, random_state=seed)
            nearest = knn_matrix(distances_of(drawn), 1)[0][:, 0]
            alike.append((style[nearest] == style).mean())
        assert np.mean(alike) > 0.9

    def test_matrix_and_neighbors_give_one_map(self) -> None:
        matrix = cdist(VOLUMES, VOLUMES, "cityblock")
        known = graph_of(matrix, 8)
        np.testing.assert_array_equal(
            compute_umap_embedding(matrix, 8), compute_umap_embedding(known, 8)
        )

    def test_the_unit_of_distance_does_not_matter(self) -> None:
        for unit in (2.0**100, 2.0**-200):
            scaled = replace(GRAPH, distances=GRAPH.distances * unit)
            np.testing.assert_array_equal(compute_umap_embedding(scaled), MAP)

    def test_parameters_matter(self) -> None:
        for changed in (
            {"n_neighbors": 5},
            {"min_dist": 0.5},
            {"spread": 2.0},
            {"random_state": 7},
            {"n_epochs": 50},
            {"learning_rate": 0.5},
            {"negative_sample_rate": 2},
        ):
            arguments: dict[str, Any] = changed
            other = compute_umap_embedding(GRAPH, **arguments)
            assert not np.allclose(other, MAP), changed

    def test_min_dist_spreads_points(self) -> None:
        def crowding(min_dist: float) -> float:
            layout = compute_umap_embedding(GRAPH, min_dist=min_dist)
            return float(np.median(knn_matrix(distances_of(layout), 1)[1]))

        assert crowding(0.9) > 2.0 * crowding(0.01)

    def test_same_bytes_in_any_process_and_threads(self, tmp_path: Path) -> None:
        assert compute_umap_embedding(GRAPH).tobytes() == MAP.tobytes()
        file = tmp_path / "graph.npz"
        np.savez(file, indices=GRAPH.indices, distances=GRAPH.distances)
        program = (
            "import hashlib, sys, numpy as np\n"
            "from barcart.embedding import compute_umap_embedding\n"
            "from barcart.neighbors import NeighborGraph\n"
            "arrays = np.load(sys.argv[1])\n"
            "graph = NeighborGraph(arrays['indices'], arrays['distances'], 0, 0, 0.0)\n"
            "print(hashlib.sha256(compute_umap_embedding(graph).tobytes()).hexdigest())\n"
        )
        finished = subprocess.run(
            [sys.executable, "-c", program, str(file)],
            env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "1"},
            capture_output=True,
            text=True,
            check=True,
        )
        assert finished.stdout.strip() == hashlib.sha256(MAP.tobytes()).hexdigest()

    def test_the_global_random_state_is_left_alone(self) -> None:
        np.random.seed(3)
        expected = np.random.random()
        np.random.seed(3)
        compute_umap_embedding(GRAPH, n_epochs=2)
        assert np.random.random() == expected

    def test_no_matrix_of_all_pairs_arises(self) -> None:
        n = 5000
        points = np.random.default_rng(0).random((n, 4))
        found = KDTree(points).query(points, k=9)
        near, indices = np.asarray(found[0]), np.asarray(found[1], dtype=np.int32)
        graph = NeighborGraph(indices[:, 1:], near[:, 1:], 0, 0, 0.0)
        compute_umap_embedding(GRAPH, n_epochs=1)  # what is imported late isn't measured
        tracemalloc.start()
        try:
            layout = compute_umap_embedding(graph, n_epochs=1)
            knn_preservation(graph, layout)
            trustworthiness(partial(manhattan_ranks, points[:, :2]), layout)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < n * n  # an eighth of a matrix of distances


class TestSmallAndOddInput:
    def test_no_points(self) -> None:
        assert compute_umap_embedding(np.empty((0, 0))).shape == (0, 2)
        assert compute_umap_embedding([]).shape == (0, 2)
        assert compute_umap_embedding(manhattan_neighbors(np.empty((0, 3)), 5)).shape == (0, 2)

    def test_one_point_is_the_origin(self) -> None:
        np.testing.assert_array_equal(compute_umap_embedding([[0.0]]), [[0.0, 0.0]])

    @pytest.mark.parametrize("as_graph", [False, True])
    @pytest.mark.parametrize("points", [[[0.0, 0.0], [3.0, 4.0]], [[0, 0], [3, 0], [0, 4]]])
    def test_two_or_three_points_keep_their_distances(
        self, points: list[list[float]], as_graph: bool
    ) -> None:
        distances = distances_of(np.array(points, dtype=float))
        layout = compute_umap_embedding(graph_of(distances, 2) if as_graph else distances)
        np.testing.assert_allclose(distances_of(layout), distances, atol=1e-12)
        np.testing.assert_allclose(layout.mean(axis=0), 0.0, atol=1e-12)

    def test_the_orientation_does_not_hang_on_the_solver(self) -> None:
        for points in ([[0.0], [1.0]], [[0.0], [1.0], [5.0]], [[5.0], [1.0], [0.0]]):
            layout = compute_umap_embedding(distances_of(np.array(points)))
            assert layout[np.abs(layout[:, 0]).argmax(), 0] > 0.0

    def test_three_points_on_a_line_are_finite(self) -> None:
        layout = compute_umap_embedding([[0, 1, 9], [1, 0, 1], [9, 1, 0]])
        mapped = distances_of(layout)
        assert np.isfinite(layout).all()
        assert mapped[0, 2] > mapped[0, 1]

    def test_unlisted_distances_count_as_far(self) -> None:
        layout = compute_umap_embedding(
            NeighborGraph(
                np.array([[1], [0], [1]], dtype=np.int32), np.array([[1.0], [1], [2]]), 0, 0, 0.0
            )
        )
        np.testing.assert_allclose(
            distances_of(layout), [[0, 1, 2], [1, 0, 2], [2, 2, 0]], atol=1e-12
        )

    @pytest.mark.parametrize("n", [4, 5, 8, 9, 10, 16, 17])
    def test_few_points_get_a_layout(self, n: int) -> None:
        layout = compute_umap_embedding(cdist(recipes(n), recipes(n)))
        assert layout.shape == (n, 2)
        assert np.isfinite(layout).all()
        assert len(np.unique(layout, axis=0)) == n

    @pytest.mark.parametrize("n", [2, 3, 4, 12, 60])
    def test_points_all_alike_get_a_finite_layout(self, n: int) -> None:
        assert np.isfinite(compute_umap_embedding(np.zeros((n, n)))).all()

    def test_duplicates_lie_close_together(self) -> None:
        points = np.repeat(recipes(30), 2, axis=0)
        layout = compute_umap_embedding(manhattan_neighbors(points, 10))
        twins = np.linalg.norm(layout[0::2] - layout[1::2], axis=1)
        assert np.median(twins) < 0.2 * np.median(distances_of(layout))

    @pytest.mark.parametrize("sizes", [(40, 40), (50, 20, 4), (3,) * 10])
    def test_parts_without_connection_are_kept_apart(self, sizes: tuple[int, ...]) -> None:
        rng = np.random.default_rng(1)
        part = np.repeat(np.arange(len(sizes)), sizes)
        points = rng.random((part.size, 2)) + 100.0 * part[:, np.newaxis]
        layout = compute_umap_embedding(graph_of(distances_of(points), 2))
        assert np.isfinite(layout).all()
        nearest = knn_matrix(distances_of(layout), 1)[0][:, 0]
        assert (part[nearest] == part).mean() > 0.95

    def test_parts_without_connection_start_side_by_side(self) -> None:
        part = np.repeat(np.arange(5), 12)
        points = np.random.default_rng(1).random((60, 2)) + 100.0 * part[:, np.newaxis]
        start = compute_umap_embedding(
            graph_of(distances_of(points), 4), n_epochs=1, learning_rate=1e-9
        )
        low = np.array([start[part == p].min(axis=0) for p in range(5)])
        high = np.array([start[part == p].max(axis=0) for p in range(5)])
        for a in range(5):
            for b in range(a):
                assert (low[a] > high[b]).any() or (low[b] > high[a]).any()

    @pytest.mark.parametrize("bad", [-1.0, np.inf])
    def test_faulty_distances_are_named(self, bad: float) -> None:
        matrix = distances_of(recipes(6))
        matrix[2, :] = bad
        with pytest.raises(ValueError, match="row 2"):
            compute_umap_embedding(matrix)

    def test_nan_and_shapes_are_refused(self) -> None:
        matrix = distances_of(recipes(6))
        matrix[1, 3] = np.nan
        with pytest.raises(ValueError, match="row 1, column 3"):
            compute_umap_embedding(matrix)
        with pytest.raises(ValueError, match="square"):
            compute_umap_embedding(np.ones((4, 5)))

    def test_a_graph_of_some_rows_is_refused(self) -> None:
        part = manhattan_neighbors(VOLUMES, 5, rows=slice(0, 20))
        with pytest.raises(ValueError, match="graph of all points"):
            compute_umap_embedding(part)

    @pytest.mark.parametrize(
        ("changed", "message"),
        [
            ({"n_neighbors": 0}, "n_neighbors"),
            ({"min_dist": -0.1}, "min_dist"),
            ({"min_dist": 1.1}, "min_dist"),
            ({"spread": np.inf}, "spread"),
            ({"n_epochs": 0}, "n_epochs"),
            ({"learning_rate": 0.0}, "learning_rate"),
            ({"negative_sample_rate": 0}, "negative_sample_rate"),
            ({"init": np.zeros((3, 2))}, "init must have shape"),
            ({"init": np.full((120, 2), np.inf)}, "init row 0"),
            ({"init": np.tile([np.nan, 1.0], (120, 1))}, "init row 0"),
        ],
    )
    def test_faulty_parameters_are_named(self, changed: dict[str, Any], message: str) -> None:
        with pytest.raises(ValueError, match=message):
            compute_umap_embedding(GRAPH, **changed)


class TestGoingOnFromAMap:
    def test_points_stay_when_a_few_recipes_change(self) -> None:
        volumes = recipes(160)
        kept = np.arange(160)[np.arange(160) % 40 != 7]  # four recipes are new
        old = compute_umap_embedding(manhattan_neighbors(volumes[kept], 15))
        graph = manhattan_neighbors(volumes, 15)
        init = np.full((160, 2), np.nan)
        init[kept] = old

        def median_shift(layout: Floats) -> float:
            aligned = align_embedding(layout, old, kept, np.arange(kept.size))
            return float(np.median(np.linalg.norm(aligned[kept] - old, axis=1)))

        warm = compute_umap_embedding(graph, init=init)
        cold = compute_umap_embedding(graph)
        extent = float(np.ptp(old, axis=0).max())
        assert median_shift(warm) < 0.05 * extent
        assert median_shift(warm) < 0.5 * median_shift(cold)
        assert knn_preservation(graph, warm) > knn_preservation(graph, cold) - 0.05

    def test_new_points_start_amidst_their_neighbors(self) -> None:
        init = MAP.copy()
        init[:5] = np.nan
        layout = compute_umap_embedding(GRAPH, init=init, n_epochs=1, learning_rate=1e-9)
        np.testing.assert_allclose(layout[5:], MAP[5:], atol=1e-4)
        to_neighbors = [
            np.linalg.norm(MAP[GRAPH.indices[i]].mean(axis=0) - layout[i]) for i in range(5)
        ]
        assert max(to_neighbors) < 0.25 * np.ptp(MAP, axis=0).max()

    def test_chains_and_islands_of_new_points_are_placed(self) -> None:
        # A chain hangs on one old point; an island has none.
        indices = np.array([[1], [0], [1], [2], [3], [6], [5]], dtype=np.int32)
        graph = NeighborGraph(indices, np.ones((7, 1)), 0, 0, 0.0)
        init = np.full((7, 2), np.nan)
        init[:2] = [[0.0, 0.0], [1.0, 1.0]]
        layout = compute_umap_embedding(graph, init=init, n_epochs=1, learning_rate=1e-9)
        assert np.isfinite(layout).all()
        np.testing.assert_allclose(layout[:2], init[:2], atol=1e-6)
        assert len(np.unique(layout, axis=0)) == 7

    def test_init_without_old_points_is_ignored(self) -> None:
        init = np.full((120, 2), np.nan)
        np.testing.assert_array_equal(compute_umap_embedding(GRAPH, init=init), MAP)

    def test_the_init_is_left_alone(self) -> None:
        init = MAP.copy()
        init[0] = np.nan
        before = init.copy()
        compute_umap_embedding(GRAPH, init=init, n_epochs=3)
        np.testing.assert_array_equal(init, before)

    def test_three_points_are_turned_onto_their_old_places(self) -> None:
        old = np.array([[10.0, 5.0], [13.0, 5.0], [10.0, 9.0]])
        layout = compute_umap_embedding(distances_of(old), init=old)
        np.testing.assert_allclose(layout, old, atol=1e-9)


@st.composite
def movements(draw: st.DrawFn) -> tuple[Floats, Floats]:
    angle = draw(st.floats(0.0, 6.3))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    if draw(st.booleans()):
        turn = turn @ np.diag([1.0, -1.0])
    return turn, np.array([draw(st.floats(-9, 9)), draw(st.floats(-9, 9))])


class TestAlignment:
    @settings(deadline=None, max_examples=40)
    @given(movements())
    def test_turns_mirrors_and_shifts_are_undone(self, movement: tuple[Floats, Floats]) -> None:
        turn, shift = movement
        np.testing.assert_allclose(align_embedding(MAP @ turn + shift, MAP), MAP, atol=1e-9)

    def test_common_points_alone_decide_and_all_points_move(self) -> None:
        turn = np.array([[0.0, 1.0], [1.0, 0.0]])
        moved = (MAP @ turn + 5.0)[::-1]
        rows = np.arange(100)
        aligned = align_embedding(moved, MAP[:110], 119 - rows, rows)
        np.testing.assert_allclose(aligned, MAP[::-1], atol=1e-9)

    def test_the_scale_is_kept(self) -> None:
        np.testing.assert_allclose(
            align_embedding(3.0 * MAP + 1.0, MAP), 3.0 * (MAP - MAP.mean(axis=0)), atol=1e-9
        )

    def test_one_common_point_shifts_and_none_leaves_alone(self) -> None:
        layout = np.array([[0.0, 0.0], [1.0, 2.0]])
        np.testing.assert_array_equal(
            align_embedding(layout, [[5.0, 5.0]], [1], [0]), [[4.0, 3.0], [5.0, 5.0]]
        )
        np.testing.assert_array_equal(align_embedding(layout, [[5.0, 5.0]], [], []), layout)

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (([[0.0, 0.0]], [[0.0, 0.0], [1.0, 1.0]]), "1 points but reference has 2"),
            (([[0.0, 0.0]], [[0.0, 0.0]], [0]), "together"),
            (([[0.0, 0.0]], [[0.0, 0.0]], [0], [0, 0]), "same points"),
            (([[0.0, 0.0]], [[0.0, 0.0]], [1], [0]), r"rows\[0\] is 1"),
            (([[0.0, 0.0]], [[0.0, 0.0]], [0], [-1]), r"reference_rows\[0\] is -1"),
            (([[0.0, 0.0]], [[0.0, 0.0]], [0.5], [0]), "row numbers"),
            (([[0.0, np.nan]], [[0.0, 0.0]]), "embedding row 0"),
            (([[0.0, 0.0, 0.0]], [[0.0, 0.0]]), "embedding must have shape"),
        ],
    )
    def test_faulty_input_is_named(self, arguments: tuple[Any, ...], message: str) -> None:
        with pytest.raises(ValueError, match=message):
            align_embedding(*arguments)


class TestQuality:
    def test_by_hand(self) -> None:
        # True order on a line 0 1 2 3 at growing gaps; on the map, 3 comes to lie next to 0.
        true = distances_of(np.array([[0.0], [1.0], [2.5], [5.0]]))
        layout = np.array([[0.0, 0.0], [10.0, 0.0], [12.0, 0.0], [-1.0, 0.0]])
        # True nearest: 1, 0, 1, 2. Mapped nearest: 3, 2, 1, 0. Only point 2's survives.
        assert knn_preservation(true, layout, 1) == 0.25
        # True ranks of the mapped nearest: 3, 2, 1, 3; worst possible 3 each.
        found = trustworthiness(true, layout, 1)
        assert found.value == pytest.approx(1 - (2 + 1 + 0 + 2) / (4 * 2))
        assert found.standard_error == 0.0

    def test_a_true_map_is_perfect(self) -> None:
        points = np.random.default_rng(0).random((50, 2))
        distances = distances_of(points)
        graph = graph_of(distances, 10)
        for k in (1, 5, 10):
            assert knn_preservation(graph, points, k) == 1.0
            assert trustworthiness(distances, points, k).value == 1.0

    @pytest.mark.parametrize("k", [1, 5, 20])
    def test_trustworthiness_equals_scikit_learn(self, k: int) -> None:
        rng = np.random.default_rng(k)
        points = rng.random((45, 6))
        distances = distances_of(points)
        layout = points[:, :2] + 0.1 * rng.random((45, 2))
        expected = full_trustworthiness(distances, layout, n_neighbors=k, metric="precomputed")
        assert trustworthiness(distances, layout, k).value == pytest.approx(expected, rel=1e-12)

    def test_rank_finders_equal_matrices(self) -> None:
        rng = np.random.default_rng(2)
        volumes = rng.dirichlet(np.full(6, 0.5), size=60)
        half = rng.random((6, 6))
        cost = half + half.T
        np.fill_diagonal(cost, 0.0)
        layout = rng.random((60, 2))
        emd = trustworthiness(partial(emd_ranks, volumes, cost), layout, 7)
        assert emd == trustworthiness(emd_matrix(volumes, cost), layout, 7)
        l1 = trustworthiness(partial(manhattan_ranks, volumes), layout, 7)
        matrix = np.abs(volumes[:, np.newaxis] - volumes).sum(axis=2)
        assert l1.value == pytest.approx(trustworthiness(matrix, layout, 7).value)

    def test_large_maps_are_sampled(self) -> None:
        rng = np.random.default_rng(3)
        points = rng.random((1500, 4))
        distances, layout = distances_of(points), points[:, :2]
        whole = trustworthiness(distances, layout, 10, exact_up_to=1500)
        sampled = trustworthiness(distances, layout, 10)
        assert whole.standard_error == 0.0 < sampled.standard_error < 0.01
        assert abs(sampled.value - whole.value) < 4.0 * sampled.standard_error
        assert sampled != trustworthiness(distances, layout, 10, seed=1)

    def test_preservation_counts_common_neighbors(self) -> None:
        rng = np.random.default_rng(4)
        distances, layout = distances_of(rng.random((30, 5))), rng.random((30, 2))
        true, mapped = knn_matrix(distances, 6)[0], knn_matrix(distances_of(layout), 6)[0]
        shared = [len(set(a) & set(b)) / 6 for a, b in zip(true, mapped, strict=True)]
        assert knn_preservation(graph_of(distances, 9), layout, 6) == pytest.approx(np.mean(shared))

    def test_random_maps_are_bad(self) -> None:
        rng = np.random.default_rng(0)
        shuffled = MAP[rng.permutation(120)]
        assert knn_preservation(GRAPH, shuffled) < 0.3
        found = [trustworthiness(DISTANCES, layout, 10).value for layout in (shuffled, MAP)]
        assert found[0] < found[1] - 0.3

    def test_points_are_no_neighbors_of_themselves(self) -> None:
        value = knn_preservation(graph_of(np.zeros((9, 9)), 3), np.zeros((9, 2)))
        assert 0.0 <= value <= 1.0

    @pytest.mark.parametrize("n", [0, 1])
    def test_without_neighbors_nothing_is_lost(self, n: int) -> None:
        for neighbors in (np.zeros((n, n)), manhattan_neighbors(np.ones((n, 2)), 3)):
            assert knn_preservation(neighbors, np.zeros((n, 2))) == 1.0
        assert trustworthiness(np.zeros((n, n)), np.zeros((n, 2))).value == 1.0

    @pytest.mark.parametrize("n", [2, 3, 4])
    def test_few_points(self, n: int) -> None:
        distances = distances_of(recipes(n))
        layout = compute_umap_embedding(distances)
        for k in (1, 10):
            assert 0.0 <= trustworthiness(distances, layout, k).value <= 1.0
            assert 0.0 <= knn_preservation(distances, layout, k) <= 1.0

    def test_faulty_input_is_named(self) -> None:
        with pytest.raises(ValueError, match="k must be at least 1"):
            knn_preservation(GRAPH, MAP, 0)
        with pytest.raises(ValueError, match="k must be at least 1"):
            trustworthiness(DISTANCES, MAP, 0)
        with pytest.raises(ValueError, match="embedding has 119 points"):
            knn_preservation(GRAPH, MAP[1:])
        with pytest.raises(ValueError, match="embedding has 119 points"):
            trustworthiness(DISTANCES, MAP[1:])
