"""Amounts as bartenders write them: ounces in quarters, milliliters in fives, dashes whole.

A line of a recipe, such as "1 1/2 oz Gin", can be divided only into parts that can be poured.
:meth:`Measure.split` rounds the parts so that they add up to the line's amount exactly.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import Final

from api.db.volumes import unit_volume

#: Units whose volume is a convention (:mod:`api.db.volumes`).
TO_TOP: Final = "to top"
RINSE: Final = "rinse"
#: Denominators that jiggers and recipes use.
_DENOMINATORS: Final = (1, 2, 3, 4, 6, 8)
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
class Measure:
    """The amount of one recipe line.

    Parameters
    ----------
    amount
        In the unit.
    unit
        Short name, such as "oz"; empty for pieces.
    step
        The smallest part of the unit that can be poured; 0 if the line cannot be divided.
    ml
        Volume of the whole line.
    tops
        Whether the line fills up the glass ("to top"), so that its volume is a convention.
    pieces
        Whether the line is counted, such as leaves, and its volume a convention too.
    """

    amount: float
    unit: str
    step: float
    ml: float
    tops: bool = False
    pieces: bool = False
    _words: tuple[str, tuple[float, str, float]] | None = field(
        default=None, init=False, repr=False, compare=False
    )

    def split(self, shares: Sequence[float]) -> list[float]:
        """Divide the amount by shares that sum to 1, in steps, by largest remainder.

        Returns
        -------
        list of float
            Parts in the unit. They sum to :attr:`amount`; a remainder smaller than a step goes to
            the largest part. A line that cannot be divided goes to the largest share whole.

        Examples
        --------
        >>> Measure(2.0, "oz", 0.25, 60.0).split([0.7, 0.2, 0.1])
        [1.5, 0.25, 0.25]
        >>> Measure(22.5, "ml", 2.5, 22.5).split([0.65, 0.35])
        [15.0, 7.5]
        """
        largest = shares.index(max(shares))
        parts = [0.0] * len(shares)
        if self.step <= 0:
            parts[largest] = self.amount
            return parts
        steps = math.floor(self.amount / self.step + 1e-9)
        if len(shares) - shares.count(0.0) == 1:  # most lines stay, or go, whole
            parts[largest] = steps * self.step
            parts[largest] += self.amount - parts[largest]
            return parts
        exact = [share * steps for share in shares]
        counts = [math.floor(value + 1e-9) for value in exact]
        by_remainder = sorted(
            range(len(shares)), key=lambda index: round(counts[index] - exact[index], 9)
        )
        for index in by_remainder[: steps - sum(counts)]:
            counts[index] += 1
        parts = [count * self.step for count in counts]
        parts[largest] += self.amount - steps * self.step
        return parts

    def ml_of(self, part: float) -> float:
        """Return the volume of a part of the line, which is in the unit."""
        if self.step <= 0 or self.amount <= 0:
            return self.ml
        return self.ml * part / self.amount

    @property
    def whole(self) -> tuple[float, str, float]:
        """The part that :meth:`split` makes of the whole line, in words, and its ml."""
        return (self._words or self._put_in_words())[1]

    @property
    def written(self) -> str:
        """The whole line's amount in words."""
        return (self._words or self._put_in_words())[0]

    def _put_in_words(self) -> tuple[str, tuple[float, str, float]]:
        # Once: most lines stay, or go, whole, in each of the many plans of their recipe.
        part = self.split([1.0])[0]
        words = self.text(), (part, self.text(part), self.ml_of(part))
        object.__setattr__(self, "_words", words)
        return words

    def text(self, amount: float | None = None) -> str:
        """Write an amount of this line's unit, by default the whole line's.

        >>> Measure(1.5, "oz", 0.25, 45.0).text(), Measure(2.0, "dash", 1.0, 1.2).text()
        ('1 1/2 oz', '2 dashes')
        """
        if self.unit == RINSE or self.unit.startswith("to "):
            return self.unit
        return _in_words(self.amount if amount is None else amount, self.unit)


def measure_line(
    amount: float | None, unit: str | None, abbreviation: str | None, ml_each: float | None
) -> Measure:
    """Return the measure of a recipe line.

    Parameters
    ----------
    amount
        In the unit; None counts as one.
    unit, abbreviation
        The unit's names; None for pieces.
    ml_each
        Volume of one unit in ml, if it has one.
    """
    rule = unit_volume(unit, ml_each)
    value = 1.0 if amount is None else amount
    ml = rule.of(amount)
    if rule.ml_each == 0:
        # "To top" and "to rinse" have a conventional volume, whatever the amount.
        tops = rule.fixed_ml > 10
        return Measure(value, TO_TOP if tops else RINSE, 0.0, ml, tops)
    name = (unit or "").strip().lower()
    short = (abbreviation or "").strip() or _SHORT.get(name, name)
    if ml_each is None:
        return Measure(value, _SHORT.get(name, short), 1.0, ml, pieces=True)
    return Measure(value, short, _step(value, ml_each), ml)


def written_amount(
    amount: float | None, unit: str | None, abbreviation: str | None, ml_each: float | None
) -> str:
    """Write an amount as a recipe has it; the parameters are those of :func:`measure_line`.

    The site's scripts write the same figures (``amounts.js``). An amount that is missing is left
    out.

    >>> written_amount(0.75, "Ounce", "oz", 29.57), written_amount(None, "Each", "each", None)
    ('3/4 oz', '')
    """
    measure = measure_line(amount, unit, abbreviation, ml_each)
    return measure.unit if amount is None else measure.text()


def _step(amount: float, ml_each: float) -> float:
    """The smallest part that can be poured, in the unit."""
    if ml_each == 1:  # milliliters
        return 5.0 if amount % 5 == 0 or amount >= 30 else 2.5
    if ml_each < 2:  # dashes and drops
        return 1.0
    if ml_each < 9:  # teaspoons and barspoons
        return 0.5
    if ml_each < 12:  # centiliters
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
    for denominator in _DENOMINATORS:
        numerator = round(rest * denominator)
        if abs(rest - numerator / denominator) <= _FRACTION_TOLERANCE:
            total = Fraction(int(whole) * denominator + numerator, denominator)
            units, part = divmod(total.numerator, total.denominator)
            parts = [str(units)] if units or not part else []
            return " ".join([*parts, *([f"{part}/{total.denominator}"] if part else [])])
    return _decimal(value)


def _decimal(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _plural(unit: str, amount: float) -> str:
    if amount <= 1 or unit in _SYMBOLS or not unit:
        return unit
    return f"{unit}es" if unit.endswith(("s", "sh", "ch", "x")) else f"{unit}s"
