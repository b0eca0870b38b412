"""``cocktaildb worker``."""

import signal
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.console import print_json, stderr

if TYPE_CHECKING:
    from api.jobs.local_queue import QueuedJob


def worker(
    once: Annotated[bool, typer.Option("--once", help="Run what is waiting, then exit.")] = False,
    poll: Annotated[
        float | None,
        typer.Option(min=0.05, metavar="SECONDS", help="How often to look at the queue."),
    ] = None,
) -> None:
    """Run the refreshes that writes have requested, without AWS.

    Prints one JSON object per attempt on stdout. A refresh that fails is RUNNABLE again and retried
    with growing pauses until it publishes. SIGTERM or Ctrl-C stops the worker; a running refresh
    then waits for the next one. The exit code is 1 if another worker is running, or
    with --once if a refresh failed.
    """
    from api.analytics.log import configure_logging
    from api.jobs.coalescing import JobStatus
    from api.jobs.spare import SPARE_SECONDS
    from api.jobs.worker import POLL_SECONDS, run_worker
    from api.settings import Settings

    configure_logging()
    stopping = False
    failed = 0

    def stop(number: int, frame: object) -> None:
        nonlocal stopping
        stopping = True

    def on_attempt(job: "QueuedJob") -> None:
        nonlocal failed
        failed += job.status is not JobStatus.SUCCEEDED
        print_json({"job_id": job.job_id, "status": job.status, "detail": job.detail})

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, stop)
    run_worker(
        Settings(),
        stopping=lambda: stopping,
        once=once,
        poll_seconds=poll or POLL_SECONDS,
        on_attempt=on_attempt,
        spare_seconds=SPARE_SECONDS,
    )
    if once and failed:
        stderr.print("A refresh failed. It waits for the next worker.")
        raise typer.Exit(1)
