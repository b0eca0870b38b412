"""The Dask engine: bit for bit the results of one process, whatever happens to workers."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from barcart import EMResult, TreeMetric, em_fit, emd_neighbors, transport_plans

distributed = pytest.importorskip("distributed", reason="barcart[dask] is not installed")

from barcart.distributed import DaskEngine  # noqa: E402

Matrix = npt.NDArray[np.float64]

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.filterwarnings("ignore"),  # Dask's own, about ports and late replies
]


@pytest.fixture(scope="module")
def recipes() -> Matrix:
    random = np.random.default_rng(3)
    matrix = random.gamma(1.0, 1.0, (400, 30)) * (random.random((400, 30)) < 0.15)
    matrix[np.arange(400), random.integers(0, 30, 400)] += 0.5
    shares: Matrix = matrix / matrix.sum(axis=1, keepdims=True)
    return shares


@pytest.fixture(scope="module")
def tree() -> TreeMetric:
    parents = {f"g{i // 5}/{i}": (f"g{i // 5}", 1.0) for i in range(30)}
    parents |= {f"g{i}": ("root", 1.0) for i in range(6)}
    return TreeMetric.from_parent_map(parents | {"root": (None, 0.0)}, list(parents)[:30])


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def _assert_same(here: EMResult, there: EMResult) -> None:
    assert here.cost_matrix.tobytes() == there.cost_matrix.tobytes()
    assert here.neighbors.indices.tobytes() == there.neighbors.indices.tobytes()
    assert here.neighbors.distances.tobytes() == there.neighbors.distances.tobytes()
    assert [(i.delta, i.pairs_solved) for i in here.history] == [
        (i.delta, i.pairs_solved) for i in there.history
    ]


@pytest.mark.parametrize("rows_per_task", [1_000, 37])
def test_em_is_the_same_bit_for_bit(
    recipes: Matrix, tree: TreeMetric, client: Any, rows_per_task: int
) -> None:
    engine = DaskEngine(client, rows_per_task=rows_per_task, pairs_per_task=rows_per_task)
    there = em_fit(recipes, tree, k=5, neighbors=engine.neighbors, plans=engine.plans)
    _assert_same(em_fit(recipes, tree, k=5), there)


@pytest.mark.parametrize("n_workers", [1, 3])
def test_the_number_of_workers_changes_no_bit(
    recipes: Matrix, tree: TreeMetric, n_workers: int
) -> None:
    with (
        distributed.LocalCluster(
            n_workers=n_workers, processes=False, dashboard_address=None, silence_logs=50
        ) as cluster,
        distributed.Client(cluster) as several,
    ):
        engine = DaskEngine(several, rows_per_task=50, pairs_per_task=200)
        there = em_fit(recipes, tree, k=5, neighbors=engine.neighbors, plans=engine.plans)
    _assert_same(em_fit(recipes, tree, k=5), there)


def test_plans_keep_their_order(recipes: Matrix, client: Any) -> None:
    cost = np.random.default_rng(0).random((30, 30))
    cost = cost + cost.T
    pairs = np.random.default_rng(1).integers(0, 400, (500, 2))
    here = transport_plans(recipes, cost, pairs, metric=False)
    there = DaskEngine(client, pairs_per_task=61).plans(recipes, cost, pairs, metric=False)
    for name in ("distances", "indptr", "source", "target", "flow"):
        np.testing.assert_array_equal(getattr(here, name), getattr(there, name))


def test_bad_input_is_named_as_in_one_process(recipes: Matrix, client: Any) -> None:
    faulty = recipes.copy()
    faulty[11] = 0.0
    with pytest.raises(ValueError, match="row 11"):
        DaskEngine(client).neighbors(faulty, np.ones((30, 30)) - np.eye(30), 3)


def test_a_killed_worker_only_costs_time(client: Any) -> None:
    random = np.random.default_rng(5)
    matrix = random.gamma(1.0, 1.0, (3_000, 60)) * (random.random((3_000, 60)) < 0.1)
    matrix[np.arange(3_000), random.integers(0, 60, 3_000)] += 0.5
    matrix /= matrix.sum(axis=1, keepdims=True)
    cost = random.random((60, 60))
    cost = (cost + cost.T) * (1.0 - np.eye(60))
    expected = emd_neighbors(matrix, cost, 5)
    pids = client.run(os.getpid)
    killed: list[int] = []

    def kill_one_at_work() -> None:
        for _ in range(2_000):
            busy = [worker for worker, tasks in client.processing().items() if tasks]
            if busy:
                pid = pids[busy[0]]
                os.kill(pid, signal.SIGKILL)
                killed.append(pid)
                return
            time.sleep(0.002)

    murderer = threading.Thread(target=kill_one_at_work)
    murderer.start()
    found = DaskEngine(client, rows_per_task=25).neighbors(matrix, cost, 5)
    murderer.join()

    assert killed
    assert killed[0] in pids.values()
    client.wait_for_workers(2, timeout=60)
    assert killed[0] not in client.run(os.getpid).values()
    assert found.indices.tobytes() == expected.indices.tobytes()
    assert found.distances.tobytes() == expected.distances.tobytes()
    assert found.pairs_solved == expected.pairs_solved
