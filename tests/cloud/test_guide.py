"""The operator's guide, followed word by word: its commands, run in order in an emulated AWS.

Real are the shell, the AWS CLI, `cocktaildb`, the script, and the two functions that are invoked.
`sam`, `docker` and `curl` only record how they were called: what they would do needs AWS or Docker.
"""

import json
import re
import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from api.db.database import Database
from api.db.frames import Dataset
from tests.cloud.conftest import aws_cli
from tests.cloud.transformed import ROOT

pytestmark = pytest.mark.cloud

GUIDE = (ROOT / "docs" / "deployment.md").read_text()
SECTIONS = ("What you need", "The first deployment", "Later deployments")

#: Calls that moto does not answer: only their arguments are checked, by the CLI itself.
NOT_EMULATED = ("get-account-settings",)


def commands(section: str) -> str:
    """Return the shell blocks of a section, one after the other."""
    text = GUIDE.split(f"\n## {section}\n")[1].split("\n## ")[0]
    return "\n".join(re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))


def joined(text: str) -> str:
    """Return text without the ends of continued lines."""
    return re.sub(r"\\\n\s*", " ", text)


def test_every_section_has_commands() -> None:
    assert all("aws " in commands(section) for section in SECTIONS)


def test_every_aws_command_names_its_region() -> None:
    code = joined("\n".join(map(commands, SECTIONS)))
    code += "\n".join(re.findall(r"`(aws [^`]*)`", joined(GUIDE)))
    starts = [found.start() for found in re.finditer(r"\baws [a-z0-9-]+ [a-z0-9-]+ ", code)]
    assert len(starts) > 10
    for start, end in zip(starts, [*starts[1:], len(code)], strict=True):
        assert "--region us-east-1" in code[start:end], code[start:end]


def test_no_override_drops_the_environment() -> None:
    deployments = re.findall(r"sam deploy[^`\n]*", joined(GUIDE))
    overrides = [text for text in deployments if "--parameter-overrides" in text]
    assert len(overrides) >= 3
    for text in overrides:
        given = shlex.split(text.split("--parameter-overrides")[1])[0].split()
        environment = dict(pair.split("=", 1) for pair in given)["Environment"]
        assert f"--config-env {environment}" in text.replace('"$ENV"', "$ENV")


def test_every_section_defines_what_it_uses() -> None:
    """A reader may come back for a later deployment alone, in a new shell."""
    for section in SECTIONS[1:]:
        code = commands(section)
        for name in set(re.findall(r"\$\{?([A-Z]\w*)", code)):
            assert re.search(rf"(^|[\s;]){name}=", code), f"{section}: {name}"
        assert "output() {" in code


@pytest.fixture
def desk(
    tmp_path: Path, make_database: Callable[[Dataset | None], Database], sample: Dataset
) -> Path:
    """A directory that looks like a checkout, with a database in it."""
    desk = tmp_path / "desk"
    (desk / "var").mkdir(parents=True)
    (desk / "scripts").symlink_to(ROOT / "scripts")
    database = make_database(sample).sqlite_path
    assert database is not None
    shutil.copy(database, desk / "var" / "cocktails.db")
    identity = ["-c", "user.name=test", "-c", "user.email=test@example.org"]
    subprocess.run(["git", "init", "--quiet"], cwd=desk, check=True)
    subprocess.run(
        ["git", *identity, "commit", "--quiet", "--allow-empty", "--message", "start"],
        cwd=desk,
        check=True,
    )
    return desk


def write_tools(directory: Path, aws: Path, log: Path) -> None:
    """Write the programs that the guide calls."""
    directory.mkdir()
    skeletons = "|".join(NOT_EMULATED)
    record = f"""#!{sys.executable}
import json, pathlib, sys
with pathlib.Path({str(log)!r}).open("a") as log:
    print(json.dumps([pathlib.Path(sys.argv[0]).name, *sys.argv[1:]]), file=log)
"""
    for name in ("sam", "docker", "curl"):
        read = "sys.stdin.read()\n" if name == "docker" else ""
        (directory / name).write_text(record + (f"if 'login' in sys.argv: {read}" if read else ""))
    (directory / "cocktaildb").write_text(
        f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m api.cli.main "$@"\n'
    )
    (directory / "aws").write_text(
        f"""#!/bin/sh
case "$2" in
    {skeletons}) exec {aws} "$@" --generate-cli-skeleton output ;;
    *) exec {aws} --endpoint-url "$AWS_ENDPOINT_URL" "$@" ;;
esac
"""
    )
    for tool in directory.iterdir():
        tool.chmod(0o755)


def test_commands_work_in_order(cloud: Any, desk: Path, tmp_path: Path) -> None:
    log = tmp_path / "calls.jsonl"
    write_tools(tmp_path / "bin", aws_cli("v2"), log)  # the version that the guide names
    efs = tmp_path / "efs"
    efs.mkdir()
    cloud.bridge.overrides = {"DB_PATH": str(efs / "cocktails.db")}
    known = cloud.job_ids()
    ended = threading.Event()

    def let_jobs_succeed() -> None:
        while not ended.wait(0.1):
            for job in cloud.job_ids() - known:
                cloud.job(job).status = "SUCCEEDED"

    threading.Thread(target=let_jobs_succeed, daemon=True).start()
    code = "\n".join(commands(section) for section in SECTIONS)
    try:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", f'{code}\nprintf "%s" "$TOKEN" > token'],
            env={
                **cloud.environment,
                "PATH": f"{tmp_path / 'bin'}:{cloud.environment['PATH']}",
                "AWS_ENDPOINT_URL": cloud.bridge.url,
            },
            cwd=desk,
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
    finally:
        ended.set()
        cloud.bridge.overrides = {}
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]

    # The database is in place, and its upload is gone.
    assert (efs / "cocktails.db").read_bytes() == (desk / "var" / "cocktails.db").read_bytes()
    assert '"recipes"' in done.stdout
    assert (desk / "token").read_text().count(".") == 2  # a JWT
    assert len(cloud.job_ids() - known) == 1
    assert "Job queue: cocktail-db-dev-analytics" in done.stderr

    calls = [json.loads(line) for line in log.read_text().splitlines()]
    deployments = [call for call in calls if call[:2] == ["sam", "deploy"]]
    assert [call[2:4] for call in deployments] == [["--config-env", "dev"]] * 2
    [overrides] = [call[5] for call in deployments if "--parameter-overrides" in call]
    tag = dict(pair.split("=") for pair in overrides.split())["AnalyticsImageTag"]
    pushed = [call[call.index("--tag") + 1] for call in calls if call[:2] == ["docker", "buildx"]]
    repository = cloud.outputs["AnalyticsRepositoryUri"]
    assert pushed == [f"{repository}:initial", f"{repository}:{tag}"]
    logins = [call[-1] for call in calls if call[:2] == ["docker", "login"]]
    assert logins == [repository.split("/")[0]] * 2
