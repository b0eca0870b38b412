"""The volume of a recipe line: one rule, for lists and for data frames.

A line is an amount of a unit. Most units have a fixed volume in ml. The others follow bartenders'
conventions, because skipping the line would lose the soda of a highball:

================  ==========================================================================
'to top'          90 ml, the usual top-up of a tall drink; the amount is ignored
'to rinse'        5 ml; most of a rinse is discarded, and the amount is ignored
any other unit    1 ml per piece: leaves, peels and the like add flavor, not volume
================  ==========================================================================

A missing amount counts as 1, a missing unit as pieces.
"""

from typing import NamedTuple

FILL_ML = {"to top": 90.0, "to rinse": 5.0}
PIECE_ML = 1.0


class UnitVolume(NamedTuple):
    """The volume of a line as ``fixed_ml + amount * ml_each``, in ml."""

    fixed_ml: float
    ml_each: float

    def of(self, amount: float | None) -> float:
        """Return the volume in ml of ``amount`` of the unit; None counts as 1."""
        return self.fixed_ml + (1.0 if amount is None else amount) * self.ml_each


def unit_volume(name: str | None, conversion_to_ml: float | None) -> UnitVolume:
    """Return the volume of a unit, given its name and ml; either may be missing.

    An explicit volume wins, even for a unit named 'to top'.
    """
    if conversion_to_ml is not None:
        return UnitVolume(0.0, conversion_to_ml)
    fill = FILL_ML.get((name or "").strip().lower())
    return UnitVolume(0.0, PIECE_ML) if fill is None else UnitVolume(fill, 0.0)
