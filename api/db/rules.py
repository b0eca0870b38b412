"""The rules for values: lengths, ranges, characters and web addresses.

The API's drafts (:mod:`api.db.catalog.drafts`), imports and ``cocktaildb db check`` share them, and
the columns of :mod:`api.db.schema` have the same lengths.

Text is composed Unicode without invisible or direction-changing characters:

PostgreSQL refuses NUL, no database stores half a surrogate pair, and a right-to-left override makes
a name look like another one.
"""

import re
import unicodedata
from functools import cache
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, TypeAdapter, ValidationError

from api.db.look_alikes import mixed_word
from api.db.normalization import MAX_MARKS, has_too_many_marks, normalize

#: The largest integer of SQLite and of PostgreSQL's bigint.
MAX_ID = 2**63 - 1
#: Far above any real amount, in any unit or in ml; sums over a recipe stay finite.
LARGEST_AMOUNT = 1e6
MAX_LINES = 100
MAX_TAGS = 50
MAX_NAME = 200
MAX_SHORT_NAME = 100
MAX_ABBREVIATION = 20
MAX_USER_ID = 200
MAX_PATH = 500
MAX_SOURCE = 500
MAX_TEXT = 20_000
MAX_URL = 2000

#: For JSON Schema: at least one visible character and no control characters.
_LINE_PATTERN = (
    r"^[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]*$"
)
#: Removed from lines, so that two names cannot differ by them alone.
_ZERO_WIDTH = dict.fromkeys(map(ord, "\u00ad\u180e\u200b\u2060\u2061\u2062\u2063\u2064\ufeff"))
#: Format characters, separators and combining marks without a base.
_INVISIBLE = frozenset(("Cf", "Zs", "Zl", "Zp", "Mn", "Me"))
#: Letters and symbols that are drawn as nothing.
_BLANKS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
#: Control characters, halves of surrogate pairs, marks that change the direction of the text after
#: them (https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters), invisible tags,
#: and separators of lines.
_FORBIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\ud800-\udfff\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
    "\U000e0000-\U000e007f\u2028\u2029]"
)
#: What text of several lines may hold nonetheless.
_BETWEEN_LINES = "\n\t\u2028\u2029"


def clean_line(text: str) -> str:
    """Return one line of text: composed (NFC), without spaces around it.

    Raises
    ------
    ValueError
        If nothing is left, or a character is not allowed in one line.
    """
    cleaned = _compose(text.translate(_ZERO_WIDTH)).strip()
    if not cleaned:
        raise ValueError("The text is empty")
    _refuse(cleaned, allowed="")
    if all(unicodedata.category(mark) in _INVISIBLE or mark in _BLANKS for mark in cleaned):
        raise ValueError("The text has no visible character")
    return cleaned


def clean_name(text: str) -> str:
    """Return a name: a line without words in letters of two alphabets that look alike.

    Raises
    ------
    ValueError
        As :func:`clean_line`, and naming such a word.
    """
    cleaned = clean_line(text)
    if (word := mixed_word(cleaned)) is not None:
        shown = " ".join(f"U+{ord(mark):04X}" for mark in word if not mark.isascii())
        raise ValueError(
            f"The word {word!r} mixes letters of two alphabets that look alike ({shown}); write it "
            "in one"
        )
    return cleaned


def clean_text(text: str) -> str | None:
    """Return text of several lines with uniform line ends; None if nothing is left.

    Raises
    ------
    ValueError
        If a character is not allowed.
    """
    cleaned = _compose(text.replace("\r\n", "\n").replace("\r", "\n")).strip()
    _refuse(cleaned, allowed=_BETWEEN_LINES)
    return cleaned or None


def _compose(text: str) -> str:
    if has_too_many_marks(text):
        raise ValueError(f"The text has more than {MAX_MARKS} combining marks in a row")
    return normalize("NFC", text)


def clean_query(text: str) -> str:
    """Return a search query: like a line, but it may be empty."""
    return clean_line(text) if text.strip() else ""


_DOMAIN = re.compile(r"(?i)[a-z0-9-]+(\.[a-z0-9-]+)*\.[a-z]{2,}([/?#:].*)?")


def clean_url(text: str) -> str | None:
    """Return a web address, with https:// if it has no scheme; None if empty.

    Raises
    ------
    ValueError
        If it is invalid. ``javascript:`` and the like must never become a link.

    Examples
    --------
    >>> clean_url("www.example.com/negroni")
    'https://www.example.com/negroni'
    """
    if not text.strip():
        return None
    cleaned = clean_line(text)
    if _DOMAIN.fullmatch(cleaned):
        cleaned = f"https://{cleaned}"
    try:
        parts = urlsplit(cleaned)
    except ValueError:
        parts = urlsplit("")
    if (
        parts.scheme not in ("http", "https")
        or not parts.netloc
        or any(mark.isspace() or mark in '"<>\\^`{|}' for mark in cleaned)
    ):
        raise ValueError("Not a web address; it should look like https://example.com/page")
    return cleaned


def without_forbidden(text: str) -> str:
    """Return text of several lines without the characters that no text may hold."""
    allowed = f"{_BETWEEN_LINES}\r"
    kept = _FORBIDDEN.sub(lambda found: found[0] if found[0] in allowed else "", text)
    return kept if kept.isascii() else kept.translate(_ZERO_WIDTH)


def _refuse(text: str, allowed: str) -> None:
    for found in _FORBIDDEN.finditer(text):
        if found[0] not in allowed:
            raise ValueError(f"The character U+{ord(found[0]):04X} is not allowed")


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

RecipeName = Annotated[str, _line(MAX_NAME), AfterValidator(clean_name), _within(MAX_NAME)]
IngredientName = RecipeName
UnitName = Annotated[
    str, _line(MAX_SHORT_NAME), AfterValidator(clean_name), _within(MAX_SHORT_NAME)
]
TagName = UnitName
UserId = Annotated[str, _line(MAX_USER_ID), AfterValidator(clean_line), _within(MAX_USER_ID)]
Abbreviation = Annotated[
    str, Field(max_length=MAX_ABBREVIATION), _NONE_IF_BLANK, _within(MAX_ABBREVIATION)
]
Source = Annotated[str, Field(max_length=MAX_SOURCE), _NONE_IF_BLANK, _within(MAX_SOURCE)]
LongText = Annotated[str, Field(max_length=MAX_TEXT), AfterValidator(clean_text), _within(MAX_TEXT)]
WebAddress = Annotated[
    str,
    Field(max_length=MAX_URL, json_schema_extra={"format": "uri"}),
    AfterValidator(clean_url),
    _within(MAX_URL),
]
RowId = Annotated[int, Field(ge=1, le=MAX_ID, strict=True)]


def _refuse_bool(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("Expected a number")
    return value


_Number = Annotated[float, BeforeValidator(_refuse_bool)]  # to Python, true is 1
Volume = Annotated[_Number, Field(gt=0, le=LARGEST_AMOUNT, allow_inf_nan=False)]
Amount = Annotated[_Number, Field(ge=0, le=LARGEST_AMOUNT, allow_inf_nan=False)]

#: The rule for each text column, by table.
TEXT_RULES: dict[str, dict[str, Any]] = {
    "units": {"name": UnitName, "abbreviation": Abbreviation},
    "ingredients": {"name": IngredientName, "description": LongText},
    "recipes": {
        "name": RecipeName,
        "instructions": LongText,
        "description": LongText,
        "image_url": WebAddress,
        "source": Source,
        "source_url": WebAddress,
    },
    "ratings": {"user_id": UserId},
    "tags": {"name": TagName},
    "shelf_bottles": {"user_id": UserId},
}


class TextRule:
    """One rule of :data:`TEXT_RULES`, applied to single values."""

    def __init__(self, kind: Any) -> None:
        self._adapter: TypeAdapter[str | None] = TypeAdapter(kind)

    def clean(self, text: str) -> str | None:
        """Return the text as it is stored.

        Raises
        ------
        ValueError
            If the rule forbids it; the message says why.
        """
        try:
            return self._adapter.validate_python(text)
        except ValidationError as error:
            reason = error.errors()[0]["msg"].removeprefix("Value error, ")
            raise ValueError(reason) from None

    def objection(self, text: str) -> str | None:
        """Return why the rule forbids a text; None if it does not."""
        try:
            self.clean(text)
        except ValueError as error:
            return str(error)
        return None


@cache
def text_rule(table: str, column: str) -> TextRule | None:
    """Return the rule of a column; None if it has none."""
    kind = TEXT_RULES.get(table, {}).get(column)
    return None if kind is None else TextRule(kind)
