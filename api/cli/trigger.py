"""``cocktaildb trigger``."""

from typing import Annotated

import typer

from api.cli.console import print_json, stderr
from api.cli.following import follow_cloud_job, follow_local_job
from api.cli.target import LocalFlag, Target, target_of
from api.extras import requires_extra


def trigger(
    target: Target = None,
    local: LocalFlag = False,
    wait: Annotated[bool, typer.Option("--wait", help="Follow the refresh to its end.")] = False,
) -> None:
    """Request a refresh on this machine, or on a stack on AWS.

    The result is one JSON object on stdout: the job, and with --wait how it ended. The exit code is
    1 if the request failed, or with --wait if the refresh failed.
    """
    environment = target_of(target, local)
    ended = None
    if environment is None:
        from api.jobs.local_queue import LocalQueue
        from api.settings import Settings

        queue = LocalQueue(Settings().refresh_queue)
        submission = queue.submit()
        state = "already waiting" if submission.absorbed else "queued"
        result = {"job_id": submission.job.job_id, "message": f"Analytics refresh {state}"}
        if wait:
            ended = follow_local_job(queue, submission.job.job_id)
        else:
            stderr.print("It runs in: cocktaildb worker, or a running: cocktaildb serve")
    else:
        # Here, not above: boto3 is slow to import, and comes with the extra `aws` only.
        with requires_extra("aws", f"The stack {environment}"):
            from api.jobs.cloud_jobs import CloudJobs
        jobs = CloudJobs(environment)
        answer = jobs.trigger()
        result = {"job_id": answer.job_id, "message": answer.message}
        stderr.print(f"{answer.message}: {answer.job_id}")
        if wait:
            ended = follow_cloud_job(jobs, answer.job_id)
    print_json({**result, **(ended or {})})
    if ended is not None and ended["status"] != "SUCCEEDED":
        raise typer.Exit(1)
