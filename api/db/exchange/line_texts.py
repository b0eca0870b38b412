"""The values of a line in plain texts and numbers."""

import math
from dataclasses import replace
from typing import Any

from api.db.exchange.measures import Measure
from api.db.taxonomy.taxonomy import Node

#: What 'the juice of one' yields, in ml.
_JUICE_ML = {"Lime": 30.0, "Lemon": 45.0, "Orange": 75.0, "Grapefruit": 180.0}
_ANY_JUICE_ML = 30.0
_WEDGES = 8


def juice_of(measure: Measure, fruit: Node | None) -> Measure:
    """Return the juice of so many fruits in milliliters."""
    if measure.low is None or measure.unit not in (None, "Each", "Wedge"):
        return measure
    names = fruit.path if fruit is not None else ()
    each = next((ml for name, ml in _JUICE_ML.items() if name in names), _ANY_JUICE_ML)
    share = each / _WEDGES if measure.unit == "Wedge" else each
    high = measure.low if measure.high is None else measure.high
    return replace(measure, low=measure.low * share, high=high * share, unit="Milliliter")


def garnish_text(measure: Measure, written: str) -> str:
    """Return a garnish in words, for the instructions."""
    amount = "" if measure.amount is None or measure.amount == 1 else f"{measure.amount:g} "
    unit = f"{measure.unit.lower()} " if measure.unit not in (None, "Each") else ""
    return f"{amount}{unit}{written}"


def plain_number(value: Any) -> float | None:
    """Return a plain number; None for texts that need reading, such as '1 1/2' and '4,5'."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        return float(value)
    except (OverflowError, ValueError):
        return None


def plain_text(value: Any) -> str:
    """Return a cell as text: 30 for 30.0, nothing for None."""
    number = plain_number(value)
    if number is not None and not isinstance(value, str):
        return f"{number:g}" if math.isfinite(number) else str(value)
    return "" if value is None else str(value).strip()


def _amount_text(fields: dict[str, Any]) -> str:
    low, high = plain_text(fields.get("amount")), plain_text(fields.get("amount_max"))
    return f"{low}-{high}" if low and high and low != high else low


def line_text(fields: dict[str, Any], ingredient: str, measure: str | None = None) -> str | None:
    """Return a line as its source has it."""
    if measure is None:
        measure = " ".join(
            part for part in (_amount_text(fields), str(fields.get("unit") or "")) if part
        )
    text = f"{measure} {ingredient}".strip()
    if fields.get("note"):
        text += f", {fields['note']}"
    if fields.get("substitutes"):
        text += f" (or {', '.join(map(str, fields['substitutes']))})"
    if fields.get("optional") in (True, 1, "1", "true", "True"):
        text += " (optional)"
    return text or None
