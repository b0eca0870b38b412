"""What texts are, by what they say: ingredients, amounts, or lines with both."""

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import islice
from typing import Any

from api.db.exchange.measures import Measure, parse_line, parse_measure
from api.db.exchange.time_limit import check_time
from api.db.taxonomy.matcher import is_known

_SAMPLE = 60
#: The longest name of an ingredient, in words.
_MOST_WORDS = 9
_LONGEST = 120
_SHAKE = re.compile(r"shake\b(?!\s+of\b)", re.IGNORECASE)
_COUNTED_LAST = re.compile(r"([^\W\d][^\d]*?),?\s+(\d{1,2}(?:[.,/]\d)?|[\u00bc-\u00be])")


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
    if _SHAKE.match(text):
        return False  # 'Shake with ice' is a step; a shake of salt is an amount
    line = parse_line(text)
    if not (line.understood and line.rest and (line.low is not None or line.unit is not None)):
        return False
    # isnumeric: fractions such as \u00bd, too.
    return is_known(line.rest) or (line.unit is not None and text.strip()[:1].isnumeric())


def counted_last(text: str) -> Measure | None:
    """Return 'Egg white 1' as one piece of a known ingredient; None if the text is no such line.

    The whole may be a name: 'Licor 43'.
    """
    match = _COUNTED_LAST.fullmatch(text.strip()) if _is_short(text) else None
    if match is None or is_known(text) or not is_known(match[1]):
        return None
    return replace(parse_measure(match[2]), rest=match[1])


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
