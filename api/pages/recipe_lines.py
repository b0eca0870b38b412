"""A recipe's lines as its page shows them; the page's script writes the same (``amounts.js``)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from api.analysis.bar_measures import written_amount
from api.db.catalog.recipes import Line
from api.db.catalog.units import Unit

#: Volumes below this have a decimal.
_WHOLE_FROM_ML = 10
_UNKNOWN = "\u2013"


@dataclass(frozen=True)
class ShownLine:
    """One line.

    Attributes
    ----------
    amount
        As the recipe has it, such as ``3/4 oz``; empty if it has none.
    volume
        In ml; empty where it would repeat the amount.
    """

    ingredient_id: int
    ingredient_name: str
    amount: str
    volume: str


def shown_lines(lines: Iterable[Line], units: Mapping[int, Unit]) -> tuple[list[ShownLine], str]:
    """Return the lines, and their total: the sum of the volumes as shown.

    Parameters
    ----------
    units
        Every unit by ID.
    """
    shown, total = [], 0.0
    for line in lines:
        unit = units.get(line.unit_id) if line.unit_id is not None else None
        ml_each = unit.conversion_to_ml if unit else None
        amount = written_amount(
            line.amount, line.unit_name, unit.abbreviation if unit else None, ml_each
        )
        volume = _UNKNOWN
        if line.volume_ml is not None:
            ml = line.volume_ml
            if ml_each != 1:
                ml = round(ml, 1 if ml < _WHOLE_FROM_ML else 0)
            total += ml
            volume = _text(ml)
        repeated = volume == amount
        shown.append(
            ShownLine(line.ingredient_id, line.ingredient_name, amount, "" if repeated else volume)
        )
    return shown, _text(total)


def _text(ml: float) -> str:
    return f"{ml:,.1f}".removesuffix(".0") + " ml"
