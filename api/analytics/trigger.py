"""The Lambda that triggers a refresh: submits the Batch job, unless one waits already.

Imports nothing but the standard library and boto3, which the Lambda runtime brings.

Each step errs on the safe side: a race can cost one refresh too many, which finds nothing changed
and ends, never one too few. Two invocations at once may both find nothing waiting and both
submit; the template gives the function a concurrency of one, so that they do not overlap.

On a schedule, the same function records how long the oldest request has gone unanswered. It never
submits then.
"""

import json
import logging
import os
import sys
import time
from collections.abc import Iterable, Mapping
from typing import Any

import boto3
from botocore.config import Config

from api.jobs.coalescing import WAITING, Job, JobStatus, decide
from api.jobs.staleness import JobTimes, unanswered_since

logger = logging.getLogger(__name__)
# The Lambda runtime's own handler writes to CloudWatch; the root logger's level hides INFO.
logger.setLevel(logging.INFO)

JOB_NAME = "analytics-refresh"

#: Half a dozen calls have to fit into the function's 30 s also when one of them hangs: better an
#: answer that says which than none.
_CONFIG = Config(
    connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 3, "mode": "standard"}
)

_DESCRIBE_LIMIT = 100

#: The CloudWatch metric: seconds since the oldest request that no successful refresh has answered.
METRIC_NAMESPACE = "CocktailDB"
METRIC = "UnansweredRequestAge"

_batch_client: Any = None
#: The job that this process submitted last: a list may not show it yet.
_last_submitted: str | None = None


def _batch() -> Any:
    """Return the Batch client, made once: a warm Lambda keeps it."""
    global _batch_client
    if _batch_client is None:
        _batch_client = boto3.client("batch", config=_CONFIG)
    return _batch_client


def lambda_handler(event: Mapping[str, Any] | None, context: object) -> dict[str, Any]:
    """Submit a refresh, or find the one that already waits.

    Parameters
    ----------
    event
        With ``{"asynchronous": true}`` a failure is raised. Lambda takes any returned value of an
        asynchronous invocation for a success; only an exception makes it try again and, in the
        end, fill the dead-letter queue. With ``{"watch": true}`` nothing is submitted; the age of
        the oldest unanswered request is recorded.
    context
        Not used.

    Returns
    -------
    dict
        ``statusCode`` 200 and a JSON ``body`` of ``message``, ``jobId`` and ``jobArn``; 500 and
        ``error`` and ``details`` on failure. When watching, ``message`` and ``age`` in seconds.
    """
    asked: Mapping[str, Any] = event if isinstance(event, Mapping) else {}
    try:
        if asked.get("watch"):
            return _response(200, message="Oldest unanswered request recorded", age=_watch())
        message, job_id, job_arn = _trigger()
    except Exception as error:
        logger.exception("the refresh was not triggered")
        if asked.get("asynchronous"):
            raise
        return _response(
            500,
            error="Failed to submit analytics Batch job",
            details=str(error) or type(error).__name__,
        )
    logger.info("%s: %s", message, job_id)
    return _response(200, message=message, jobId=job_id, jobArn=job_arn)


def _response(status: int, **body: str | float) -> dict[str, Any]:
    return {"statusCode": status, "body": json.dumps(body)}


def _targets() -> tuple[str, str]:
    """Return the job queue and the job definition."""
    queue = os.environ.get("BATCH_JOB_QUEUE")
    definition = os.environ.get("BATCH_JOB_DEFINITION")
    if not queue or not definition:
        raise ValueError("BATCH_JOB_QUEUE and BATCH_JOB_DEFINITION must be set.")
    return queue, definition


def _trigger() -> tuple[str, str, str]:
    """Return what was done, and the id and ARN of the job that will refresh."""
    global _last_submitted
    queue, definition = _targets()
    known = _list_waiting(queue)
    if _last_submitted is not None:
        known.add(_last_submitted)
    # A list lags behind; each job is asked for by its id before it is relied on.
    details = _describe(known, definition)
    decision = decide(_jobs(details))
    if decision.absorbed_by is not None:
        job_id = decision.absorbed_by.job_id
        return "Analytics refresh already waiting", job_id, details[job_id]["jobArn"]

    submitted = _batch().submit_job(jobName=JOB_NAME, jobQueue=queue, jobDefinition=definition)
    _last_submitted = submitted["jobId"]
    return "Analytics Batch job submitted", submitted["jobId"], submitted["jobArn"]


def _watch() -> float:
    """Record how long the oldest unanswered request has waited, in seconds, and return it."""
    queue, _ = _targets()
    now = time.time()
    since = unanswered_since(
        JobTimes(
            status=JobStatus(job["status"]),
            created=job["createdAt"] / 1000,
            started=job["startedAt"] / 1000 if job.get("startedAt") else None,
            ended=job["stoppedAt"] / 1000 if job.get("stoppedAt") else None,
        )
        for job in _list(queue, JobStatus).values()
    )
    age = 0.0 if since is None else round(max(0.0, now - since), 3)
    # CloudWatch makes the metric of this line in the log: "Embedded metric format".
    directive = {
        "Namespace": METRIC_NAMESPACE,
        "Dimensions": [["Stack"]],
        "Metrics": [{"Name": METRIC, "Unit": "Seconds"}],
    }
    line = {
        "_aws": {"Timestamp": round(now * 1000), "CloudWatchMetrics": [directive]},
        "Stack": os.environ.get("METRIC_STACK", "local"),
        METRIC: age,
    }
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()
    return age


def _list(queue: str, states: Iterable[JobStatus]) -> dict[str, dict[str, Any]]:
    """Return the refresh jobs in some states, by id, as far as Batch's lists show them.

    A job that is listed in two states, since it moved on meanwhile, has the later one.
    """
    pages = _batch().get_paginator("list_jobs")
    return {
        job["jobId"]: job
        for status in states
        for page in pages.paginate(jobQueue=queue, jobStatus=str(status))
        for job in page["jobSummaryList"]
        if job["jobName"] == JOB_NAME
    }


def _list_waiting(queue: str) -> set[str]:
    """Return the ids of the refresh jobs that wait, as far as Batch's lists show them.

    Listed state by state in the order in which a job goes through them: one that moves on
    meanwhile is seen twice, never not at all. One that goes back, since its attempt was
    interrupted, may be missed; the trigger then submits one more, and nothing is lost.
    """
    return set(_list(queue, (status for status in JobStatus if status in WAITING)))


def _describe(job_ids: Iterable[str], definition: str) -> dict[str, dict[str, Any]]:
    """Return the jobs' present details by id, without those of another job definition.

    A job that an older deployment submitted runs its code, so it does not do for a trigger that
    came after the new one. Only a full ARN names the revision.
    """
    ids = sorted(job_ids)
    found: dict[str, dict[str, Any]] = {}
    for start in range(0, len(ids), _DESCRIBE_LIMIT):
        for job in _batch().describe_jobs(jobs=ids[start : start + _DESCRIBE_LIMIT])["jobs"]:
            if not definition.startswith("arn:") or job["jobDefinition"] == definition:
                found[job["jobId"]] = job
    return found


def _jobs(details: Mapping[str, Mapping[str, Any]]) -> list[Job]:
    """Return what the rule needs; a job in a state that Batch did not have yet absorbs nothing."""
    return [
        Job(job_id, JobStatus(job["status"]))
        for job_id, job in details.items()
        if job["status"] in set(JobStatus)
    ]
