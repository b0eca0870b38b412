"""What office programs save: texts as Markdown, sheets as rows of cells."""

import re
import struct
import zipfile
import zlib
from io import BytesIO
from typing import TYPE_CHECKING, Literal

from defusedxml import DefusedXmlException, ElementTree

from api.db.exchange.time_limit import check_time

if TYPE_CHECKING:  # nothing is parsed with it
    from xml.etree.ElementTree import Element  # nosec B405

#: What reading a damaged archive raises.
ZIP_ERRORS = (
    zipfile.BadZipFile, zlib.error, struct.error, ValueError, IndexError, KeyError, OSError,
    EOFError, RuntimeError,
)  # fmt: skip
_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
#: An empty row at the end of a sheet says that it repeats a million times.
_MOST_REPEATED = 200


def office_kind(data: bytes) -> Literal["xlsx", "docx", "ods", "odt"] | None:
    """Return which office program's file a zip archive is; None for any other archive."""
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            names = set(archive.namelist())
            kind = archive.read("mimetype")[:100] if "mimetype" in names else b""
    except ZIP_ERRORS:
        return None
    if "xl/workbook.xml" in names:
        return "xlsx"
    if "word/document.xml" in names:
        return "docx"
    if "content.xml" in names and b"opendocument" in kind:
        return "ods" if b"spreadsheet" in kind else "odt"
    return None


def document_text(data: bytes) -> str | None:
    """Return a Word or OpenDocument text as Markdown; None for other archives.

    Raises
    ------
    ValueError
        If the file is damaged.
    """
    root = _root(data, "word/document.xml")
    if root is not None:
        return "\n".join(_word_line(one) for one in root.iter(f"{_WORD}p"))
    root = _root(data, "content.xml")
    if root is None:
        return None
    lines = []
    for one in root.iter():
        check_time()
        text = " ".join("".join(one.itertext()).split())
        if one.tag == f"{_OFFICE}h":
            lines.append(f"# {text}")
        elif one.tag == f"{_OFFICE}list-item":
            lines.append(f"- {text}")
        elif one.tag == f"{_OFFICE}p" and f"- {text}" not in lines[-1:]:
            lines.append(text)
    return "\n".join(lines)


def sheets_of(data: bytes) -> list[tuple[str, list[list[str]]]]:
    """Return (name, rows) of the sheets of an OpenDocument spreadsheet.

    Raises
    ------
    ValueError
        If the file is damaged.
    """
    root = _root(data, "content.xml")
    found = []
    for sheet in root.iter(f"{_TABLE}table") if root is not None else ():
        rows = []
        for row in sheet.iter(f"{_TABLE}table-row"):
            cells: list[str] = []
            for cell in row:
                check_time()
                text = "\n".join("".join(p.itertext()) for p in cell.iter(f"{_OFFICE}p"))
                times = int(cell.get(f"{_TABLE}number-columns-repeated") or 1)
                cells += [text] * min(times, _MOST_REPEATED)
            rows.append(cells)
        found.append((sheet.get(f"{_TABLE}name") or "", rows))
    return found


def _root(data: bytes, member: str) -> "Element | None":
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            if member not in archive.namelist():
                return None
            return ElementTree.fromstring(archive.read(member))
    except DefusedXmlException as error:
        raise ValueError("it declares entities") from error
    except (*ZIP_ERRORS, ElementTree.ParseError) as error:
        raise ValueError(f"it is damaged: {error}") from error


def _word_line(paragraph: "Element") -> str:
    text = "".join(
        "\n" if one.tag == f"{_WORD}br" else "\t" if one.tag == f"{_WORD}tab" else one.text or ""
        for one in paragraph.iter()
        if one.tag in (f"{_WORD}t", f"{_WORD}br", f"{_WORD}tab")
    )
    check_time()
    style = paragraph.find(f"{_WORD}pPr/{_WORD}pStyle")
    kind = (style.get(f"{_WORD}val") or "") if style is not None else ""
    if match := re.fullmatch(r"(?:Heading|berschrift|Titre)\s*(\d)|Title", kind):
        return f"\n{'#' * int(match[1] or 1)} {text}"
    listed = paragraph.find(f"{_WORD}pPr/{_WORD}numPr") is not None
    return f"- {text}" if listed else text
