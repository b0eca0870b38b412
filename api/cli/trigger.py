"""``cocktaildb trigger``."""

import json
from typing import Annotated

import typer

from api.cli.console import exit_on_error, stderr
from api.cli.following import follow_cloud_job, follow_local_job
from api.cli.target import LocalFlag, Target, target_of
from api.jobs.local_queue import LocalQueue
from api.settings import Settings


def trigger(
    target: Target = None,
    local: LocalFlag = False,
    wait: Annotated[bool, typer.Option("--wait", help="Follow the refresh to its end.")] = False,
) -> None:
    """Ask for a refresh: of this machine, or of a stack on AWS.

    The result is one JSON object on stdout: the job, and with --wait how it ended. Exit code 1 if
    it could not be asked for, or with --wait if it failed.
    """
    environment = target_of(target, local)
    with exit_on_error():
        if environment is None:
            queue = LocalQueue(Settings().refresh_queue)
            submission = queue.submit()
            result = {
                "job_id": submission.job.job_id,
                "message": "Analytics refresh already waiting"
                if submission.absorbed
                else "Analytics refresh queued",
            }
            ended = follow_local_job(queue, submission.job.job_id) if wait else None
            if not wait:
                stderr.print("It is run by: cocktaildb worker, or a running: cocktaildb serve")
        else:
            # Here, not above: boto3 is slow to import.
            from api.jobs.cloud_jobs import CloudJobs

            jobs = CloudJobs(environment)
            answer = jobs.trigger()
            result = {"job_id": answer.job_id, "message": answer.message}
            stderr.print(f"{answer.message}: {answer.job_id}", markup=False)
            ended = follow_cloud_job(jobs, answer.job_id) if wait else None
    if ended is not None:
        result |= ended
    typer.echo(json.dumps(result))
    if ended is not None and ended["status"] != "SUCCEEDED":
        raise typer.Exit(1)
