"""The server's image and its compose file, read without an engine; hadolint lints the image."""

import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import make_url
from typer.main import get_command

from api.cli.main import app
from api.settings import Settings
from tests.cloud.test_dockerfile import parse
from tests.cloud.transformed import ROOT

DEPLOY = ROOT / "deploy"
STAGES = parse((DEPLOY / "Dockerfile").read_text())
JOB = parse((ROOT / "api" / "analytics" / "Dockerfile").read_text())
#: Read by uvicorn, not by our settings.
VARIABLES = {name.upper() for name in Settings.model_fields} | {"FORWARDED_ALLOW_IPS"}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return found


def _instructions(name: str) -> list[str]:
    return [one.rest for stage in STAGES for one in stage.instructions if one.name == name]


def _require_command(arguments: list[str]) -> None:
    """Fail unless our own command takes these arguments."""
    assert arguments[0] == "cocktaildb"
    command, rest = get_command(app), arguments[1:]
    while hasattr(command, "commands") and rest:
        command, rest = command.commands[rest[0]], rest[1:]
    command.make_parser(command.context_class(command)).parse_args(rest)


def test_image_starts_from_the_same_base() -> None:
    assert {stage.base for stage in STAGES} == {stage.base for stage in JOB}


def test_image_copies_what_the_context_has() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    for line in _instructions("COPY"):
        *sources, _ = shlex.split(line)
        for source in sources if not sources[0].startswith("--from") else []:
            assert (ROOT / source).exists(), source
            assert f"!{source}" in ignored, f".dockerignore leaves {source} out"


def test_image_serves_without_root() -> None:
    [user] = _instructions("USER")
    assert int(user) > 0
    [command] = _instructions("CMD")
    _require_command(json.loads(command))
    [port] = _instructions("EXPOSE")
    [health] = _instructions("HEALTHCHECK")
    assert f"127.0.0.1:{port}/health" in health


def test_compose_names_what_exists(compose: dict[str, Any]) -> None:
    services = compose["services"]
    for name, service in services.items():
        assert set(service) <= {
            "image", "build", "command", "environment", "volumes", "ports", "depends_on",
            "healthcheck", "restart", "read_only", "tmpfs", "cap_drop", "security_opt",
        }, name  # fmt: skip
        for volume in service.get("volumes", []):
            assert volume.split(":")[0] in compose["volumes"]
        for other, wanted in service.get("depends_on", {}).items():
            healthy = wanted["condition"] == "service_healthy"
            assert healthy is ("healthcheck" in services[other])
        if "build" in service:
            context = DEPLOY / service["build"]["context"]
            assert (context / service["build"]["dockerfile"]).samefile(DEPLOY / "Dockerfile")
            assert set(service["environment"]) <= VARIABLES
            _require_command(service.get("command", ["cocktaildb", "serve"]))


def test_compose_joins_site_and_database(compose: dict[str, Any]) -> None:
    services = compose["services"]
    server = services["database"]["environment"]
    text = services["site"]["environment"]["DATABASE_URL"]
    url = make_url(re.sub(r"\$\{POSTGRES_PASSWORD:[^}]*\}", "secret", text))
    assert (url.host, url.username) == ("database", server["POSTGRES_USER"])
    assert (url.database, url.password) == (server["POSTGRES_DB"], "secret")
    # Reachable from this machine alone until somebody decides otherwise.
    assert all(port.startswith("127.0.0.1:") for port in services["site"]["ports"])
    assert "ports" not in services["database"]


def test_docker_accepts_the_compose_file() -> None:
    docker = shutil.which("docker") or "docker"
    try:
        subprocess.run([docker, "compose", "version"], capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("docker compose is not installed")
    done = subprocess.run(
        [docker, "compose", "--file", str(Path("deploy/compose.yaml")), "config", "--quiet"],
        cwd=ROOT,
        env={"POSTGRES_PASSWORD": "secret", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
