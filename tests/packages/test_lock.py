"""The lock holds all that the project files require, in versions that they accept."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]
PROJECTS = [ROOT / "pyproject.toml", ROOT / "packages" / "barcart" / "pyproject.toml"]

_PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(?:\[.*?\])?==(?P<version>[^\s;\\]+)", re.MULTILINE)


def _requirements(project: Path) -> Iterator[Requirement]:
    written = tomllib.loads(project.read_text(encoding="utf-8"))
    listed = [*written["project"]["dependencies"]]
    for group in written["project"].get("optional-dependencies", {}).values():
        listed += group
    for group in written.get("dependency-groups", {}).values():
        listed += [item for item in group if isinstance(item, str)]
    yield from map(Requirement, listed)


@pytest.mark.parametrize("project", PROJECTS, ids=lambda path: path.parent.name)
def test_lock_satisfies_the_project_file(project: Path) -> None:
    pins: dict[str, list[Version]] = {}
    for pin in _PIN.finditer((ROOT / "requirements.txt").read_text(encoding="utf-8")):
        pins.setdefault(canonicalize_name(pin["name"]), []).append(Version(pin["version"]))
    missing = [
        str(requirement)
        for requirement in _requirements(project)
        if requirement.name != "barcart"
        and not any(
            requirement.specifier.contains(version)
            for version in pins.get(canonicalize_name(requirement.name), [])
        )
    ]
    assert missing == [], "run: make lock"


def test_every_pin_has_a_hash() -> None:
    for lock in [ROOT / "requirements.txt", *(ROOT / "tools").glob("*.lock")]:
        entries = re.split(r"\n(?=\S)", lock.read_text(encoding="utf-8").strip())
        pinned = [entry for entry in entries if "==" in entry.splitlines()[0]]
        assert pinned
        assert [entry.splitlines()[0] for entry in pinned if "--hash=sha256:" not in entry] == []


def test_lock_names_no_package_index() -> None:
    for lock in [
        ROOT / "requirements.txt",
        ROOT / "package-lock.json",
        *(ROOT / "tools").glob("*.lock"),
    ]:
        text = lock.read_text(encoding="utf-8")
        assert re.findall(r"(?m)^--(?:extra-)?index-url.*$|\"resolved\".*$", text) == []
