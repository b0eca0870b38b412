"""From a transport plan to what a bartender does: swap this, add that, leave something out.

A plan moves shares of one recipe onto shares of another and balances them exactly. Its flows are
therefore not all swaps: when a Mojito becomes a Daiquiri, the share of its soda has to go
somewhere, and when a Manhattan's bitters disappear, something fills their place. A flow counts as

* a **swap** if both recipes use comparable amounts of the two,
* otherwise the first side is **left out**, or stays if the second recipe has it too, and the
  second side is **added** if it is new. That holds where one side fills up the glass, or is an
  accent (dashes, leaves) against a main part of the other recipe.

Amounts are those of the first recipe's own lines, rounded to what can be poured, and add up to it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Final, Literal

from api.analysis.bar_measures import RINSE, TO_TOP, Measure

Kind = Literal["swap", "add", "leave out"]

#: Amounts that differ by more than this factor are an accent against a main part.
ACCENT_RATIO: Final = 4.0
#: The same where the main part is in both recipes: its amount changes to make room for the accent.
_SHARED_ACCENT_RATIO: Final = 2.5
#: A smaller part of an ingredient that both recipes have is a change of proportion, no swap.
_CHANGE_SHARE: Final = 0.25
#: An ingredient is added if at least this share of it has no other origin.
_ADDED_SHARE: Final = 0.5
_ORDER: Final[Mapping[Kind, int]] = {"swap": 0, "add": 1, "leave out": 2}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a recipe.

    Parameters
    ----------
    name
        The ingredient's own name, as the recipe has it.
    column
        Its column among the learned costs, after roll-up.
    measure
        Its amount.
    lengthener
        Whether it only fills up the glass, such as soda or a top-up.
    """

    name: str
    column: int
    measure: Measure
    lengthener: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do.

    Parameters
    ----------
    kind
        "swap", "add" or "leave out".
    measure
        The amount in words, such as "3/4 oz"; for "add" in the second recipe's unit.
    ml
        The same in ml.
    giving
        Ingredient of the first recipe; None for "add".
    taking
        Ingredient of the second recipe; None for "leave out".
    """

    kind: Kind
    measure: str
    ml: float
    giving: str | None
    taking: str | None

    def text(self) -> str:
        """Return the step in words.

        >>> Step("swap", "1 oz", 30.0, "Campari", "Aperol").text()
        '1 oz Campari -> Aperol'
        """
        measured = "" if self.measure in (TO_TOP, RINSE) else f"{self.measure} "
        if self.kind == "swap":
            return f"{measured}{self.giving} -> {self.taking}"
        if self.kind == "leave out":
            return f"leave out {measured}{self.giving}"
        verb = {TO_TOP: "top with", RINSE: "rinse with"}.get(self.measure, "add")
        return f"{verb} {measured}{self.taking}"


@dataclass(frozen=True, slots=True)
class SwapPlan:
    """How to turn one recipe into another.

    Parameters
    ----------
    steps
        Swaps first, then what to add, then what to leave out; the largest share first.
    keep
        (amount in words, ingredient, ml) of what stays.
    """

    steps: list[Step]
    keep: list[tuple[str, str, float]]


def swap_plan(
    first: Sequence[Line], second: Sequence[Line], flows: Sequence[tuple[int, int, float]]
) -> SwapPlan:
    """Read a transport plan.

    Parameters
    ----------
    first, second
        The lines of both recipes.
    flows
        (column of the first, column of the second, share) of the plan; shares are positive.

    Returns
    -------
    SwapPlan
        The parts of each line of ``first`` that stay, are swapped or left out add up to the line.
    """
    given: dict[int, float] = defaultdict(float)
    taken: dict[int, float] = defaultdict(float)
    for source, target, share in flows:
        given[source] += share
        taken[target] += share
    first_side, second_side = _Side.of(first), _Side.of(second)

    kept: dict[int, float] = defaultdict(float)
    left: dict[int, float] = defaultdict(float)
    added: dict[int, float] = defaultdict(float)
    swapped: dict[int, dict[int, float]] = defaultdict(dict)

    def balance(source: int, target: int, share: float) -> None:
        """Count a flow that only balances the plan: no replacement of one by the other."""
        (kept if source in second_side.ml else left)[source] += share
        if target not in first_side.ml:
            added[target] += share

    for source, target, share in flows:
        if source == target:
            kept[source] += share
        elif _comparable(source, target, first_side, second_side) and not (
            source in second_side.ml and share < _CHANGE_SHARE * given[source]
        ):
            swapped[source][target] = swapped[source].get(target, 0.0) + share
        else:
            balance(source, target, share)
    new = {target for target, share in added.items() if share >= _ADDED_SHARE * taken[target]}
    for source, targets_of in swapped.items():
        for target in new & targets_of.keys():
            balance(source, target, targets_of.pop(target))

    names = _names_by_column(second)
    steps: list[tuple[int, float, Step]] = []
    keep: list[tuple[str, str, float]] = []
    for line in first:
        share = given.get(line.column, 0.0)
        if share <= 0:
            keep.append((line.measure.text(), line.name, line.measure.ml))
            continue
        shares = swapped.get(line.column, {})
        targets = sorted(shares)
        if targets:
            # The rest of an ingredient goes the way of its main part.
            main = max(targets, key=shares.__getitem__)
            shares[main] += left.pop(line.column, 0.0)
        outcomes = [kept.get(line.column, 0.0), left.get(line.column, 0.0)]
        outcomes += [shares[target] for target in targets]
        parts = line.measure.split([outcome / share for outcome in outcomes])
        for index, part in enumerate(parts):
            if part <= 0 and not (line.measure.step <= 0 and outcomes[index] == max(outcomes)):
                continue
            text, ml = line.measure.text(part), _ml_of(line.measure, part)
            if index == 0:
                keep.append((text, line.name, ml))
                continue
            kind: Kind = "leave out" if index == 1 else "swap"
            taking = None if index == 1 else names[targets[index - 2]]
            step = Step(kind, text, ml, line.name, taking)
            steps.append((_ORDER[kind], -outcomes[index], step))
    for line in second:
        if line.column in new:
            step = Step("add", line.measure.text(), line.measure.ml, None, line.name)
            steps.append((_ORDER["add"], -added[line.column], step))
    steps.sort(key=lambda entry: entry[:2])
    return SwapPlan([step for _, _, step in steps], keep)


def _ml_of(measure: Measure, part: float) -> float:
    if measure.step <= 0 or measure.amount <= 0:
        return measure.ml
    return measure.ml * part / measure.amount


@dataclass(frozen=True, slots=True)
class _Side:
    """One recipe's columns: their ml, which fill up the glass, and which are pieces."""

    ml: Mapping[int, float]
    lengtheners: Set[int]
    pieces: Set[int]

    @classmethod
    def of(cls, lines: Sequence[Line]) -> _Side:
        total: dict[int, float] = {}
        lengtheners, pieces = set(), set()
        for line in lines:
            total[line.column] = total.get(line.column, 0.0) + line.measure.ml
            if line.lengthener:
                lengtheners.add(line.column)
            if line.measure.pieces:
                pieces.add(line.column)
        return cls(total, lengtheners, pieces)


def _comparable(source: int, target: int, first: _Side, second: _Side) -> bool:
    """Whether one can replace the other: both fill up the glass, or neither, in like amounts."""
    if (source in first.lengtheners) != (target in second.lengtheners):
        return False
    if (source in first.pieces) != (target in second.pieces):
        return False
    here, there = first.ml[source], second.ml[target]
    if here > there:
        return here <= (_SHARED_ACCENT_RATIO if source in second.ml else ACCENT_RATIO) * there
    return there <= (_SHARED_ACCENT_RATIO if target in first.ml else ACCENT_RATIO) * here


def _names_by_column(lines: Sequence[Line]) -> dict[int, str]:
    names: dict[int, list[str]] = {}
    for line in lines:
        known = names.setdefault(line.column, [])
        if line.name not in known:
            known.append(line.name)
    return {column: " and ".join(several) for column, several in names.items()}
