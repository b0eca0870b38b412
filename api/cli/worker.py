"""``cocktaildb worker``."""

import json
import signal
from typing import Annotated

import typer

from api.analytics.log import configure_logging
from api.cli.console import exit_on_error, stderr
from api.jobs.coalescing import JobStatus
from api.jobs.local_queue import QueuedJob
from api.jobs.worker import POLL_SECONDS, run_worker
from api.settings import Settings


def worker(
    once: Annotated[bool, typer.Option("--once", help="Run what waits, then end.")] = False,
    poll: Annotated[
        float, typer.Option(min=0.05, metavar="SECONDS", help="How often to look at the queue.")
    ] = POLL_SECONDS,
) -> None:
    """Run the refreshes that writes have requested, with no AWS.

    Prints one JSON object per attempt on stdout. A refresh that fails is RUNNABLE again and retried
    with growing pauses until it publishes. SIGTERM or Ctrl-C stops the worker; a running refresh
    then waits for the next one. Exit code 1 if there is another worker, or with --once if a refresh
    failed.
    """
    configure_logging()
    stopping = False
    failed = 0

    def stop(number: int, frame: object) -> None:
        nonlocal stopping
        stopping = True

    def on_attempt(job: QueuedJob) -> None:
        nonlocal failed
        failed += job.status is not JobStatus.SUCCEEDED
        typer.echo(json.dumps({"job_id": job.job_id, "status": job.status, "detail": job.detail}))

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, stop)
    with exit_on_error():
        run_worker(
            Settings(),
            stopping=lambda: stopping,
            once=once,
            poll_seconds=poll,
            on_attempt=on_attempt,
        )
    if once and failed:
        stderr.print("A refresh failed. It waits for the next worker.")
        raise typer.Exit(1)
