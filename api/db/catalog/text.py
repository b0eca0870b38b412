"""Text rules: composed Unicode without invisible or direction-changing characters.

PostgreSQL refuses NUL, no database stores half a surrogate pair, and a right-to-left override makes
a name look like another one.
"""

import unicodedata
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

#: For JSON Schema: at least one visible character and no control characters.
_LINE_PATTERN = (
    r"^[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]*$"
)
# Marks that change the direction of the text after them.
# https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters
_BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_LINE_SEPARATORS = frozenset("\u2028\u2029")


def clean_line(text: str) -> str:
    """Return one line of text: composed (NFC), without spaces around it.

    Raises
    ------
    ValueError
        If nothing is left, or a character is not allowed in one line.
    """
    cleaned = unicodedata.normalize("NFC", text).strip()
    if not cleaned:
        raise ValueError("The text is empty")
    _refuse(cleaned, allowed="")
    return cleaned


def clean_text(text: str) -> str | None:
    """Return text of several lines with uniform line ends; None if nothing is left.

    Raises
    ------
    ValueError
        If a character is not allowed.
    """
    cleaned = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n")).strip()
    _refuse(cleaned, allowed="\n\t")
    return cleaned or None


def clean_query(text: str) -> str:
    """Return a search query: like a line, but it may be empty."""
    return clean_line(text) if text.strip() else ""


def clean_url(text: str) -> str | None:
    """Return a web address; None if empty.

    Raises
    ------
    ValueError
        If it is invalid. ``javascript:`` and the like must never become a link.
    """
    if not text.strip():
        return None
    cleaned = clean_line(text)
    parts = urlsplit(cleaned)
    if (
        parts.scheme not in ("http", "https")
        or not parts.netloc
        or any(mark.isspace() or mark in '"<>\\^`{|}' for mark in cleaned)
    ):
        raise ValueError("Not a web address; it should look like https://example.com/page")
    return cleaned


def _refuse(text: str, allowed: str) -> None:
    for mark in text:
        if (
            (unicodedata.category(mark) in ("Cc", "Cs") and mark not in allowed)
            or mark in _BIDI_CONTROLS
            or (mark in _LINE_SEPARATORS and not allowed)
        ):
            raise ValueError(f"The character U+{ord(mark):04X} is not allowed")


def _within(limit: int) -> AfterValidator:
    # Composing lengthens some texts; the column's limit applies to the stored text.
    def check(text: str | None) -> str | None:
        if text is not None and len(text) > limit:
            raise ValueError(f"The text is longer than {limit} characters")
        return text

    return AfterValidator(check)


def _line(limit: int) -> Any:
    return Field(min_length=1, max_length=limit, json_schema_extra={"pattern": _LINE_PATTERN})


_NONE_IF_BLANK = AfterValidator(lambda text: clean_line(text) if text.strip() else None)

RecipeName = Annotated[str, _line(200), AfterValidator(clean_line), _within(200)]
IngredientName = RecipeName
ShortName = Annotated[str, _line(100), AfterValidator(clean_line), _within(100)]
Abbreviation = Annotated[str, Field(max_length=20), _NONE_IF_BLANK, _within(20)]
Source = Annotated[str, Field(max_length=500), _NONE_IF_BLANK]
LongText = Annotated[str, Field(max_length=20_000), AfterValidator(clean_text)]
WebAddress = Annotated[
    str,
    Field(max_length=2000, json_schema_extra={"format": "uri"}),
    AfterValidator(clean_url),
]
