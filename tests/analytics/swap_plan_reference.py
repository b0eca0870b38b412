"""One swap plan at a time, in plain Python: what api/analysis/swap_plans.py has to equal."""

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from api.analysis.bar_measures import BarUnit
from api.analysis.recipe_lines import LENGTHENER, PIECES

ACCENT, SHARED_ACCENT, CHANGE, ADDED = 4.0, 2.5, 0.25, 0.5
ORDER = ("swap", "add", "leave out")

Flow = tuple[int, int, float]


class Line(NamedTuple):
    """One line of a recipe."""

    name: str
    column: int
    amount: float
    unit: BarUnit
    ml: float
    lengthener: bool = False

    @property
    def role(self) -> int:
        """Whether it fills up the glass, and whether it is counted."""
        return LENGTHENER * (self.lengthener or self.unit.tops) + PIECES * self.unit.pieces

    @property
    def step(self) -> float:
        """The smallest part that can be poured."""
        halved = self.unit.step == 5 and self.amount % 5 and self.amount < 30
        return self.unit.step / (2 if halved else 1)


class Step(NamedTuple):
    """One thing to do, or ("keep") not to."""

    kind: str
    amount: float
    ml: float
    giving: str | None
    taking: str | None


class Drink:
    """A recipe's lines, and their sums by column."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self.lines = lines
        self.ml: dict[int, float] = defaultdict(float)
        self.role: dict[int, int] = defaultdict(int)
        names: dict[int, dict[str, None]] = defaultdict(dict)
        for line in lines:
            self.ml[line.column] += line.ml
            self.role[line.column] |= line.role
            names[line.column][line.name] = None
        self.name = {column: " and ".join(several) for column, several in names.items()}


def comparable(source: int, target: int, first: Drink, second: Drink) -> bool:
    """Whether both fill up the glass, or neither, in like amounts."""
    here, there = first.ml[source], second.ml[target]
    shared = source in second.name if here > there else target in first.name
    near = max(here, there) <= (SHARED_ACCENT if shared else ACCENT) * min(here, there)
    return first.role[source] == second.role[target] and near


def divide(amount: float, step: float, shares: Sequence[float]) -> list[float]:
    """Divide an amount by shares that sum to 1, in steps, by largest remainder."""
    steps = math.floor(amount / step + 1e-9)
    exact = [share * steps for share in shares]
    counts = [math.floor(value + 1e-9) for value in exact]
    by_remainder = sorted(range(len(shares)), key=lambda i: round(counts[i] - exact[i], 9))
    for index in by_remainder[: steps - sum(counts)]:
        counts[index] += 1
    parts = [count * step for count in counts]
    parts[shares.index(max(shares))] += amount - steps * step
    return parts


def swap_plan(one: Sequence[Line], other: Sequence[Line], flows: Sequence[Flow]) -> list[Step]:
    """Return the steps of a plan, then what is kept."""
    first, second = Drink(one), Drink(other)
    given: dict[int, float] = defaultdict(float)
    taken: dict[int, float] = defaultdict(float)
    for source, target, share in flows:
        given[source] += share
        taken[target] += share
    swaps = {
        (source, target): share
        for source, target, share in flows
        if source != target
        and comparable(source, target, first, second)
        and not (source in second.name and share < CHANGE * given[source])
    }
    unexplained: dict[int, float] = defaultdict(float)
    for source, target, share in flows:
        if (source, target) not in swaps and target not in first.name:
            unexplained[target] += share
    new = {target for target, share in unexplained.items() if share >= ADDED * taken[target]}

    found: list[tuple[int, float, Step]] = []
    kept = []
    for line in first.lines:
        column = line.column
        stays = column in second.name or column not in given
        rest = sum(
            share
            for source, target, share in flows
            if source == column and ((source, target) not in swaps or target in new)
        )
        shares = {
            target: share
            for (source, target), share in sorted(swaps.items())
            if source == column and target not in new
        }
        if shares and not stays:
            shares[max(shares, key=shares.__getitem__)] += rest
            rest = 0.0
        outcomes: list[tuple[str, str | None, float]] = []
        if rest > 0 or column not in given:
            outcomes.append(("keep" if stays else "leave out", None, rest))
        outcomes += [("swap", second.name[target], share) for target, share in shares.items()]
        if line.step == 0:
            outcomes = [max(outcomes, key=lambda outcome: outcome[2])]
        parts = [line.amount] * len(outcomes)
        divided = len(outcomes) > 1 and line.step > 0
        if divided:
            shares_of_line = [share / given[column] for *_, share in outcomes]
            parts = divide(line.amount, line.step, shares_of_line)
        for (kind, taking, share), part in zip(outcomes, parts, strict=True):
            if part > 0 or line.step == 0 or column not in given:
                ml = line.ml * part / line.amount if divided else line.ml
                step = Step(kind, part, ml, line.name, taking)
                if kind == "keep":
                    kept.append(step)
                else:
                    found.append((ORDER.index(kind), -share, step))
    found += [
        (1, -taken[line.column], Step("add", line.amount, line.ml, None, line.name))
        for line in second.lines
        if line.column in new
    ]
    found.sort(key=lambda entry: entry[:2])
    return [step for *_, step in found] + kept
