"""Readers of recipes in the shapes that exist, recognized by content.

:func:`read_paths` reads files and folders, :func:`read_bytes` one body; both return a
:class:`~api.db.exchange.drafts.Collection`.
"""

import io
import sys
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from api.db.errors import DatabaseError
from api.db.exchange.drafts import Collection, merged
from api.db.exchange.sources.json_text import parse_json
from api.db.exchange.sources.objects import read_objects
from api.db.exchange.sources.own_csv import is_csv_tables, read_csv_tables
from api.db.exchange.sources.own_json import is_own_document, read_document
from api.db.exchange.sources.schema_org import read_linked_data, read_page
from api.db.exchange.sources.sqlite_file import MAGIC, read_sqlite
from api.db.exchange.sources.table_recipes import read_table
from api.db.exchange.sources.tables import read_csv
from api.db.exchange.sources.text import decode
from api.db.exchange.sources.workbook import read_workbook

#: What a source may hold, unpacked; far above any bar's collection.
MAX_BYTES = 256 << 20
MAX_FILES = 50_000
_ZIP = b"PK\x03\x04"
_SKIPPED = frozenset(
    (".png", ".jpg", ".jpeg", ".webp", ".gif", ".svg", ".avif", ".pdf", ".css", ".js", ".ico")
)


def read_paths(paths: Sequence[Path]) -> Collection:
    """Read files, folders and ``-``, the standard input.

    Raises
    ------
    DatabaseError
        If a path does not exist, or holds nothing that is recognized.
    """
    found = []
    for path in paths:
        if str(path) == "-":
            found.append(read_bytes(sys.stdin.buffer.read(MAX_BYTES + 1), "standard input"))
        elif path.is_dir():
            found.append(_read_files(_folder(path), str(path)))
        elif path.is_file():
            found.append(read_bytes(path.read_bytes(), path.name))
        else:
            raise DatabaseError(f"There is no {path}. Name a file, a folder, or - for stdin.")
    if len(found) > 1:
        for path, collection in zip(paths, found, strict=True):
            _label(collection, path.name)
    return merged(found)


def read_bytes(data: bytes, name: str, limit: int = MAX_BYTES) -> Collection:
    """Read one file.

    Parameters
    ----------
    name
        What to call it in errors; what it holds is recognized by its content.
    limit
        The most bytes that it may hold, unpacked.

    Raises
    ------
    DatabaseError
        If it holds nothing that is recognized.
    """
    if len(data) > limit:
        raise DatabaseError(f"{name} has more than {limit >> 20} MB. Import it in parts.")
    if data.startswith(_ZIP) and not _is_workbook(data):
        return _read_files(_unpacked(data, name, limit), name)
    collection = _read_file(data, name)
    if collection is None:
        raise DatabaseError(
            f"{name} holds no recipes that can be recognized. A recipe needs a name and "
            f"ingredients; docs/import.md lists the shapes and the names of columns."
        )
    return collection


def _read_file(data: bytes, name: str) -> Collection | None:
    try:
        if data.startswith(MAGIC):
            return read_sqlite(data, name)
        if data.startswith(_ZIP):
            return read_workbook(data, name)
    except ValueError as error:
        raise DatabaseError(f"{name} cannot be read: {error}.") from error
    text = decode(data)
    start = text.lstrip()[:1]
    if start == "<":
        return read_page(text, name)
    if start in ("{", "["):
        return _read_json(text, name)
    return _read_yaml(text, name) or read_table(read_csv(text), name)


def _read_json(text: str, name: str) -> Collection | None:
    try:
        value = parse_json(text)
    except ValueError as error:
        lines = [line for line in text.splitlines() if line.strip()]
        try:
            value = [parse_json(line) for line in lines]  # an object a line
        except ValueError:
            raise DatabaseError(f"{name} is not valid JSON: {error}. Correct it there.") from error
        if len(lines) < 2:
            raise DatabaseError(f"{name} is not valid JSON: {error}.") from error
    if is_own_document(value):
        return read_document(value, name)
    return read_linked_data(value) or read_objects(value, name)


class _Loader(yaml.SafeLoader):
    """Loads plain values; refuses aliases, with which a short text becomes a huge one."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases are not supported")
        return super().compose_node(parent, index)


def _read_yaml(text: str, name: str) -> Collection | None:
    if ":" not in text and not text.lstrip().startswith("-"):
        return None
    try:
        documents = [one for one in yaml.load_all(text, _Loader) if isinstance(one, (dict, list))]
    except (yaml.YAMLError, ValueError, RecursionError):
        return None
    if not documents:
        return None
    value = documents[0] if len(documents) == 1 else documents
    if is_own_document(value):
        return read_document(value, name)
    return read_objects(value, name, "YAML")


def _is_workbook(data: bytes) -> bool:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return "xl/workbook.xml" in archive.namelist()
    except zipfile.BadZipFile:
        return False


def _unpacked(data: bytes, name: str, limit: int) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = [one for one in archive.infolist() if not one.is_dir()]
            _check_size(len(entries), sum(one.file_size for one in entries), name, limit)
            return {one.filename: archive.read(one) for one in entries if _is_data(one.filename)}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise DatabaseError(f"{name} cannot be unpacked: {error}.") from error


def _folder(path: Path) -> dict[str, bytes]:
    files = sorted(one for one in path.rglob("*") if one.is_file() and _is_data(one.name))
    _check_size(len(files), sum(one.stat().st_size for one in files), str(path), MAX_BYTES)
    return {one.relative_to(path).as_posix(): one.read_bytes() for one in files}


def _is_data(name: str) -> bool:
    path = PurePosixPath(name)
    return path.suffix.lower() not in _SKIPPED and not path.name.startswith((".", "__MACOSX"))


def _check_size(files: int, size: int, name: str, limit: int) -> None:
    if files > MAX_FILES or size > limit:
        raise DatabaseError(
            f"{name} holds {files} files of {size >> 20} MB; at most {MAX_FILES} files of "
            f"{limit >> 20} MB can be imported at once. Import it in parts."
        )


def _read_files(files: Mapping[str, bytes], name: str) -> Collection:
    """Read the files of a folder: our tables as one, every other file by itself."""
    top = {PurePosixPath(path).name: data for path, data in files.items()}
    if is_csv_tables(top):
        return read_csv_tables(top)
    found, skipped = [], []
    for path, data in files.items():
        try:
            collection = _read_file(data, path)
        except DatabaseError as error:
            skipped.append(f"{path} was skipped: {error}")
            continue
        if collection is None:
            skipped.append(f"{path} was skipped: it holds no recipes.")
        else:
            found.append(_label(collection, path))
    if not found:
        raise DatabaseError(
            f"{name} holds no file with recipes that can be recognized. docs/import.md lists the "
            f"shapes."
        )
    whole = merged(found)
    whole.shape = f"{len(found)} file{'s' if len(found) > 1 else ''}: {whole.shape}"
    whole.notes += skipped if len(skipped) <= 20 else [f"{len(skipped)} files hold no recipes."]
    return whole


def _label(collection: Collection, name: str) -> Collection:
    """Put a file's name before the labels of its rows."""
    for recipe in collection.recipes:
        for row in (recipe, *(recipe.lines or ()), *recipe.ratings):
            row.where = f"{name}, {row.where}"
    for row in (*collection.units, *collection.ingredients, *collection.tags):
        row.where = f"{name}, {row.where}"
    return collection
