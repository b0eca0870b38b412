"""Cells that a spreadsheet would run as a formula (OWASP, "CSV Injection").

Such a cell gets an apostrophe in front, which spreadsheets take for *this is text*, and reading
takes away again. A text that has the apostrophe already gets another, so that every text comes back
as it was.
"""

import re

#: Also after spaces, which some programs trim, and as full-width forms, which some take alike.
_FORMULA = r"(?:[\t\r\n]|\s*[=+\-@\uff1d\uff0b\uff0d\uff20])"
_RISKY = re.compile(f"'*{_FORMULA}")
_GUARDED = re.compile(f"'+{_FORMULA}")


def guard(text: str) -> str:
    """Return a cell that no spreadsheet runs."""
    return f"'{text}" if _RISKY.match(text) else text


def unguard(cell: str) -> str:
    """Return the text of a cell that :func:`guard` made."""
    return cell[1:] if _GUARDED.match(cell) else cell
