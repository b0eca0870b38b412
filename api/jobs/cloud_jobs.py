"""The refreshes of a deployed stack: triggering one, looking at them, and following one to its end.

What ``scripts/trigger-analytics-refresh.sh`` does with the AWS CLI, from Python.
"""

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from api.jobs.coalescing import JobStatus
from api.jobs.errors import CloudError

Environment = Literal["dev", "prod"]

DEFAULT_REGION = "us-east-1"
ENDED = frozenset({JobStatus.SUCCEEDED, JobStatus.FAILED})

_DESCRIBE_LIMIT = 100
#: How many looks at a job may fail in a row before following it is given up.
_FAILED_LOOKS = 3


@dataclass(frozen=True)
class Triggered:
    """What the trigger function answered.

    Attributes
    ----------
    job_id
        The job that will refresh.
    message
        Whether it was submitted, or waited already.
    """

    job_id: str
    message: str


@dataclass(frozen=True)
class CloudJob:
    """A refresh on AWS Batch.

    Attributes
    ----------
    job_id, status
        Its id, and Batch's state of it.
    submitted_at, started_at, finished_at
        UTC; the latter two are None before.
    attempt
        How often a container of it has ended.
    detail
        Batch's reason for its state; None where it gives none.
    log_stream
        Where its last container logs; None before the first.
    job_definition
        The ARN of the job definition's revision that it runs.
    """

    job_id: str
    status: str
    submitted_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    attempt: int
    detail: str | None
    log_stream: str | None
    job_definition: str


class CloudJobs:
    """The refreshes of the stack ``cocktail-db-<environment>``.

    Parameters
    ----------
    environment
        ``dev`` or ``prod``.
    """

    def __init__(self, environment: Environment) -> None:
        self.stack = f"cocktail-db-{environment}"
        self.region = (
            os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or DEFAULT_REGION
        )
        with self._reporting("AWS cannot be used"):
            session = boto3.Session(region_name=self.region)
            self._cloudformation = session.client("cloudformation")
            self._lambda = session.client("lambda")
            self._batch = session.client("batch")
            self._logs = session.client("logs")

    def trigger(self) -> Triggered:
        """Invoke the trigger function and return its answer.

        Raises
        ------
        CloudError
            If the stack or the function cannot be used, or the function has failed.
        """
        function = self._output("AnalyticsTriggerFunctionArn")
        with self._reporting("the trigger function could not be invoked"):
            response = self._lambda.invoke(
                FunctionName=function, InvocationType="RequestResponse", Payload=b"{}"
            )
            text = response["Payload"].read().decode()
        if response["StatusCode"] != 200 or response.get("FunctionError"):
            raise CloudError(
                f"The trigger function failed: status {response['StatusCode']}, "
                f"FunctionError {response.get('FunctionError')}: {text}"
            )
        try:
            answer = json.loads(text)
            body = json.loads(answer["body"])
            if answer["statusCode"] != 200:
                raise CloudError(
                    f"The trigger answered {answer['statusCode']}: {body.get('error')} "
                    f"({body.get('details')})"
                )
            return Triggered(body["jobId"], body["message"])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise CloudError(f"The trigger gave an unexpected answer: {text}") from error

    def job(self, job_id: str) -> CloudJob:
        """Return a job as it is now.

        Raises
        ------
        CloudError
            If it cannot be looked at, or Batch knows none of that id.
        """
        found = self._describe([job_id])
        if not found:
            raise CloudError(f"Job {job_id} was not found in {self.region}.")
        return found[0]

    def jobs(self) -> list[CloudJob]:
        """Return the jobs that Batch remembers, newest first; ended ones for a few days."""
        queue = self._output("AnalyticsJobQueueArn")
        with self._reporting(f"the jobs of {queue} could not be listed"):
            pages = self._batch.get_paginator("list_jobs")
            ids = {
                job["jobId"]
                for status in JobStatus
                for page in pages.paginate(jobQueue=queue, jobStatus=status.value)
                for job in page["jobSummaryList"]
            }
        return sorted(self._describe(sorted(ids)), key=lambda job: job.submitted_at, reverse=True)

    def follow(
        self, job_id: str, *, on_status_change: Callable[[CloudJob], None], poll_seconds: float
    ) -> CloudJob:
        """Return a job when it has ended; ``on_status_change`` is called with each new state."""
        seen: str | None = None
        failed = 0
        while True:
            try:
                job = self.job(job_id)
            except CloudError:
                failed += 1
                if failed == _FAILED_LOOKS:
                    raise
            else:
                failed = 0
                if job.status != seen:
                    on_status_change(job)
                seen = job.status
                if job.status in ENDED:
                    return job
            time.sleep(poll_seconds)

    def log_tail(self, job: CloudJob, lines: int = 50) -> list[str]:
        """Return the last lines of a job's log; none if no container of it has begun."""
        if job.log_stream is None:
            return []
        with self._reporting(f"the log {job.log_stream} could not be read"):
            (definition,) = self._batch.describe_job_definitions(
                jobDefinitions=[job.job_definition]
            )["jobDefinitions"]
            options = definition["containerProperties"]["logConfiguration"]["options"]
            events = self._logs.get_log_events(
                logGroupName=options["awslogs-group"], logStreamName=job.log_stream, limit=lines
            )["events"]
        return [event["message"].rstrip("\n") for event in events]

    def _output(self, key: str) -> str:
        with self._reporting(
            f"stack {self.stack} could not be read. Is it deployed in {self.region}? "
            f"See docs/deployment.md"
        ):
            (stack,) = self._cloudformation.describe_stacks(StackName=self.stack)["Stacks"]
        for output in stack.get("Outputs", []):
            if output["OutputKey"] == key:
                return output["OutputValue"]
        raise CloudError(
            f"Stack {self.stack} has no output {key}. Deploy the current template.yaml."
        )

    def _describe(self, job_ids: list[str]) -> list[CloudJob]:
        found: list[Any] = []
        with self._reporting("the jobs could not be read"):
            for start in range(0, len(job_ids), _DESCRIBE_LIMIT):
                found += self._batch.describe_jobs(jobs=job_ids[start : start + _DESCRIBE_LIMIT])[
                    "jobs"
                ]
        return [_job(job) for job in found]

    @contextmanager
    def _reporting(self, what: str) -> Iterator[None]:
        try:
            yield
        except (BotoCoreError, ClientError) as error:
            raise CloudError(f"{what[0].upper()}{what[1:]}: {error}") from error


def _job(job: dict[str, Any]) -> CloudJob:
    """Return a job from a DescribeJobs entry, whose times are in milliseconds since 1970."""
    return CloudJob(
        job_id=job["jobId"],
        status=job["status"],
        submitted_at=_time(job["createdAt"]) or datetime.fromtimestamp(0, UTC),
        started_at=_time(job.get("startedAt")),
        finished_at=_time(job.get("stoppedAt")),
        attempt=len(job.get("attempts", [])),
        detail=job.get("statusReason"),
        log_stream=job.get("container", {}).get("logStreamName"),
        job_definition=job["jobDefinition"],
    )


def _time(milliseconds: int | None) -> datetime | None:
    return datetime.fromtimestamp(milliseconds / 1000, UTC) if milliseconds else None
