"""JSON without what Python's reader accepts silently."""

import json
from collections import Counter
from typing import Any

_MAX_DIGITS = 300


class RepeatedKeyError(ValueError):
    """It is JSON, but one object gives a key twice: the first value would be lost."""


def parse_json(text: str) -> Any:
    """Return the value of a JSON text.

    Raises
    ------
    ValueError
        If it is not JSON, is nested too deeply, or has a number of more than 300 digits.
    RepeatedKeyError
        If it gives a key of one object twice.
    """
    try:
        return json.loads(
            text,
            parse_int=_integer,
            parse_constant=_refuse_constant,
            object_pairs_hook=_unique,
        )
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _integer(digits: str) -> int:
    # Larger ones do not fit a floating-point number, and Python reads at most 4,300 digits.
    if len(digits) > _MAX_DIGITS:
        raise ValueError(f"a number of {len(digits):,} digits is too large")
    return int(digits)


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number in JSON")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        [(repeated, _)] = Counter(key for key, _ in pairs).most_common(1)
        raise RepeatedKeyError(f"the key {repeated[:80]!r} occurs twice in one object")
    return found
