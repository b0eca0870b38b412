"""Both wheels as a user gets them: built, installed into an empty environment, and used.

The environment is a fresh one in an empty folder, with no checkout in sight. Dependencies come in
the versions of the lock.
"""

import email
import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from email.message import Message
from pathlib import Path

import pytest

from tests.pythons import find_python

ROOT = Path(__file__).parents[2]
#: The Pythons that the classifiers name.
PYTHONS = ["3.11", "3.12", "3.13"]


def _run(
    command: list[str], cwd: Path, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    return done


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    target = tmp_path_factory.mktemp("wheels")
    for project in (ROOT / "packages" / "barcart", ROOT):
        command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(target)]
        _run(command, cwd=project)
    found = sorted(target.glob("*.whl"))
    assert [wheel.name.split("-")[0] for wheel in found] == ["barcart", "cocktaildb_analytics"]
    return found


def _metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        return email.message_from_bytes(archive.read(name))


def test_metadata_is_complete(wheels: list[Path]) -> None:
    for wheel in wheels:
        metadata = _metadata(wheel)
        assert metadata["License-Expression"] == "MIT"
        assert metadata["License-File"] == "LICENSE"
        classifiers = metadata.get_all("Classifier") or []
        for python in PYTHONS:
            assert f"Programming Language :: Python :: {python}" in classifiers
        urls = {line.split(",")[0] for line in metadata.get_all("Project-URL") or []}
        assert {"Homepage", "Changelog", "Issues"} <= urls
        with zipfile.ZipFile(wheel) as archive:
            assert any(name.endswith("/licenses/LICENSE") for name in archive.namelist())


def test_no_requirement_is_a_path(wheels: list[Path]) -> None:
    for wheel in wheels:
        for requirement in _metadata(wheel).get_all("Requires-Dist") or []:
            assert "@" not in requirement


def test_readme_links_leave_the_checkout(wheels: list[Path]) -> None:
    for wheel in wheels:
        text = str(_metadata(wheel).get_payload())
        links = [part.split(")")[0] for part in text.split("](")[1:]]
        assert links
        assert [link for link in links if not link.startswith(("https://", "#"))] == []


@dataclass
class Installed:
    """A folder with an environment that holds both wheels and nothing else of ours."""

    place: Path
    environment: dict[str, str]

    def run(self, *command: str) -> str:
        return _run(list(command), self.place, self.environment).stdout.strip()


@pytest.fixture(scope="module", params=PYTHONS)
def installed(
    request: pytest.FixtureRequest, wheels: list[Path], tmp_path_factory: pytest.TempPathFactory
) -> Installed:
    python = find_python(request.param)
    if python is None:
        pytest.skip(f"Python {request.param} is not installed")
    uv = next(filter(None, map(shutil.which, [str(ROOT / ".tools/uv/bin/uv"), "uv"])), None)
    if uv is None:
        pytest.skip("uv is not installed: make .tools/uv/.installed")
    place = tmp_path_factory.mktemp("empty")
    venv = tmp_path_factory.mktemp("environment") / "venv"
    _run([python, "-m", "venv", "--without-pip", str(venv)], place)
    _run(
        [
            uv, "pip", "install", "--quiet", "--python", str(venv / "bin" / "python"),
            "--constraint", str(ROOT / "requirements.txt"), *map(str, wheels),
        ],
        place,
    )  # fmt: skip
    environment = {
        "PATH": f"{venv / 'bin'}:{os.defpath}",
        "HOME": str(place),
        # The machine's, not the wheels' affair: some processors need it for a correct result.
        **{name: value for name, value in os.environ.items() if name.startswith("OPENBLAS_")},
    }
    return Installed(place, environment)


def test_installed_command_computes_and_reports(installed: Installed) -> None:
    installed.run("sh", "-ec", "cocktaildb db init && cocktaildb refresh && cocktaildb report")
    page = (installed.place / "var" / "report.html").read_text(encoding="utf-8")
    assert "Negroni" in page
    assert sorted(path.name for path in installed.place.iterdir() if path.name[0] != ".") == ["var"]


def test_installed_code_comes_from_the_wheels(installed: Installed) -> None:
    code = "import api, barcart; print(api.__file__, barcart.__file__)"
    for path in installed.run("python", "-c", code).split():
        assert "site-packages" in path
        assert not Path(path).is_relative_to(ROOT)


def test_base_installation_brings_no_aws(installed: Installed) -> None:
    code = "import importlib.util as u; print([bool(u.find_spec(n)) for n in ('boto3', 'mangum')])"
    assert installed.run("python", "-c", code) == "[False, False]"
