"""What texts are, by what they say: ingredients, amounts, or lines with both."""

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

from api.db.exchange.measures import parse_line, parse_measure
from api.db.exchange.time_limit import check_time
from api.db.taxonomy.matcher import is_known

_SAMPLE = 60
#: The longest name of an ingredient, in words.
_MOST_WORDS = 9
_LONGEST = 120


def is_ingredient(text: str) -> bool:
    """Return whether a text is the name of a known ingredient."""
    return _is_short(text) and any(mark.isalpha() for mark in text) and is_known(text)


def is_amount(text: str) -> bool:
    """Return whether a text is an amount and nothing else.

    Examples
    --------
    >>> is_amount("30 ml"), is_amount("1 1/2"), is_amount("Negroni"), is_amount("2 oz gin")
    (True, True, False, False)
    """
    if not _is_short(text):
        return False
    measure = parse_measure(text)
    return measure.understood and not measure.rest and (measure.low is not None or bool(text))


def is_measured_line(text: str) -> bool:
    """Return whether a text is an amount and an ingredient.

    Examples
    --------
    >>> is_measured_line("2 oz gin"), is_measured_line("Stir with 2 ice cubes for a minute.")
    (True, False)
    """
    if not _is_short(text) or text.rstrip().endswith((":", "?", "!")):
        return False
    line = parse_line(text)
    if not (line.understood and line.rest and (line.low is not None or line.unit is not None)):
        return False
    # isnumeric: fractions such as \u00bd, too.
    return is_known(line.rest) or (line.unit is not None and text.strip()[:1].isnumeric())


def is_line(text: str) -> bool:
    """Return whether a text is a line of a recipe: a known ingredient, or an amount of one."""
    return is_measured_line(text) or is_ingredient(text)


def share(values: Iterable[Any], test: Callable[[str], bool]) -> float:
    """Return which part of the texts among the first values pass a test, 0 to 1."""
    texts = list(islice((str(one) for one in values if str(one or "").strip()), _SAMPLE))
    return sum(map(test, texts)) / len(texts) if texts else 0.0


def _is_short(text: str) -> bool:
    check_time()
    return 0 < len(text) <= _LONGEST and len(text.split()) <= _MOST_WORDS + 4
