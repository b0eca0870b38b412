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

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Final, Literal, NamedTuple

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


class Step(NamedTuple):
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


@dataclass(frozen=True, slots=True)
class Drink:
    """A recipe's lines, and what is asked of its columns for each plan.

    Parameters
    ----------
    lines
        In order.
    ml
        Volume by column.
    roles
        By column, whether it fills up the glass, and whether it is counted: 0 to 3.
    names
        The ingredients' names by column.
    """

    lines: Sequence[Line]
    ml: Mapping[int, float]
    roles: Mapping[int, int]
    names: Mapping[int, str]

    @classmethod
    def of(cls, lines: Sequence[Line]) -> Drink:
        """Sum up lines."""
        ml: dict[int, float] = {}
        roles: dict[int, int] = {}
        names: dict[int, list[str]] = {}
        for line in lines:
            ml[line.column] = ml.get(line.column, 0.0) + line.measure.ml
            role = 2 * line.lengthener + line.measure.pieces
            roles[line.column] = roles.get(line.column, 0) | role
            known = names.setdefault(line.column, [])
            if line.name not in known:
                known.append(line.name)
        return cls(
            lines,
            ml,
            roles,
            {column: " and ".join(several) for column, several in names.items()},
        )


def swap_plan(first: Drink, second: Drink, flows: Sequence[tuple[int, int, float]]) -> SwapPlan:
    """Read a transport plan.

    Parameters
    ----------
    first, second
        Both recipes.
    flows
        (column of the first, column of the second, share) of the plan; shares are positive.

    Returns
    -------
    SwapPlan
        The parts of each line of ``first`` that stay, are swapped or left out add up to the line.
    """
    here, there = first.ml, second.ml
    given: dict[int, float] = {}
    for source, _, share in flows:
        given[source] = given.get(source, 0.0) + share

    kept: dict[int, float] = {}
    left: dict[int, float] = {}
    added: dict[int, float] = {}
    swapped: dict[int, dict[int, float]] = {}

    def balance(source: int, target: int, share: float) -> None:
        """Count a flow that only balances the plan: no replacement of one by the other."""
        rest = kept if source in there else left
        rest[source] = rest.get(source, 0.0) + share
        if target not in here:
            added[target] = added.get(target, 0.0) + share

    for source, target, share in flows:
        if source == target:
            kept[source] = kept.get(source, 0.0) + share
        elif _comparable(source, target, first, second) and not (
            source in there and share < _CHANGE_SHARE * given[source]
        ):
            shares = swapped.setdefault(source, {})
            shares[target] = shares.get(target, 0.0) + share
        else:
            balance(source, target, share)
    new: set[int] = set()
    if added:
        taken: dict[int, float] = {}
        for _, target, share in flows:
            taken[target] = taken.get(target, 0.0) + share
        new = {target for target, share in added.items() if share >= _ADDED_SHARE * taken[target]}
        for source, shares in swapped.items():
            for target in new & shares.keys():
                balance(source, target, shares.pop(target))

    steps: list[tuple[int, float, Step]] = []
    keep: list[tuple[str, str, float]] = []
    for line in first.lines:
        column, measure = line.column, line.measure
        if column not in given:
            keep.append((measure.written, line.name, measure.ml))
            continue
        shares = swapped.get(column, {})
        if not shares and column not in left:  # most lines
            part, text, ml = measure.whole
            if part > 0 or measure.step <= 0:
                keep.append((text, line.name, ml))
            continue
        targets = sorted(shares)
        if targets:
            # The rest of an ingredient goes the way of its main part.
            main = max(targets, key=shares.__getitem__)
            shares[main] += left.pop(column, 0.0)
        outcomes = [kept.get(column, 0.0), left.get(column, 0.0)]
        outcomes += [shares[target] for target in targets]
        whole = len(outcomes) - outcomes.count(0.0) == 1
        parts = (
            [(outcomes.index(max(outcomes)), measure.whole[0])]
            if whole
            else enumerate(measure.split([outcome / given[column] for outcome in outcomes]))
        )
        for index, part in parts:
            if part <= 0 and not (measure.step <= 0 and outcomes[index] == max(outcomes)):
                continue
            text, ml = measure.whole[1:] if whole else (measure.text(part), measure.ml_of(part))
            if index == 0:
                keep.append((text, line.name, ml))
                continue
            kind: Kind = "leave out" if index == 1 else "swap"
            taking = None if index == 1 else second.names[targets[index - 2]]
            steps.append((_ORDER[kind], -outcomes[index], Step(kind, text, ml, line.name, taking)))
    if new:
        for line in second.lines:
            if line.column in new:
                step = Step("add", line.measure.written, line.measure.ml, None, line.name)
                steps.append((_ORDER["add"], -added[line.column], step))
    steps.sort(key=itemgetter(0, 1))
    return SwapPlan([step for _, _, step in steps], keep)


def _comparable(source: int, target: int, first: Drink, second: Drink) -> bool:
    """Whether one can replace the other: both fill up the glass, or neither, in like amounts."""
    if first.roles[source] != second.roles[target]:
        return False
    here, there = first.ml[source], second.ml[target]
    if here > there:
        return here <= (_SHARED_ACCENT_RATIO if source in second.ml else ACCENT_RATIO) * there
    return there <= (_SHARED_ACCENT_RATIO if target in first.ml else ACCENT_RATIO) * here
