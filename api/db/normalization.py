"""Unicode normalization at a linear cost.

Normalizing sorts each run of combining marks, which takes quadratic time, inside one call that no
other thread can interrupt: 20,000 marks of two kinds in turn take a second, 80,000 take twenty. The
Stream-Safe Text Format allows 30 in a row, far more than any language uses
(https://www.unicode.org/reports/tr15/#Stream_Safe_Text_Format).
"""

import unicodedata
from typing import Literal

#: Combining marks in a row.
MAX_MARKS = 30


def normalize(form: Literal["NFC", "NFD", "NFKC", "NFKD"], text: str) -> str:
    """Return ``text`` in a normalization form, without marks beyond :data:`MAX_MARKS` in a row.

    Examples
    --------
    >>> normalize("NFC", "Pin\\u0303a")
    'Piña'
    >>> len(normalize("NFD", "a" + "\\u0301" * 100))
    31
    """
    return unicodedata.normalize(form, limit_marks(text))  # noqa: TID251 - limited


def limit_marks(text: str) -> str:
    """Return ``text`` without marks beyond :data:`MAX_MARKS` in a row."""
    if text.isascii():
        return text
    kept, run = [], 0
    for character in text:
        run = run + 1 if unicodedata.combining(character) else 0
        if run <= MAX_MARKS:
            kept.append(character)
    return "".join(kept)


def has_too_many_marks(text: str) -> bool:
    """Return whether there are more than :data:`MAX_MARKS` combining marks in a row."""
    return len(limit_marks(text)) != len(text)
