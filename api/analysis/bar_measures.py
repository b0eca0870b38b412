"""Amounts as bartenders write them: ounces in quarters, milliliters in fives, dashes whole.

A line of a recipe, such as "1 1/2 oz Gin", can be divided only into parts that can be poured:
:mod:`api.analysis.pouring`.
"""

from __future__ import annotations

import sys
from bisect import bisect
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from typing import Final

from api.db.volumes import unit_volume

#: Units whose volume is a convention (:mod:`api.db.volumes`).
TO_TOP: Final = "to top"
RINSE: Final = "rinse"
#: Milliliters are poured in fives.
ML_STEP: Final = 5.0
#: The fractions that jiggers and recipes use, and what is halfway between them.
_FRACTIONS: Final = sorted({Fraction(n, d) for d in (2, 3, 4, 6, 8) for n in range(d + 1)})
_HALFWAY: Final = [float(low + high) / 2 for low, high in pairwise(_FRACTIONS)]
_NEAREST: Final = [(float(one), str(one)) for one in _FRACTIONS]
_FRACTION_TOLERANCE: Final = 0.005
#: Short forms of units that have no abbreviation of their own.
_SHORT: Final = {
    "milliliter": "ml",
    "millilitre": "ml",
    "centiliter": "cl",
    "centilitre": "cl",
    "ounce": "oz",
    "fluid ounce": "oz",
    "teaspoon": "tsp",
    "tablespoon": "tbsp",
    "each": "",
    "piece": "",
}
_SYMBOLS: Final = frozenset({"ml", "cl", "dl", "l", "oz", "tsp", "tbsp", "bsp", "g"})
_METRIC: Final = frozenset({"ml", "cl", "dl", "l", "g"})


@dataclass(frozen=True, slots=True)
class BarUnit:
    """What recipe lines are measured in.

    Parameters
    ----------
    word
        Short name, such as "oz"; empty for pieces.
    step
        The smallest part that can be poured (:func:`.pouring.pour_steps`); 0 if a line in this
        unit cannot be divided.
    tops
        Whether a line fills up the glass ("to top"), so that its volume is a convention.
    pieces
        Whether lines are counted, such as leaves, and their volume a convention too.
    """

    word: str
    step: float
    tops: bool = False
    pieces: bool = False

    def text(self, amount: float) -> str:
        """Write an amount of this unit.

        >>> BarUnit("oz", 0.25).text(1.5), BarUnit("dash", 1.0).text(2.0)
        ('1 1/2 oz', '2 dashes')
        """
        if self.word == RINSE or self.word.startswith("to "):
            return self.word
        return _in_words(amount, self.word)


def bar_unit(unit: str | None, abbreviation: str | None, ml_each: float | None) -> BarUnit:
    """Return the unit of a recipe line.

    Parameters
    ----------
    unit, abbreviation
        Its names; None for pieces.
    ml_each
        Volume of one in ml, if it has one.
    """
    rule = unit_volume(unit, ml_each)
    if rule.ml_each == 0:
        # "To top" and "to rinse" have a conventional volume, whatever the amount.
        tops = rule.fixed_ml > 10
        return BarUnit(TO_TOP if tops else RINSE, 0.0, tops)
    name = (unit or "").strip().lower()
    short = (abbreviation or "").strip() or _SHORT.get(name, name)
    if ml_each is None:
        return BarUnit(_SHORT.get(name, short), 1.0, pieces=True)
    return BarUnit(short, _step(ml_each))


def written_amount(
    amount: float | None, unit: str | None, abbreviation: str | None, ml_each: float | None
) -> str:
    """Write an amount as a recipe has it; the parameters are those of :func:`bar_unit`.

    The site's scripts write the same figures (``amounts.js``). An amount that is missing is left
    out.

    >>> written_amount(0.75, "Ounce", "oz", 29.57), written_amount(None, "Each", "each", None)
    ('3/4 oz', '')
    """
    measured_in = bar_unit(unit, abbreviation, ml_each)
    return measured_in.word if amount is None else measured_in.text(amount)


def _step(ml_each: float) -> float:
    """The smallest part of a unit that can be poured."""
    if ml_each == 1:  # milliliters
        return ML_STEP
    if ml_each < 2:  # dashes and drops
        return 1.0
    if ml_each < 12:  # teaspoons, barspoons and centiliters
        return 0.5
    return 0.25


# A bar pours few different amounts, and a refresh writes them tens of thousands of times.
@lru_cache(maxsize=4096)
def _in_words(value: float, unit: str) -> str:
    figure = _decimal(value) if unit in _METRIC else _fraction(value)
    # Amounts that differ by less than they are written with have the same words: one object.
    return sys.intern(f"{figure} {_plural(unit, value)}".strip())


def _fraction(value: float) -> str:
    """1.5 as "1 1/2"; two decimals where no common fraction is near."""
    whole, rest = divmod(value, 1.0)
    nearest, text = _NEAREST[bisect(_HALFWAY, rest)]
    if abs(rest - nearest) > _FRACTION_TOLERANCE:
        return _decimal(value)
    if nearest in (0.0, 1.0):
        return str(int(whole + nearest))
    return f"{int(whole)} {text}" if whole else text


def _decimal(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _plural(unit: str, amount: float) -> str:
    if amount <= 1 or unit in _SYMBOLS or not unit:
        return unit
    return f"{unit}es" if unit.endswith(("s", "sh", "ch", "x")) else f"{unit}s"
