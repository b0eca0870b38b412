"""From transport plans to what a bartender does: swap this, add that, leave something out.

A plan moves shares of one recipe onto shares of another and balances them exactly. Its flows are
therefore not all swaps: when a Mojito becomes a Daiquiri, the share of its soda has to go
somewhere, and when a Manhattan's bitters disappear, something fills their place. A flow counts as

* a **swap** if both recipes use comparable amounts of the two,
* otherwise the first side is **left out**, or stays if the second recipe has it too, and the
  second side is **added** if it is new. That holds where one side fills up the glass, or is an
  accent (dashes, leaves) against a main part of the other recipe.

Amounts are those of the first recipe's own lines, rounded to what can be poured, and add up to it.

All pairs of a block are read at once: first what each flow is, then what becomes of each content
of the first recipes, then of each of their lines.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from api.analysis.arrays import Floats, Ints, spans
from api.analysis.pouring import divide, first_largest, pour_steps
from api.analysis.recipe_lines import Int32s, RecipeLines, sums
from barcart.transport import TransportPlans

Mask = NDArray[np.bool_]

#: What becomes of a line, in the order of a plan.
SWAP, ADD, LEAVE_OUT, KEEP = range(4)
#: Amounts that differ by more than this factor are an accent against a main part.
ACCENT_RATIO: Final = 4.0
#: The same where the main part is in both recipes: its amount changes to make room for the accent.
_SHARED_ACCENT_RATIO: Final = 2.5
#: A smaller part of an ingredient that both recipes have is a change of proportion, no swap.
_CHANGE_SHARE: Final = 0.25
#: An ingredient is added if at least this share of it has no other origin.
_ADDED_SHARE: Final = 0.5


@dataclass(frozen=True)
class SwapPlans:
    """How to turn one recipe into another, for many pairs.

    Attributes
    ----------
    starts, keep_starts, ends
        Of each plan. From its start on there are swaps, then what to add, then what to leave out,
        the largest share first. From ``keep_starts`` on there is what stays, in the recipe's order.
    kind
        :data:`SWAP`, :data:`ADD`, :data:`LEAVE_OUT` or :data:`KEEP`.
    taking
        The number of the name of what comes from the second recipe; -1 for nothing.
    pour
        The number of what is poured: of a line of the first recipe, for additions of the second.
    line, amount, ml
        Of each pour: its line, and how much of it, in the line's unit and in ml.
    """

    starts: Ints
    keep_starts: Ints
    ends: Ints
    kind: Ints
    taking: Int32s
    pour: Ints
    line: Int32s
    amount: Floats
    ml: Floats


def swap_plans(lines: RecipeLines, pairs: Ints, plans: TransportPlans) -> SwapPlans:
    """Read transport plans.

    Parameters
    ----------
    lines
        Of all recipes.
    pairs
        The recipes of each plan, shape (p, 2): first, second.
    plans
        Of these pairs; their columns are those of the lines.

    Returns
    -------
    SwapPlans
        The parts of each line of a first recipe that stay, are swapped or left out add up to the
        line.
    """
    first, second = _Side(lines, pairs[:, 0]), _Side(lines, pairs[:, 1])
    flows = _read_flows(first, second, plans)
    all_parts: tuple[tuple[NDArray[Any], ...], ...] = (
        _divide_lines(_outcomes(flows, second), first),
        _additions(flows, second),
    )
    parts = _Parts(*(np.concatenate(both) for both in zip(*all_parts, strict=True)))

    by_share = np.where(parts.kind == KEEP, 0.0, -parts.share)
    order = np.lexsort((parts.line, by_share, parts.kind, parts.pair))
    bounds = np.searchsorted(parts.pair[order], np.arange(len(pairs) + 1))
    kept = np.bincount(parts.pair[parts.kind == KEEP], minlength=len(pairs))
    # Lines that are not divided are one pour, however many plans they are in.
    key = np.where(parts.divided, len(lines.ml) + np.arange(len(order)), parts.line)
    _, poured, pour = np.unique(key, return_index=True, return_inverse=True)
    line, amount = parts.line[poured], parts.amount[poured]
    ml = lines.ml[line]
    np.divide(ml * amount, lines.amount[line], out=ml, where=parts.divided[poured])
    return SwapPlans(
        starts=bounds[:-1],
        keep_starts=bounds[1:] - kept,
        ends=bounds[1:],
        kind=parts.kind[order],
        taking=parts.taking[order],
        pour=pour[order],
        line=line,
        amount=amount,
        ml=ml,
    )


class _Side:
    """One recipe of each pair: its contents, one pair's after the other's."""

    def __init__(self, lines: RecipeLines, recipes: Ints) -> None:
        self.lines, self._contents = lines, lines.contents
        begins, ends = self._contents.starts[recipes], self._contents.starts[recipes + 1]
        self.content = spans(begins, ends - begins)
        self.pair = np.repeat(np.arange(len(recipes)), ends - begins)
        self.ml = self._contents.ml[self.content]
        self.role = self._contents.role[self.content]
        self.name = self._contents.name[self.content]
        self._keys = self._key(self.pair, self._contents.column[self.content])

    def __len__(self) -> int:
        return len(self.content)

    def _key(self, pair: Ints, column: Int32s) -> Ints:
        return pair * (1 + int(self._contents.column.max(initial=0))) + column

    def places(self, pair: Ints, column: Int32s) -> Ints:
        """Return where pairs have columns, all of which they have."""
        return np.searchsorted(self._keys, self._key(pair, column))

    def in_common(self, other: _Side) -> tuple[Mask, Mask]:
        """Return which contents both sides have, on this side and on the other."""
        place = np.searchsorted(other._keys, self._keys)
        found = np.append(other._keys, -1)[place] == self._keys
        there = np.zeros(len(other), dtype=np.bool_)
        there[place[found]] = True
        return found, there

    def lines_of(self, places: Ints) -> tuple[Ints, Int32s]:
        """Return the lines of contents: the content's place, and the line."""
        begins = self._contents.line_starts[self.content[places]]
        lengths = self._contents.line_starts[self.content[places] + 1] - begins
        return np.repeat(places, lengths), self._contents.line[spans(begins, lengths)]


@dataclass(frozen=True)
class _Flows:
    """The flows of all plans, each read as a swap or as what only balances a plan.

    Attributes
    ----------
    giving, taking
        Of each flow: the place of the content of the first recipe, and of the second.
    share
        Of each flow.
    swaps
        Whether a flow is a swap.
    given, shared
        Of each content of a first recipe: its share, and whether the second recipe has it.
    taken, new
        Of each content of a second recipe: its share, and whether it is added.
    """

    giving: Ints
    taking: Ints
    share: Floats
    swaps: Mask
    given: Floats
    shared: Mask
    taken: Floats
    new: Mask


def _read_flows(first: _Side, second: _Side, plans: TransportPlans) -> _Flows:
    pair = np.repeat(np.arange(len(plans.distances)), np.diff(plans.indptr))
    giving, taking = first.places(pair, plans.source), second.places(pair, plans.target)
    shared, known = first.in_common(second)
    share = plans.flow
    given = sums(giving, share, len(first))
    taken = sums(taking, share, len(second))

    here, there = first.ml[giving], second.ml[taking]
    more_is_shared = np.where(here > there, shared[giving], known[taking])
    limit = np.where(more_is_shared, _SHARED_ACCENT_RATIO, ACCENT_RATIO)
    swaps = (
        (plans.source != plans.target)
        & (first.role[giving] == second.role[taking])
        & (np.maximum(here, there) <= limit * np.minimum(here, there))
        & ~(shared[giving] & (share < _CHANGE_SHARE * given[giving]))
    )
    unexplained = sums(taking, share * ~(swaps | known[taking]), len(second))
    new = (unexplained > 0) & (unexplained >= _ADDED_SHARE * taken)
    swaps &= ~new[taking]
    return _Flows(giving, taking, share, swaps, given, shared, taken, new)


@dataclass(frozen=True)
class _Outcomes:
    """What becomes of the contents of first recipes; of some, several things.

    Attributes
    ----------
    starts
        The outcomes of content i are ``starts[i]:starts[i + 1]``, at least one.
    kind
        :data:`KEEP` or :data:`LEAVE_OUT`, then :data:`SWAP` by what is taken.
    share
        Of the recipe.
    taking
        For swaps the number of the name of what is taken; -1 for nothing.
    given
        Of each content: its share of the recipe; 0 if the plan has no such flow.
    """

    starts: Ints
    kind: Ints
    share: Floats
    taking: Int32s
    given: Floats


def _outcomes(flows: _Flows, second: _Side) -> _Outcomes:
    rest = sums(flows.giving, flows.share * ~flows.swaps, len(flows.given))
    place, share = flows.giving[flows.swaps], flows.share[flows.swaps]
    taking = second.name[flows.taking[flows.swaps]]
    begins = np.flatnonzero(np.diff(place, prepend=-1))
    # What would be left out beside swaps goes the way of the main one.
    merged = ~flows.shared[place[begins]]
    swapped = place[begins[merged]]
    share[first_largest(share, begins)[merged]] += rest[swapped]
    rest[swapped] = 0.0

    idle = flows.given == 0
    resting = np.flatnonzero((rest > 0) | idle)
    place = np.concatenate((resting, place))
    order = np.argsort(place, kind="stable")
    kind = np.where((flows.shared | idle)[resting], KEEP, LEAVE_OUT)
    return _Outcomes(
        np.searchsorted(place[order], np.arange(len(rest) + 1)),
        np.concatenate((kind, np.full(len(share), SWAP)))[order],
        np.concatenate((rest[resting], share))[order],
        np.concatenate((np.full(len(resting), -1, np.int32), taking))[order],
        flows.given,
    )


class _Parts(NamedTuple):
    """Lines, or parts of lines, of which the same becomes.

    Parameters
    ----------
    pair
        Of each part.
    line, amount
        Of a recipe of the pair, and how much of it in its unit.
    kind, share, taking
        What becomes of it, as for :class:`_Outcomes`.
    divided
        Whether other parts of the line have another outcome.
    """

    pair: Ints
    line: Int32s
    amount: Floats
    kind: Ints
    share: Floats
    taking: Int32s
    divided: Mask


def _additions(flows: _Flows, second: _Side) -> _Parts:
    place, line = second.lines_of(np.flatnonzero(flows.new))
    return _Parts(
        pair=second.pair[place],
        line=line,
        amount=second.lines.amount[line],
        kind=np.full(len(line), ADD),
        share=flows.taken[place],
        taking=second.lines.name[line],
        divided=np.zeros(len(line), dtype=np.bool_),
    )


def _divide_lines(outcomes: _Outcomes, side: _Side) -> _Parts:
    lines = side.lines
    place, line = side.lines_of(np.arange(len(side)))
    amount = lines.amount[line]
    step = pour_steps(amount, np.array([unit.step for unit in lines.units])[lines.unit[line]])
    # Of nothing there are no parts, unless it is a top-up, or what no plan moves.
    some = (amount > 0) | (step == 0) | (outcomes.given[place] == 0)
    place, line, amount, step = place[some], line[some], amount[some], step[some]

    count = np.diff(outcomes.starts)[place]
    number = np.repeat(np.arange(len(line)), count)
    outcome = spans(outcomes.starts[place], count)
    share = outcomes.share[outcome]
    # A line that cannot be divided goes the way of its main part.
    goes = step[number] > 0
    goes[first_largest(share, np.cumsum(count) - count)] = True
    number, outcome, share = number[goes], outcome[goes], share[goes]

    several = (count > 1) & (step > 0)
    divided = several[number]
    part = amount[number]
    part[divided] = divide(
        amount[several],
        step[several],
        share[divided] / outcomes.given[place[number[divided]]],
        np.cumsum(count[several]) - count[several],
    )
    poured = ~divided | (part > 0)
    number, outcome = number[poured], outcome[poured]
    return _Parts(
        pair=side.pair[place[number]],
        line=line[number],
        amount=part[poured],
        kind=outcomes.kind[outcome],
        share=share[poured],
        taking=outcomes.taking[outcome],
        divided=divided[poured],
    )
