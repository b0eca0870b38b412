"""``cocktaildb status``."""

import json
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.table import Column, Table

from api.cli.console import exit_on_error, stderr
from api.cli.following import follow_cloud_job, follow_local_job
from api.cli.target import LocalFlag, Target, target_of
from api.jobs.local_queue import LocalQueue
from api.settings import Settings


def status(
    target: Target = None,
    local: LocalFlag = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait until every refresh asked for has ended.")
    ] = False,
) -> None:
    """Show the refreshes that were asked for: of this machine, or of a stack on AWS.

    A table on stderr; on stdout one JSON object with the jobs, newest first, and for this machine
    how far the refresh is. With --wait, exit code 1 if one that was waited for has failed.
    """
    environment = target_of(target, local)
    failed = 0
    with exit_on_error():
        if environment is None:
            queue = LocalQueue(Settings().refresh_queue)
            if wait:
                for job in [job for job in queue.jobs() if job.finished_at is None]:
                    failed += follow_local_job(queue, job.job_id)["status"] != "SUCCEEDED"
            found: list[dict[str, Any]] = [asdict(job) for job in queue.jobs()]
            result: dict[str, Any] = {"jobs": found, "run": _run_status()}
        else:
            # Here, not above: boto3 is slow to import.
            from api.jobs.cloud_jobs import ENDED, CloudJobs

            jobs = CloudJobs(environment)
            if wait:
                for open_job in [job for job in jobs.jobs() if job.status not in ENDED]:
                    failed += follow_cloud_job(jobs, open_job.job_id)["status"] != "SUCCEEDED"
            found = [asdict(job) for job in jobs.jobs()]
            result = {"jobs": found}
    _show(found, result.get("run"))
    typer.echo(json.dumps(result, default=_to_json))
    if failed:
        raise typer.Exit(1)


def _run_status() -> dict[str, Any]:
    from api.jobs.run_status import read_run_status
    from api.utils.analytics_cache import AnalyticsStorage

    store = AnalyticsStorage.from_settings().snapshots.store
    return read_run_status(store).model_dump(mode="json")


def _show(jobs: list[dict[str, Any]], run: dict[str, Any] | None) -> None:
    if not jobs:
        stderr.print("No refresh was asked for.")
    else:
        table = Table(
            Column("Job", min_width=36, no_wrap=True),
            "State",
            "Asked for (UTC)",
            "Attempt",
            "Detail",
            box=None,
        )
        for job in jobs[:20]:
            table.add_row(
                job["job_id"],
                job["status"],
                job["submitted_at"].strftime("%Y-%m-%d %H:%M:%S"),
                str(job["attempt"]),
                job["detail"] or "",
            )
        stderr.print(table)
    current = run and run["current"]
    if current:
        stderr.print(
            f"Stage {current['stage_number']} of {current['stage_count']}: {current['stage']} "
            f"{current['step']}",
            markup=False,
        )


def _to_json(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{value!r} has no JSON form")
