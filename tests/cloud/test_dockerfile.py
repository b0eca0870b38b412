"""The image's recipe, followed without Docker.

There is no Docker engine where the tests run. So the Dockerfile is read, and its instructions are
carried out in a directory that represents the image's root: with the files that it copies and no
others, in a fresh Python 3.12, as far as the process of its CMD.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.pythons import find_python

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "api" / "analytics" / "Dockerfile"


@dataclass
class Instruction:
    """One instruction: ``RUN``, ``COPY``, ..., and what follows the word."""

    name: str
    rest: str


@dataclass
class Stage:
    """What lies between one FROM and the next."""

    base: str
    name: str | None
    instructions: list[Instruction] = field(default_factory=list)


def parse(text: str) -> list[Stage]:
    """Read a Dockerfile: comments dropped, continued lines joined."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n", " ", "\n".join(lines))
    stages: list[Stage] = []
    for line in filter(None, map(str.strip, joined.splitlines())):
        name, rest = line.split(maxsplit=1)
        if name == "FROM":
            base, *alias = rest.split()
            stages.append(Stage(base, alias[1] if alias else None))
        else:
            stages[-1].instructions.append(Instruction(name, rest))
    return stages


class Image:
    """A directory that instructions are carried out in, as if it were the root of a container.

    Absolute paths of the recipe are taken to lie below it. Users, volumes and system packages are
    left out: they need root, and Linux's namespaces; the compiler is this machine's.
    """

    #: Caches are kept: see __init__. Compiling all packages would be most of the time taken.
    LEFT_OUT = ("PIP_NO_CACHE_DIR", "UV_NO_CACHE", "UV_COMPILE_BYTECODE", "PYTHONDONTWRITEBYTECODE")
    MOVED = ("/opt", "/build", "/tmp", "/var/cache", "/mnt")

    def __init__(self, root: Path, python: str) -> None:
        self.root = root
        self.workdir = root
        self.env = {
            "PATH": f"{root / 'python'}:/usr/bin:/bin",
            "HOME": str(root / "home"),
            # The image has no caches; a test that downloads 200 MB each time is not run often.
            "PIP_CACHE_DIR": os.environ.get("PIP_CACHE_DIR", str(Path.home() / ".cache" / "pip")),
            "UV_CACHE_DIR": os.environ.get("UV_CACHE_DIR", str(Path.home() / ".cache" / "uv")),
        }
        passed_on = ("PIP_", "UV_", "SSL_", "OPENBLAS_")
        self.env |= {k: v for k, v in os.environ.items() if k.startswith(passed_on)}
        (root / "python").mkdir(parents=True)
        (root / "home").mkdir()
        (root / "python" / "python").symlink_to(python)
        for moved in self.MOVED:
            self.path(moved).mkdir(parents=True, exist_ok=True)

    def path(self, text: str) -> Path:
        return Path(self.moved(text)) if text.startswith("/") else self.workdir / text

    def moved(self, text: str) -> str:
        places = "|".join(map(re.escape, self.MOVED))
        return re.sub(
            rf"(?<![\w./])({places})(?=[/:\s\"']|$)", lambda m: f"{self.root}{m[1]}", text
        )

    def build(self, stages: list[Stage]) -> list[str]:
        """Carry out every stage; return the command of the last."""
        command: list[str] = []
        for stage in stages:
            for instruction in stage.instructions:
                match instruction.name:
                    case "ENV":
                        self._set(instruction.rest)
                    case "WORKDIR":
                        self.workdir = self.path(instruction.rest)
                        self.workdir.mkdir(parents=True, exist_ok=True)
                    case "COPY":
                        self._copy(instruction.rest)
                    case "RUN" if "useradd" in instruction.rest or "apt-get" in instruction.rest:
                        pass
                    case "RUN":
                        self.run(["sh", "-ec", self.moved(instruction.rest)])
                    case "CMD":
                        command = json.loads(instruction.rest)
                    case "USER" | "VOLUME":
                        pass
                    case other:
                        raise AssertionError(f"this test does not know {other}")
        return command

    def _set(self, rest: str) -> None:
        for pair in shlex.split(rest):
            name, value = pair.split("=", 1)
            if name not in self.LEFT_OUT:
                self.env[name] = self.moved(value).replace("$PATH", self.env["PATH"])

    def _copy(self, rest: str) -> None:
        *sources, target = rest.split()
        if sources[0].startswith("--from="):
            return  # the same directory represents both stages
        for source in sources:
            to = self.path(target)
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, to, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                into = to / Path(source).name if target.endswith("/") else to
                into.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / source, into)

    def run(self, command: list[str], **env: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            command,
            cwd=self.workdir,
            env=self.env | env,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
        return done


@pytest.fixture(scope="module")
def stages() -> list[Stage]:
    return parse(DOCKERFILE.read_text())


@pytest.fixture(scope="module")
def built(stages: list[Stage], tmp_path_factory: pytest.TempPathFactory) -> tuple[Image, list[str]]:
    python = find_python("3.12")
    if python is None:
        pytest.skip("no Python 3.12 here to build the image's contents with")
    image = Image(tmp_path_factory.mktemp("image"), python)
    return image, image.build(stages)


def test_base_is_one_digest_from_public_ecr(stages: list[Stage]) -> None:
    [base] = {stage.base for stage in stages}
    assert re.fullmatch(
        r"public\.ecr\.aws/docker/library/python:3\.12-slim@sha256:[0-9a-f]{64}", base
    )


def test_job_is_not_root_and_needs_no_shell(stages: list[Stage]) -> None:
    last = {instruction.name: instruction.rest for instruction in stages[-1].instructions}
    assert last["USER"].isdecimal()
    assert last["USER"] != "0"
    assert json.loads(last["CMD"]) == ["python", "-m", "api.analytics.analytics_refresh"]


def test_what_changes_least_often_is_copied_first(stages: list[Stage]) -> None:
    copied = [i.rest.split()[0] for i in stages[0].instructions if i.name == "COPY"]
    order = ["requirements.txt", "packages/barcart", "api"]
    assert sorted(order, key=copied.index) == order


def test_dockerignore_admits_exactly_what_is_copied(stages: list[Stage]) -> None:
    copied = {
        source
        for stage in stages
        for instruction in stage.instructions
        if instruction.name == "COPY" and not instruction.rest.startswith("--from=")
        for source in instruction.rest.split()[:-1]
    }
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in lines
    assert {line[1:] for line in lines if line.startswith("!")} == copied


def test_only_locked_dependencies_are_installed(stages: list[Stage]) -> None:
    commands = [i.rest for i in stages[0].instructions if i.name == "RUN"]
    installs = re.findall(r"pip (?:install|wheel) [^&]*", " ".join(commands))
    assert installs
    for install in installs:
        assert "--require-hashes" in install or "--no-deps" in install, install


def test_command_publishes_the_sample_from_copied_files(
    built: tuple[Image, list[str]],
) -> None:
    image, command = built
    database = image.path("/mnt/efs/sample.db")
    image.run(["python", "-c", "from api.cli import db; db.init()"], DB_PATH=str(database))
    venv = image.path("/opt/venv")
    before = {path for path in venv.rglob("*") if path.suffix != ".pyc"}
    done = image.run(
        command, DB_PATH=str(database), ANALYTICS_DIR=str(image.path("/tmp/analytics"))
    )
    result = json.loads(done.stdout)
    assert result["status"] == "success"
    assert result["changed"] is True
    assert result["cocktail_space_em_count"] > 0
    # The root is mounted read-only: nothing may be written but to the volumes.
    assert {path for path in venv.rglob("*") if path.suffix != ".pyc"} == before


def test_what_the_job_imports_comes_from_the_image(built: tuple[Image, list[str]]) -> None:
    image, _ = built
    code = (
        "import api.analytics.analytics_refresh as a, barcart as b; print(a.__file__, b.__file__)"
    )
    for path in image.run(["python", "-c", code]).stdout.split():
        assert Path(path).is_relative_to(image.path("/opt/venv"))


def test_compiler_stays_in_the_build_stage(stages: list[Stage]) -> None:
    installs = [i.rest for stage in stages for i in stage.instructions if "apt-get" in i.rest]
    assert len(installs) == 1
    assert "gcc" in installs[0]
    assert not any("apt-get" in i.rest for i in stages[-1].instructions)
