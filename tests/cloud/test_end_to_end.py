"""From the script to the API: the deployed stack's whole way, in an emulated AWS.

conftest.py says what is real in it and what is not. moto leaves these of the template out, which
therefore only a first deployment shows: the HTTP API, the user pool, the IPv6 network, the policies
of the bucket and the topic, the alarms, the asynchronous invocation's retries and dead letters, and
the resource that keeps two refreshes from running at once.
"""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from fastapi.testclient import TestClient

from api.db.database import Database
from api.db.frames import Dataset
from api.http.app import create_app
from api.settings import Settings
from tests.cloud.conftest import aws_cli

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "scripts" / "trigger-analytics-refresh.sh"
FUNCTION = "cocktail-db-dev-analytics-trigger"
DEADLINE = 60.0

Run = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def efs(
    tmp_path: Path, make_database: Callable[[Dataset | None], Database], sample: Dataset
) -> Path:
    """What the file system's access point holds."""
    directory = tmp_path / "efs"
    directory.mkdir()
    path = make_database(sample).sqlite_path
    assert path is not None
    shutil.move(path, directory / "cocktails.db")
    return directory


@pytest.fixture
def run(cloud: Any, tmp_path: Path) -> Iterator[Run]:
    """Start the script with one version of the AWS CLI, or the command, as an operator does."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str, via: str = "v1", **environment: str) -> Any:
        path = tmp_path / "bin"
        if via == "command":
            program = [sys.executable, "-m", "api.cli.main"]
        else:
            program = [str(SCRIPT)]
            path.mkdir(exist_ok=True)
            # An early version 2, such as Debian's, does not read AWS_ENDPOINT_URL.
            wrapper = path / "aws"
            wrapper.write_text(
                f'#!/bin/sh\nexec {aws_cli(via)} --endpoint-url "$AWS_ENDPOINT_URL" "$@"\n'
            )
            wrapper.chmod(0o755)
        process = subprocess.Popen(
            [*program, *arguments],
            env={
                **cloud.environment,
                "PATH": f"{path}:{cloud.environment['PATH']}",
                "AWS_ENDPOINT_URL": cloud.bridge.url,
                "TRIGGER_POLL_SECONDS": "2",  # each asks by a process of its own
                **environment,
            },
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def _new_job(cloud: Any, known: set[str]) -> str:
    """Wait for the one job that was not there before."""
    end = time.monotonic() + DEADLINE
    while not (new := cloud.job_ids() - known):
        assert time.monotonic() < end, "no job was submitted"
        time.sleep(0.05)
    (job_id,) = new
    return str(job_id)


def test_emulator_skips_only_the_listed_resources(cloud: Any) -> None:
    assert set(cloud.skipped.values()) <= {
        "AWS::ApiGatewayV2::Api",
        "AWS::ApiGatewayV2::Integration",
        "AWS::ApiGatewayV2::Route",
        "AWS::ApiGatewayV2::Stage",
        "AWS::Batch::ConsumableResource",
        "AWS::CloudWatch::Alarm",
        "AWS::Cognito::UserPool",
        "AWS::Cognito::UserPoolClient",
        "AWS::Cognito::UserPoolDomain",
        "AWS::EC2::EgressOnlyInternetGateway",
        "AWS::EC2::VPCCidrBlock",
        "AWS::Lambda::EventInvokeConfig",
        "AWS::S3::BucketPolicy",
        "AWS::SNS::TopicPolicy",
    }


def test_from_the_script_to_the_api(cloud: Any, run: Run, efs: Path) -> None:
    settings = Settings(
        db_path=efs / "cocktails.db",
        analytics_bucket=cloud.outputs["AnalyticsBucketName"],
        api_token="a-token-of-sixteen-characters-or-more",
        allowed_hosts=("testserver",),
    )
    boto3.resource("s3").Bucket(cloud.outputs["AnalyticsBucketName"]).object_versions.delete()
    client = TestClient(create_app(settings))
    assert client.get("/api/v1/analytics/cocktail-space-em").status_code == 404

    known = cloud.job_ids()
    waiting = run("dev", "--wait")
    job_id = _new_job(cloud, known)
    cloud.job(job_id).status = "RUNNABLE"

    # While it waits, others are absorbed: the script's default is dev.
    second = run()
    output, said = second.communicate(timeout=DEADLINE)
    assert (second.returncode, output) == (0, f"{job_id}\n"), said
    assert "already waiting" in said
    assert cloud.bridge.invocations[-2:] == [FUNCTION, FUNCTION]

    done = cloud.run_job(job_id, efs)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    output, said = waiting.communicate(timeout=DEADLINE)
    assert (waiting.returncode, output) == (0, f"{job_id}\n"), said
    states = [line.split()[-1] for line in said.splitlines() if line[2:3] == ":"]
    assert states[-1] == "SUCCEEDED"
    assert set(states) <= {"SUBMITTED", "RUNNABLE", "RUNNING", "SUCCEEDED"}
    assert answer["snapshot_id"] in said  # the log's tail

    read = client.get("/api/v1/analytics/cocktail-space-em").json()
    assert read["metadata"]["snapshot_id"] == answer["snapshot_id"]
    assert len(read["data"]) == answer["cocktail_space_em_count"] > 100
    for name in ("ingredient-usage", "recipe-complexity", "cocktail-space", "ingredient-tree"):
        assert client.get(f"/api/v1/analytics/{name}").json()["data"]


def test_the_command_does_the_same(cloud: Any, run: Run, efs: Path) -> None:
    known = cloud.job_ids()
    waiting = run("trigger", "dev", "--wait", via="command")
    job_id = _new_job(cloud, known)
    done = cloud.run_job(job_id, efs)
    assert done.returncode == 0, done.stderr
    output, said = waiting.communicate(timeout=DEADLINE)
    assert waiting.returncode == 0, said
    result = json.loads(output)
    assert (result["job_id"], result["status"]) == (job_id, "SUCCEEDED")
    assert json.loads(done.stdout)["snapshot_id"] in said

    status = run("status", "dev", "--wait", via="command")
    output, said = status.communicate(timeout=DEADLINE)
    assert status.returncode == 0, said
    assert job_id in {job["job_id"] for job in json.loads(output)["jobs"]}
    assert job_id in said


@pytest.mark.parametrize("via", ["v2", "command"])
def test_failed_job_is_reported_with_its_log(
    cloud: Any, run: Run, tmp_path: Path, via: str
) -> None:
    (tmp_path / "empty").mkdir()
    known = cloud.job_ids()
    waiting = run(*(["trigger"] if via == "command" else []), "dev", "--wait", via=via)
    job_id = _new_job(cloud, known)
    assert cloud.run_job(job_id, tmp_path / "empty").returncode == 1
    output, said = waiting.communicate(timeout=DEADLINE)
    assert waiting.returncode == 1
    assert job_id in output
    assert "/mnt/efs/cocktails.db" in said  # from its log
    assert "FAILED" in said
    assert "Essential container" in said + output


@pytest.fixture
def function() -> Iterator[Callable[..., None]]:
    """Deploy the trigger function with something wrong."""
    client = boto3.client("lambda")
    before = client.get_function_configuration(FunctionName=FUNCTION)

    def change(**changes: Any) -> None:
        client.update_function_configuration(FunctionName=FUNCTION, **changes)

    yield change
    change(Handler=before["Handler"], Environment=before["Environment"])


@pytest.mark.parametrize("via", ["v2", "command"])
def test_a_function_error_fails(
    cloud: Any, function: Callable[..., None], run: Run, via: str
) -> None:
    function(Handler="api.analytics.trigger.missing")
    process = run(*(["trigger"] if via == "command" else []), "dev", via=via)
    output, said = process.communicate(timeout=DEADLINE)
    assert (process.returncode, output) == (1, "")
    assert "FunctionError Unhandled" in said
    assert "missing" in said


@pytest.mark.parametrize("via", ["v1", "command"])
def test_another_status_than_200_fails(
    cloud: Any, function: Callable[..., None], run: Run, via: str
) -> None:
    variables = {"BATCH_JOB_QUEUE": cloud.outputs["AnalyticsJobQueueArn"]}
    function(Environment={"Variables": {**variables, "BATCH_JOB_DEFINITION": "not-there"}})
    process = run(*(["trigger"] if via == "command" else []), "dev", via=via)
    output, said = process.communicate(timeout=DEADLINE)
    assert (process.returncode, output) == (1, "")
    assert "500" in said
    assert "not-there" in said


@pytest.mark.parametrize("via", ["v2", "command"])
def test_a_stack_that_is_not_there_is_named(cloud: Any, run: Run, via: str) -> None:
    process = run(*(["trigger"] if via == "command" else []), "prod", via=via)
    output, said = process.communicate(timeout=DEADLINE)
    assert (process.returncode, output) == (1, "")
    assert "cocktail-db-prod" in said
    assert "us-east-1" in said


@pytest.mark.parametrize("arguments", [["staging"], ["dev", "prod"], ["--help"], ["--wait", "-x"]])
def test_other_arguments_are_refused(cloud: Any, run: Run, arguments: list[str]) -> None:
    invoked = len(cloud.bridge.invocations)
    process = run(*arguments)
    output, said = process.communicate(timeout=DEADLINE)
    assert (process.returncode, output) == (2, "")
    assert "Usage: trigger-analytics-refresh.sh [dev|prod] [--wait]" in said
    assert len(cloud.bridge.invocations) == invoked


def test_the_script_is_clean() -> None:
    shellcheck = Path(sys.executable).with_name("shellcheck")
    done = subprocess.run(
        [shellcheck, *sorted((ROOT / "scripts").glob("*.sh"))], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout
