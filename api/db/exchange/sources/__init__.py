"""Readers of recipes in the shapes that exist, recognized by content.

:func:`read_paths` reads files and folders, :func:`read_bytes` one body; both return a
:class:`~api.db.exchange.drafts.Collection`.
"""

import gzip
import io
import sys
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from api.db.errors import DatabaseError
from api.db.exchange.drafts import Collection, merged
from api.db.exchange.sources.articles import read_articles
from api.db.exchange.sources.cooklang import is_cooklang, read_cooklang
from api.db.exchange.sources.json_text import RepeatedKeyError
from api.db.exchange.sources.markdown import has_tables, is_matter_with_text
from api.db.exchange.sources.objects import read_objects
from api.db.exchange.sources.office import ZIP_ERRORS, document_text, office_kind, sheets_of
from api.db.exchange.sources.own_csv import is_csv_tables, read_csv_tables
from api.db.exchange.sources.own_json import is_own_document, read_document
from api.db.exchange.sources.prose import read_prose
from api.db.exchange.sources.schema_org import read_linked_data, read_page
from api.db.exchange.sources.sqlite_file import MAGIC, read_sqlite
from api.db.exchange.sources.table_shapes import read_table_anyhow, read_table_by_header
from api.db.exchange.sources.tables import read_csv
from api.db.exchange.sources.text import decode
from api.db.exchange.sources.values import (
    is_toml,
    read_json,
    read_script,
    read_toml,
    read_xml,
    read_yaml,
)
from api.db.exchange.sources.web_text import page_text
from api.db.exchange.sources.workbook import read_sheets, read_workbook
from api.db.exchange.time_limit import ImportTimeoutError, check_time

#: What a source may hold, unpacked; far above any bar's collection.
MAX_BYTES = 256 << 20
MAX_FILES = 50_000
_ZIP = b"PK\x03\x04"
_GZIP = b"\x1f\x8b"
_UNREADABLE = (
    (b"%PDF", "is a PDF, in which lines and columns are lost. Save the text as .txt, .docx or "
              "a spreadsheet, or name its source."),
    (b"{\\rtf", "is a rich text. Save it as .docx or as plain text."),
    (b"\xd0\xcf\x11\xe0", "is a file of an old office program. Save it there as .xlsx or .docx."),
)  # fmt: skip
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
    if data.startswith(_ZIP) and office_kind(data) is None:
        return _read_files(_unpacked(data, name, limit), name)
    collection = _read_file(data, name, limit)
    if collection is None:
        raise DatabaseError(
            f"{name} holds no recipes that can be recognized. A recipe needs a name and "
            f"ingredients; docs/import.md lists the shapes and the names of columns."
        )
    return collection


def _read_file(data: bytes, name: str, limit: int = MAX_BYTES) -> Collection | None:
    for start, remedy in _UNREADABLE:
        if data.startswith(start):
            raise DatabaseError(f"{name} {remedy}")
    try:
        if data.startswith(_GZIP):
            with gzip.open(io.BytesIO(data)) as file:
                return read_bytes(file.read(limit + 1), name, limit)
        if data.startswith(MAGIC):
            return read_sqlite(data, name)
        if data.startswith(_ZIP):
            return _read_office(data, name, limit)
        return _read_text(decode(data), name)
    except RecursionError as error:
        raise DatabaseError(f"{name} is nested too deeply. Use fewer levels.") from error
    except (ValueError, OSError, EOFError, zlib.error) as error:
        raise DatabaseError(f"{name} cannot be read: {error}.") from error


def _read_office(data: bytes, name: str, limit: int) -> Collection | None:
    kind = office_kind(data)
    if kind is not None:
        _check_archive(data, name, limit)
    if kind == "xlsx":
        return read_workbook(data, name)
    if kind == "ods":
        return read_sheets(sheets_of(data), name)
    text = document_text(data)
    return None if text is None else read_prose(text, name, "document")


def _read_text(text: str, name: str) -> Collection | None:
    start = text.lstrip()[:1]
    if start == "<":
        return _read_marked(text, name)
    if start in ("{", "["):
        try:
            return _read_value(read_json(text), name, "JSON")
        except ValueError as error:
            # What gives a key twice does so in any other reading.
            found = None if isinstance(error, RepeatedKeyError) else _read_plain(text, name)
            if (found is None and not _is_toml_text(text)) or (found and found.own):
                # Ours is strict.
                message = f"{name} is not valid JSON: {error}. Correct it there."
                raise DatabaseError(message) from error
            return found
    return _read_plain(text, name)


def _read_marked(text: str, name: str) -> Collection | None:
    """Read a web page, or XML."""
    if "<html" in text[:4096].casefold() or "<!doctype html" in text[:4096].casefold():
        return read_page(text, name) or read_prose(page_text(text), name, "web page")
    try:
        found = _read_value(read_xml(text), name, "XML")
    except ValueError:
        found = None
    return found or read_page(text, name) or read_prose(page_text(text), name, "web page")


def _read_plain(text: str, name: str) -> Collection | None:
    """Read a text of another program, a table, or recipes as people write them."""
    for is_one, read, program in _TEXTS:
        if is_one(text):
            try:
                found = _read_value(read(text), name, program)
            except ValueError:
                continue
            if found is not None:
                return found
    if is_cooklang(text):
        return read_cooklang(text, name)
    table = read_csv(text)
    rows = len(table.rows)
    # A few lines with commas, among others, are no table.
    filled = sum(sum(bool(cell) for cell in row.values()) > 1 for _, row in table.rows)
    by_cells = rows > 1 and len(table.header) > 2 and len(table.misfits) * 10 <= rows < 2 * filled
    readers: list[Callable[[], Collection | None]] = [
        lambda: read_table_by_header(table, name),
        lambda: read_prose(text, name),
    ]
    if by_bars := text.lstrip().startswith("|") or has_tables(text):  # of Markdown
        readers.reverse()
    # Where all lines have as many cells, they are a table with other headers.
    readers.insert(1 if by_cells and not by_bars else 2, lambda: read_table_anyhow(table, name))
    return next((found for read in readers if (found := read()) is not None), None)


def _read_value(value: Any, name: str, program: str) -> Collection | None:
    if value is None:
        return None
    if is_own_document(value):
        return read_document(value, name)
    found = read_linked_data(value) or read_objects(value, name, program)
    return found or read_articles(value, name, program)


def _is_toml_text(text: str) -> bool:
    try:
        return is_toml(text) and read_toml(text) is not None
    except ValueError:
        return False


def _may_be_yaml(text: str) -> bool:
    if is_matter_with_text(text) or (_may_be_script(text) and text.lstrip()[:1] in "[{"):
        return False  # reading it as a script reads the same as YAML
    return ":" in text or text.lstrip().startswith("-")


def _may_be_script(text: str) -> bool:
    return text.rstrip().endswith(("]", "}", ";", ")"))


#: What recognizes a text, what reads it, and what it is called in the report.
_TEXTS: tuple[tuple[Callable[[str], bool], Callable[[str], Any], str], ...] = (
    (is_toml, read_toml, "TOML"),
    (_may_be_yaml, read_yaml, "YAML"),
    (_may_be_script, read_script, "script"),
)


def _check_archive(data: bytes, name: str, limit: int) -> None:
    """Refuse an office program's file that would unpack to more than the limit."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = archive.infolist()
    _check_size(len(entries), sum(one.file_size for one in entries), name, limit)


def _unpacked(data: bytes, name: str, limit: int) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = [one for one in archive.infolist() if not one.is_dir()]
            _check_size(len(entries), sum(one.file_size for one in entries), name, limit)
            return {one.filename: archive.read(one) for one in entries if _is_data(one.filename)}
    except ZIP_ERRORS as error:
        raise DatabaseError(f"{name} cannot be unpacked: {error}.") from error


def _folder(path: Path) -> dict[str, bytes]:
    files = sorted(
        one for one in path.rglob("*") if one.is_file() and _is_data(str(one.relative_to(path)))
    )
    _check_size(len(files), sum(one.stat().st_size for one in files), str(path), MAX_BYTES)
    return {one.relative_to(path).as_posix(): one.read_bytes() for one in files}


def _is_data(name: str) -> bool:
    path = PurePosixPath(name)
    hidden = any(part.startswith((".", "__MACOSX")) for part in path.parts)
    return path.suffix.lower() not in _SKIPPED and not hidden


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
        check_time()
        try:
            collection = _read_file(data, path)
        except ImportTimeoutError:
            raise
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
