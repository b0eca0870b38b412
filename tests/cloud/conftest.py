"""The stack of template.yaml in an emulated AWS, for the end-to-end test.

What is real: the SAM transform, CloudFormation's resolution of references, boto3 and the AWS CLI
over HTTP, the trigger's deployed package, the job's command with its environment and a read-only
mount.

What is not: moto emulates AWS. It checks no signature and no policy, starts no instance and no
container, and knows neither all resources nor all attributes of this template: `skipped` names
those that were left out. Without Docker it runs no Lambda either, so a bridge stands in front of
it, which answers an invocation by the deployed handler in a fresh process and passes on everything
else. A job's states are set by hand, as Batch would go through them.
"""

import http.client
import importlib
import io
import json
import os
import re
import subprocess
import sys
import threading
import urllib.request
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.batch.models import Job, batch_backends
from moto.cloudformation.parsing import get_model_map
from moto.moto_api import state_manager
from moto.server import ThreadedMotoServer

from tests.cloud.transformed import REGION, ROOT, transformed_template

ACCOUNT = "123456789012"
STACK = "cocktail-db-dev"
PLACEHOLDER = "not-in-moto"

#: Services that moto calls otherwise.
_MOTO = {"Lambda": "awslambda"}
#: Attributes that moto's resources lack, said in another way.
_ATTRIBUTES = {
    ("CocktailEFS", "Arn"): "file-system/${CocktailEFS}",
    ("EFSAccessPoint", "Arn"): "access-point/${EFSAccessPoint}",
}
#: Properties of subnets and routes that need an attribute of the IPv6 block, which moto lacks.
_IPV6 = {"Ipv6CidrBlock", "AssignIpv6AddressOnCreation", "EgressOnlyInternetGatewayId"}

#: What Lambda does with an invocation: the answer on the last line of stdout.
_RUNTIME = """
import importlib, json, sys, traceback
module, name = sys.argv[1].rsplit(".", 1)
try:
    answer = {"result": getattr(importlib.import_module(module), name)(json.load(sys.stdin), None)}
except BaseException as error:
    traceback.print_exc()
    answer = {"error": {"errorMessage": str(error), "errorType": type(error).__name__}}
print()
print(json.dumps(answer))
"""


def make_user_pool(template: dict[str, Any]) -> dict[str, str]:
    """Create the user pool and its client by their API, and return their ids by logical id."""
    cognito: Any = boto3.client("cognito-idp")
    properties = template["Resources"]["CocktailUserPool"]["Properties"]
    pool = cognito.create_user_pool(
        PoolName=STACK,
        UsernameAttributes=properties["UsernameAttributes"],
        Policies=properties["Policies"],
    )["UserPool"]["Id"]
    client = cognito.create_user_pool_client(
        UserPoolId=pool,
        ClientName=STACK,
        ExplicitAuthFlows=template["Resources"]["CocktailUserPoolClient"]["Properties"][
            "ExplicitAuthFlows"
        ],
    )["UserPoolClient"]["ClientId"]
    return {"CocktailUserPool": pool, "CocktailUserPoolClient": client}


def without(template: dict[str, Any], gone: set[str], made: dict[str, str]) -> dict[str, Any]:
    """Return the template without some resources, references to them being placeholders.

    Of those that were made in another way, references are the ids of `made`.
    """

    def referenced(found: re.Match[str]) -> str:
        return PLACEHOLDER if found[1] in gone else found[0]

    def strip(value: Any) -> Any:
        if isinstance(value, list):
            return [strip(item) for item in value]
        if not isinstance(value, dict):
            return value
        match value:
            case {"Ref": "EFSAccessPoint"}:
                return "fsap-0123456789abcdef0"  # moto would put an object, not its id
            case {"Ref": name} if name in gone:
                return made.get(name, PLACEHOLDER)
            case {"Fn::GetAtt": [name, *_]} if name in gone:
                return PLACEHOLDER
            case {"Fn::GetAtt": [name, attribute]} if (name, attribute) in _ATTRIBUTES:
                arn = "arn:aws:elasticfilesystem:${AWS::Region}:${AWS::AccountId}:"
                return {"Fn::Sub": arn + _ATTRIBUTES[name, attribute]}
            case {"Fn::Sub": str(text)}:
                return {"Fn::Sub": re.sub(r"\$\{(\w+)(\.\w+)?\}", referenced, text)}
        return {key: strip(item) for key, item in value.items() if key not in _IPV6}

    resources = {}
    for name, resource in template["Resources"].items():
        if name not in gone:
            after = resource.get("DependsOn", [])
            after = [after] if isinstance(after, str) else after
            resources[name] = strip(resource) | {"DependsOn": [n for n in after if n not in gone]}
    # moto makes up a name with capitals, which ECR would not have, nor does moto's.
    resources["AnalyticsECRRepository"].setdefault("Properties", {})["RepositoryName"] = "analytics"
    return {**template, "Resources": resources, "Outputs": strip(template["Outputs"])}


def build_package(function: str, directory: Path) -> bytes:
    """Build a function's package as `sam build` does, and return it zipped."""
    directory.mkdir()
    subprocess.run(
        ["make", f"build-{function}", f"ARTIFACTS_DIR={directory}"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as package:
        for path in sorted(directory.rglob("*")):
            package.write(path, path.relative_to(directory))
    return buffer.getvalue()


class Bridge(ThreadingHTTPServer):
    """Runs the functions that are invoked, and passes all else on to moto."""

    def __init__(self, moto: tuple[str, int], environment: dict[str, str]) -> None:
        bridge = self
        self.moto = moto
        self.environment = environment
        self.invocations: list[str] = []
        #: Of a function's environment, what has to be another here: the file system's path.
        self.overrides: dict[str, str] = {}

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _handle(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                invoked = re.fullmatch(
                    r"/2015-03-31/functions/([^/]+)/invocations", self.path.split("?")[0]
                )
                if invoked and self.command == "POST":
                    name = invoked[1].replace("%3A", ":").split(":")[-1]
                    status, headers, answer = bridge.invoke(name, body)
                else:
                    status, headers, answer = self._pass_on(body)
                self.send_response(status)
                for key, value in headers:
                    self.send_header(key, value)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def _pass_on(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
                connection = http.client.HTTPConnection(*bridge.moto, timeout=60)
                connection.request(self.command, self.path, body, dict(self.headers))
                response = connection.getresponse()
                answer = response.read()
                connection.close()
                kept = [
                    (key, value)
                    for key, value in response.getheaders()
                    if key.lower() not in ("content-length", "transfer-encoding", "connection")
                ]
                return response.status, kept, answer

            do_GET = do_POST = do_PUT = do_DELETE = _handle  # noqa: N815 named by the base class

            def log_message(self, *arguments: object) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def invoke(self, name: str, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        """Run a function from its deployed package, with its deployed handler and environment."""
        self.invocations.append(name)
        deployed = boto3.client("lambda", endpoint_url="http://{}:{}".format(*self.moto))
        function = deployed.get_function(FunctionName=name)
        configuration = function["Configuration"]
        key = configuration["FunctionName"]
        done = subprocess.run(
            [sys.executable, "-c", _RUNTIME, configuration["Handler"]],
            input=body or b"{}",
            env={
                **self.environment,
                **configuration.get("Environment", {}).get("Variables", {}),
                **self.overrides,
            },
            cwd=self.packages[key],
            capture_output=True,
            check=False,
            timeout=configuration["Timeout"],
        )
        answer = json.loads(done.stdout.splitlines()[-1])
        if "error" in answer:
            return (
                200,
                [("X-Amz-Function-Error", "Unhandled")],
                json.dumps(answer["error"]).encode(),
            )
        return 200, [], json.dumps(answer["result"]).encode()

    packages: dict[str, Path]


@dataclass
class Cloud:
    """The emulated AWS with the stack in it."""

    moto: str
    bridge: Bridge
    environment: dict[str, str]
    outputs: dict[str, str]
    #: What moto cannot make: type by logical id.
    skipped: dict[str, str]
    log_group: str

    def job(self, job_id: str) -> Job:
        found: Job = batch_backends[ACCOUNT][REGION]._jobs[job_id]
        return found

    def job_ids(self) -> set[str]:
        return set(batch_backends[ACCOUNT][REGION]._jobs)

    def run_job(self, job_id: str, efs: Path) -> subprocess.CompletedProcess[str]:
        """Do what ECS does: run the image's command with the job's environment and mount.

        The file system is mounted, read-only if the job says so, where the job wants it, in a mount
        namespace of the process's own. Its log goes where the awslogs driver puts it.
        """
        batch = boto3.client("batch", endpoint_url=self.moto)
        (described,) = batch.describe_jobs(jobs=[job_id])["jobs"]
        container = described["container"]
        (definition,) = batch.describe_job_definitions(jobDefinitions=[described["jobDefinition"]])[
            "jobDefinitions"
        ]
        (mount,) = definition["containerProperties"]["mountPoints"]
        command = container.get("command") or _image_command()
        assert command[0] == "python"
        assert mount["containerPath"].startswith("/mnt/")
        assert mount["readOnly"] is True
        job = self.job(job_id)
        job.status = "RUNNING"
        job.job_started_at = datetime.now()
        job.log_stream_name = job._stream_name
        job._start_attempt()
        done = subprocess.run(
            [
                "unshare",
                "--mount",
                "sh",
                "-c",
                'mount -t tmpfs none /mnt && mkdir "$2" && mount --bind "$1" "$2" '
                '&& mount -o remount,ro,bind "$2" && shift 2 && exec "$@"',
                "sh",
                str(efs),
                mount["containerPath"],
                sys.executable,
                *command[1:],
            ],
            env={
                **self.environment,
                "AWS_ENDPOINT_URL": self.moto,
                **{item["name"]: item["value"] for item in container["environment"]},
            },
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        logs = boto3.client("logs", endpoint_url=self.moto)
        logs.create_log_stream(logGroupName=self.log_group, logStreamName=job.log_stream_name)
        now = int(datetime.now().timestamp() * 1000)
        lines = [line for line in (done.stderr + done.stdout).splitlines() if line]
        logs.put_log_events(
            logGroupName=self.log_group,
            logStreamName=job.log_stream_name,
            logEvents=[{"timestamp": now, "message": line} for line in lines],
        )
        if done.returncode != 0:
            job.job_stopped_reason = "Essential container in task exited"
        job._mark_stopped(success=done.returncode == 0)
        return done


def _image_command() -> list[str]:
    """Return the command of the image, which a job without one of its own runs."""
    (command,) = re.findall(
        r"^CMD (\[.*\])$", (ROOT / "api/analytics/Dockerfile").read_text(), re.MULTILINE
    )
    found: list[str] = json.loads(command)
    return found


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    moto = f"http://{host}:{port}"
    credentials = {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "PATH": os.environ["PATH"],
        "HOME": os.environ.get("HOME", "/"),
    }
    bridge = Bridge((host, port), {**credentials, "AWS_ENDPOINT_URL": moto})
    state_manager.set_transition("batch::job", {"progression": "manual", "times": 10**9})
    with pytest.MonkeyPatch.context() as patch:
        for name, value in credentials.items():
            patch.setenv(name, value)
        patch.setenv("AWS_ENDPOINT_URL", moto)
        patch.setattr(Job, "run", lambda self: None)  # it would start Docker
        boto3.client("s3").create_bucket(Bucket="code")

        template = transformed_template()
        for service in sorted({r["Type"].split("::")[1] for r in template["Resources"].values()}):
            # moto knows a resource from when its service's code is there.
            with suppress(ImportError):
                importlib.import_module(f"moto.{_MOTO.get(service, service.lower())}.models")
        known = get_model_map()
        skipped = {
            name: resource["Type"]
            for name, resource in template["Resources"].items()
            if resource["Type"] not in known
        }
        package = tmp_path_factory.mktemp("package") / "trigger"
        code = build_package("AnalyticsTriggerFunction", package)
        installer = package.with_name("install")
        build_package("InstallDatabaseFunction", installer)
        for name, resource in template["Resources"].items():
            if resource["Type"] == "AWS::Lambda::Function":
                # The API's package is of no use here: nobody invokes it through AWS.
                boto3.client("s3").put_object(Bucket="code", Key=f"{name}.zip", Body=code)
        formation = boto3.client("cloudformation")
        formation.create_stack(
            StackName=STACK,
            TemplateBody=json.dumps(without(template, set(skipped), make_user_pool(template))),
            Parameters=[{"ParameterKey": "Environment", "ParameterValue": "dev"}],
            Capabilities=["CAPABILITY_IAM"],
        )
        (stack,) = formation.describe_stacks(StackName=STACK)["Stacks"]
        assert stack["StackStatus"] == "CREATE_COMPLETE"
        outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
        bridge.packages = {
            outputs["AnalyticsTriggerFunctionArn"].split(":")[-1]: package,
            outputs["InstallDatabaseFunctionName"]: installer,
        }
        (definition,) = boto3.client("batch").describe_job_definitions(
            jobDefinitions=[outputs["AnalyticsJobDefinitionArn"]]
        )["jobDefinitions"]
        log_options = definition["containerProperties"]["logConfiguration"]["options"]
        threading.Thread(target=bridge.serve_forever, args=(0.02,), daemon=True).start()
        yield Cloud(
            moto,
            bridge,
            credentials,
            outputs,
            skipped,
            log_options["awslogs-group"],
        )
        bridge.shutdown()
        bridge.server_close()
    state_manager.unset_transition("batch::job")
    urllib.request.urlopen(urllib.request.Request(f"{moto}/moto-api/reset", method="POST")).close()
    server.stop()


def aws_cli(version: str) -> Path:
    """Return the AWS CLI of a major version, "v1" or "v2"; skip the test if there is none.

    Version 1 comes with `make cloud-tools`. Version 2 is not on PyPI: Debian's package `awscli`,
    or AWS's installer.
    """
    own = ROOT / ".tools" / "awscli" / "bin" / "aws"
    candidates = [own, *(Path(place) / "aws" for place in os.environ["PATH"].split(os.pathsep))]
    for candidate in candidates:
        if candidate.is_file():
            said = subprocess.run([candidate, "--version"], capture_output=True, text=True)
            if said.stdout.startswith(f"aws-cli/{version[1:]}."):
                return candidate
    pytest.skip(f"no AWS CLI {version}: make cloud-tools (v1), apt-get install awscli (v2)")
