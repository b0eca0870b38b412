"""``cocktaildb status``."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.console import print_json, stderr
from api.cli.following import follow_cloud_job, follow_local_job
from api.cli.target import LocalFlag, Target, target_of
from api.extras import requires_extra

if TYPE_CHECKING:
    from api.storage.snapshots import State


def status(
    target: Target = None,
    local: LocalFlag = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait until every requested refresh has ended.")
    ] = False,
) -> None:
    """Show the requested refreshes of this machine, or of a stack on AWS.

    Prints a table on stderr, and one JSON object on stdout: the jobs, newest first, and for this
    machine the progress of the running refresh. With --wait, the exit code is 1 if one failed.
    """
    environment = target_of(target, local)
    failed = 0
    result: dict[str, Any]
    if environment is None:
        from api.jobs.local_queue import LocalQueue
        from api.settings import Settings

        queue = LocalQueue(Settings().refresh_queue)
        if wait:
            for job in [job for job in queue.jobs() if job.finished_at is None]:
                failed += follow_local_job(queue, job.job_id)["status"] != "SUCCEEDED"
        result = {
            "jobs": [asdict(job) for job in queue.jobs()],
            "run": _run_status(),
            "analytics": _analytics_state(),
        }
    else:
        # Here, not above: boto3 is slow to import, and comes with the extra `aws` only.
        with requires_extra("aws", f"The stack {environment}"):
            from api.jobs.cloud_jobs import ENDED, CloudJobs
        jobs = CloudJobs(environment)
        if wait:
            for open_job in [job for job in jobs.jobs() if job.status not in ENDED]:
                failed += follow_cloud_job(jobs, open_job.job_id)["status"] != "SUCCEEDED"
        result = {"jobs": [asdict(job) for job in jobs.jobs()]}
    _show(result["jobs"], result.get("run"))
    if "analytics" in result:
        stderr.print(_ANALYTICS[result["analytics"]])
    print_json(result)
    if failed:
        raise typer.Exit(1)


_ANALYTICS = {
    None: "Nothing has been published yet.",
    "current": "The published analytics include every recipe change.",
    "stale": "The published analytics are stale: recipes have changed since.",
    "foreign": "The published analytics were computed from another database.",
}


def _analytics_state() -> "State | None":
    from api.cli.own_analytics import DatabaseState
    from api.db.database import get_database
    from api.utils.analytics_cache import AnalyticsStorage

    current = AnalyticsStorage.from_settings().snapshots.current()
    if current is None:
        return None
    with get_database() as database:
        return DatabaseState(database).of(current)


def _run_status() -> dict[str, Any]:
    from api.jobs.run_status import read_run_status
    from api.utils.analytics_cache import AnalyticsStorage

    store = AnalyticsStorage.from_settings().snapshots.store
    return read_run_status(store).model_dump(mode="json")


def _show(jobs: list[dict[str, Any]], run: dict[str, Any] | None) -> None:
    if not jobs:
        stderr.print("No refresh has been requested.")
    else:
        from rich.table import Column, Table

        table = Table(
            Column("Job", min_width=36, no_wrap=True),
            "State",
            "Requested (UTC)",
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
            f"{current['step']}"
        )
