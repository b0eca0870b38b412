"""The pair work on a Dask cluster: the same results as in one process, from any number of workers.

Queries and plans are dealt out by rows. Every row's answer depends on the data alone, so neither
the number of workers nor a lost one can change a bit of it; a lost worker's work is done again.

Needs ``pip install barcart[dask]``.
"""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt

from barcart.neighbors import NeighborGraph, emd_neighbors, tree_neighbors
from barcart.transport import TransportPlans, transport_plans
from barcart.tree_metric import TreeMetric
from barcart.validation import FloatArray, IntArray

if TYPE_CHECKING:
    from distributed import Client

T = TypeVar("T")

#: Query rows, and pairs to plan, per task: seconds of work at 100,000 recipes, so that scheduling
#: costs next to nothing and a lost worker little.
ROWS_PER_TASK = 4096
PAIRS_PER_TASK = 16_384


class DaskEngine:
    """Neighbor search and plans for `barcart.em_fit`, on the workers of a Dask cluster.

    Parameters
    ----------
    client
        Of the cluster. Its workers need the same version of barcart.
    rows_per_task, pairs_per_task
        Size of a task.

    Examples
    --------
    ::

        engine = DaskEngine(Client("tcp://scheduler:8786"))
        em_fit(volumes, tree, neighbors=engine.neighbors, plans=engine.plans)
    """

    def __init__(
        self,
        client: "Client",
        *,
        rows_per_task: int = ROWS_PER_TASK,
        pairs_per_task: int = PAIRS_PER_TASK,
    ) -> None:
        for name, value in (("rows_per_task", rows_per_task), ("pairs_per_task", pairs_per_task)):
            if value < 1:
                raise ValueError(f"{name} must be at least 1, not {value!r}")
        self.client = client
        self.rows_per_task = rows_per_task
        self.pairs_per_task = pairs_per_task

    def neighbors(
        self,
        volume_matrix: Any,
        cost: FloatArray | TreeMetric,
        k: int,
        *,
        seeds: npt.NDArray[np.int32] | None = None,
    ) -> NeighborGraph:
        """Find every row's k nearest; see `barcart.emd_neighbors`.

        Raises
        ------
        ValueError
            As `barcart.emd_neighbors`.
        distributed.KilledWorker
            If one and the same task ended several workers, as when none has the memory for it.
        """
        started = time.perf_counter()
        n_rows = int(volume_matrix.shape[0])
        blocks = [
            np.arange(begin, min(begin + self.rows_per_task, n_rows))
            for begin in range(0, max(n_rows, 1), self.rows_per_task)
        ]
        parts = self._run(_search, blocks, volume_matrix, cost, k, seeds)
        return NeighborGraph(
            np.concatenate([part.indices for part in parts]),
            np.concatenate([part.distances for part in parts]),
            sum(part.pairs_solved for part in parts),
            sum(part.pairs_pruned for part in parts),
            time.perf_counter() - started,
        )

    def plans(
        self, volume_matrix: Any, cost_matrix: FloatArray, pairs: IntArray, /, *, metric: bool
    ) -> TransportPlans:
        """Solve the plans of pairs of rows; see `barcart.transport_plans`.

        Raises
        ------
        ValueError, distributed.KilledWorker
            As `neighbors`.
        """
        blocks = [
            pairs[begin : begin + self.pairs_per_task]
            for begin in range(0, max(len(pairs), 1), self.pairs_per_task)
        ]
        parts = self._run(_plan, blocks, volume_matrix, cost_matrix, metric)
        flows = np.cumsum([0] + [int(part.indptr[-1]) for part in parts])
        return TransportPlans(
            np.concatenate([part.distances for part in parts]),
            np.concatenate(
                [[0], *(part.indptr[1:] + begun for part, begun in zip(parts, flows, strict=False))]
            ).astype(parts[0].indptr.dtype),
            np.concatenate([part.source for part in parts]),
            np.concatenate([part.target for part in parts]),
            np.concatenate([part.flow for part in parts]),
        )

    def _run(self, work: Any, blocks: Sequence[IntArray], *shared: Any) -> list[Any]:
        # Results of tasks, not scattered data: the scheduler can make them again when the worker
        # that held them is gone.
        common = [
            value
            if isinstance(value, bool | int | None)
            else self.client.submit(_same, value, pure=False)
            for value in shared
        ]
        futures = [self.client.submit(work, block, *common, pure=False) for block in blocks]
        results: list[Any] = self.client.gather(futures)  # type: ignore[no-untyped-call]
        return results


def _same(value: T) -> T:
    return value


# A worker's threads are Dask's to count: each task takes one.
def _search(
    rows: IntArray,
    volume_matrix: Any,
    cost: FloatArray | TreeMetric,
    k: int,
    seeds: npt.NDArray[np.int32] | None,
) -> NeighborGraph:
    if isinstance(cost, TreeMetric):
        return tree_neighbors(volume_matrix, cost, k, rows=rows, n_jobs=1)
    own = None if seeds is None else seeds[rows]
    return emd_neighbors(volume_matrix, cost, k, rows=rows, seeds=own, n_jobs=1)


def _plan(
    pairs: IntArray, volume_matrix: Any, cost_matrix: FloatArray, metric: bool
) -> TransportPlans:
    return transport_plans(volume_matrix, cost_matrix, pairs, metric=metric, n_jobs=1)
