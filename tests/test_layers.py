"""The table of layers in CONTRIBUTING.md against every import of the code."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LIBRARY = "packages/barcart"
_LIBRARY_SOURCE = ROOT / LIBRARY / "src/barcart"


def _layers() -> list[list[str]]:
    """Return the paths that each row of the table names, from the top."""
    rows = []
    for line in (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("| `"):
            cell = line.split("|")[1]
            rows.append([part.strip().strip("`") for part in cell.split(",")])
    return rows


LAYERS = _layers()


def _rank(path: str) -> tuple[int, str]:
    """Return the position in the table of a module's path, and the entry: the longest that fits."""
    fitting = [
        (len(entry), rank, entry)
        for rank, entries in enumerate(LAYERS)
        for entry in entries
        if path == entry or path.startswith(f"{entry}/")
    ]
    assert fitting, f"{path} is in no row of the table in CONTRIBUTING.md"
    _, rank, entry = max(fitting)
    return rank, entry


def _path_of(module: str) -> str | None:
    """Return where a dotted name of this repository is defined; None for other packages."""
    if module.split(".")[0] == "barcart":
        return LIBRARY
    if module.split(".")[0] != "api":
        return None
    relative = Path(*module.split("."))
    for found in (relative.with_suffix(".py"), relative / "__init__.py"):
        if (ROOT / found).is_file():
            return found.as_posix()
    return None


def _imports(path: Path, *, at_runtime: bool = False) -> Iterator[tuple[int, str]]:
    """Yield each import with its line, those inside functions too.

    With ``at_runtime``, leave out those that only type checkers see.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    if at_runtime:
        for node in ast.walk(tree):
            if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
                node.body = [ast.Pass()]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = path.relative_to(ROOT).with_suffix("").parts[: -node.level]
            base = ".".join([*package, *(node.module or "").split(".")]) if node.level else None
            base = (base or node.module or "").strip(".")
            # `from api.db import schema` may name a module or something in api/db/__init__.py.
            for alias in node.names:
                name = f"{base}.{alias.name}"
                yield node.lineno, name if _path_of(name) else base


def _sources() -> list[Path]:
    return sorted((ROOT / "api").rglob("*.py"))


def _upward() -> Iterator[str]:
    for source in _sources():
        relative = source.relative_to(ROOT).as_posix()
        if relative == "api/__init__.py":
            continue
        rank, entry = _rank(relative)
        for line, name in _imports(source):
            target = _path_of(name)
            if target is None or target == "api/__init__.py":
                continue
            other_rank, other = _rank(target)
            if other_rank < rank:
                yield f"{relative}:{line} imports {name}: {entry} may not import {other}"


def test_imports_point_down() -> None:
    assert list(_upward()) == []


def test_library_knows_nothing_of_api() -> None:
    faults = [
        f"{source.relative_to(ROOT)}:{line} imports {name}"
        for source in _LIBRARY_SOURCE.rglob("*.py")
        for line, name in _imports(source)
        if name.split(".")[0] == "api"
    ]
    assert faults == []


def test_no_modules_import_each_other_in_circles() -> None:
    graph = {
        source.relative_to(ROOT).as_posix(): {
            target
            for _, name in _imports(source, at_runtime=True)
            if (target := _path_of(name)) is not None
        }
        for source in _sources()
    }
    done: set[str] = set()
    for start in graph:
        trail: list[str] = []
        pending: list[tuple[str, bool]] = [(start, False)]
        while pending:
            node, leaving = pending.pop()
            if leaving:
                trail.remove(node)
                done.add(node)
            elif node not in done:
                assert node not in trail, " -> ".join([*trail[trail.index(node) :], node])
                trail.append(node)
                pending.append((node, True))
                # A package's __init__ is imported by its own modules all the time.
                pending.extend((one, False) for one in graph.get(node, ()) if one != node)


def test_table_names_existing_paths() -> None:
    named = [entry for entries in LAYERS for entry in entries]
    assert len(named) > 10
    assert [entry for entry in named if not (ROOT / entry).exists()] == []


@pytest.mark.parametrize("layer", ["api/http", "api/db", "api/jobs"])
def test_table_describes_the_main_layers(layer: str) -> None:
    assert any(layer in entries for entries in LAYERS)
