"""AWS Batch as moto's server emulates it, its jobs steered by hand."""

import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
from moto.batch.models import Job, batch_backends
from moto.batch.responses import BatchResponse
from moto.moto_api import state_manager
from moto.server import ThreadedMotoServer

from api.analytics import trigger

ACCOUNT = "123456789012"
REGION = "us-east-1"


class Batch:
    """A job queue and its definition in moto's server, real but for the containers."""

    def __init__(self) -> None:
        self.client = boto3.client("batch")
        ec2 = boto3.client("ec2")
        iam = boto3.client("iam")
        role = iam.create_role(RoleName="batch", AssumeRolePolicyDocument="{}")["Role"]
        profile = iam.create_instance_profile(InstanceProfileName="batch")["InstanceProfile"]
        environment = self.client.create_compute_environment(
            computeEnvironmentName="analytics",
            type="MANAGED",
            computeResources={
                "type": "SPOT",
                "maxvCpus": 8,
                "subnets": [ec2.describe_subnets()["Subnets"][0]["SubnetId"]],
                "securityGroupIds": [
                    ec2.describe_security_groups()["SecurityGroups"][0]["GroupId"]
                ],
                "instanceRole": profile["Arn"],
                "instanceTypes": ["c7g"],
                "minvCpus": 0,
            },
            serviceRole=role["Arn"],
        )
        self.queue = self.client.create_job_queue(
            jobQueueName="analytics",
            state="ENABLED",
            priority=1,
            computeEnvironmentOrder=[
                {"order": 1, "computeEnvironment": environment["computeEnvironmentArn"]}
            ],
        )["jobQueueArn"]
        self.definition = self.define()

    def define(self) -> str:
        """Register the next revision of the job definition."""
        return self.client.register_job_definition(
            jobDefinitionName="analytics",
            type="container",
            containerProperties={"image": "analytics", "vcpus": 2, "memory": 2048},
        )["jobDefinitionArn"]

    def submit(self, name: str = trigger.JOB_NAME, status: str = "SUBMITTED") -> str:
        """Submit a job as somebody else would, and put it into a state."""
        job_id = self.client.submit_job(
            jobName=name, jobQueue=self.queue, jobDefinition=self.definition
        )["jobId"]
        self.move(job_id, status)
        return job_id

    def move(self, job_id: str, status: str) -> None:
        """Put a job into a state."""
        batch_backends[ACCOUNT][REGION]._jobs[job_id].status = status

    def jobs(self) -> dict[str, str]:
        """Return the state of each job there is."""
        return {
            job_id: str(job.status) for job_id, job in batch_backends[ACCOUNT][REGION]._jobs.items()
        }

    def clear(self) -> None:
        """Forget all jobs."""
        backend = batch_backends[ACCOUNT][REGION]
        backend._jobs.clear()
        queue = backend.get_job_queue(self.queue)
        assert queue is not None
        queue.jobs.clear()


@contextmanager
def running_batch() -> Iterator[Batch]:
    """Run a queue in moto's server.

    moto would run each job's container in Docker, which is not at hand, and move it through its
    states by itself: here a job stays where a test puts it. Lists come one job a page.
    """
    whole_list = BatchResponse.listjobs

    def one_job_a_page(self: Any) -> str:
        jobs = json.loads(whole_list(self))["jobSummaryList"]
        start = int(self._get_param("nextToken") or 0)
        more = {"nextToken": str(start + 1)} if start + 1 < len(jobs) else {}
        return json.dumps({"jobSummaryList": jobs[start : start + 1], **more})

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    state_manager.set_transition("batch::job", {"progression": "manual", "times": 10**9})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Job, "run", lambda self: None)
        patch.setattr(BatchResponse, "listjobs", one_job_a_page)
        for name, value in {
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_DEFAULT_REGION": REGION,
        }.items():
            patch.setenv(name, value)
        yield Batch()
    state_manager.unset_transition("batch::job")
    urllib.request.urlopen(urllib.request.Request(f"{url}/moto-api/reset", method="POST")).close()
    server.stop()
