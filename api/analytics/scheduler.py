"""Where pairwise distances are computed: in this process, or on a Dask cluster."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from api.extras import requires_extra

if TYPE_CHECKING:
    from barcart.distributed import DaskEngine

#: A cluster of this machine's processors, started for one refresh.
LOCAL = "local"
#: How long a cluster may take to answer.
CONNECT_SECONDS = 10.0


class SchedulerError(Exception):
    """The Dask scheduler cannot be used. The message gives the remedy."""


@contextmanager
def pair_engine(scheduler: str | None) -> Iterator["DaskEngine | None"]:
    """Connect to a Dask scheduler for as long as the context lasts.

    Parameters
    ----------
    scheduler
        Its address (``tcp://host:8786``), ``local`` for a cluster of this machine's processors, or
        None for no cluster.

    Yields
    ------
    DaskEngine or None

    Raises
    ------
    SchedulerError
        If the scheduler does not answer.
    MissingExtraError
        If Dask is not installed.
    """
    if scheduler is None:
        yield None
        return
    with requires_extra("dask", "--scheduler"):
        from distributed import Client, LocalCluster

        from barcart.distributed import DaskEngine
    if scheduler == LOCAL:
        with (
            LocalCluster(  # type: ignore[no-untyped-call]
                threads_per_worker=1, dashboard_address=None
            ) as cluster,
            Client(cluster) as client,  # type: ignore[no-untyped-call]
        ):
            yield DaskEngine(client)
        return
    try:
        client = Client(scheduler, timeout=CONNECT_SECONDS)  # type: ignore[no-untyped-call]
    except (OSError, ValueError, TypeError) as error:
        raise SchedulerError(
            f"No Dask scheduler answers at {scheduler}. Start one with `dask scheduler`, or pass "
            "--scheduler local."
        ) from error
    with client:
        yield DaskEngine(client)
