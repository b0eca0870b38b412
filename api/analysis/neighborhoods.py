"""Names for the neighborhoods of a cocktail map, coarse and fine.

A UMAP layout has no axes to read, so the map is labeled like a map: few names for large regions,
more as one zooms in. A name is an ingredient, or two that occur together. On each level every
candidate is smoothed over the map, and placed where it has most recipes beyond what its wider
surroundings would give: the weighted relative accuracy of subgroup discovery (Lavrač, Flach and
Zupan 1999, Rule evaluation measures: a unifying view). Nothing is clustered, so a recipe that
moves changes every score a little, and few names at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_MIN_RECIPES: Final = 30
#: A candidate occurs in so many recipes at least.
_MIN_MEMBERS: Final = 4
_MAX_CANDIDATES: Final = 600
#: What more recipes have than this share ("Spirits", "Juice") names no region.
_TOO_COMMON: Final = 0.4
#: Smoothing width of each level, relative to the layout's spread; the coarsest first.
_WIDTHS: Final = (0.36, 0.18, 0.09)
#: A name must hold for this share of the recipes at its place.
_MIN_SHARE: Final = 0.4
#: Recipes beyond what the surroundings would give: at least this many, and this share of all.
_MIN_EXCESS: Final = 1.2
_MIN_EXCESS_SHARE: Final = (0.012, 0.006, 0.003)
#: A name of the last map counts this much more than a new one, so that names do not flicker.
_LOYALTY: Final = 3.0
#: Names of a level keep this many smoothing widths apart.
_SEPARATION: Final = 2.0
_CELLS: Final = 80
#: So many cells are compared pair by pair; for more, smoothing the whole grid is faster.
_MAX_PAIRED: Final = 60
# Names that some taxonomies give to a remainder; they say nothing about a region.
_MEANINGLESS: Final = frozenset({"other", "others", "misc", "miscellaneous", "unknown"})


@dataclass(frozen=True, slots=True)
class Neighborhood:
    """A named region of a map.

    Parameters
    ----------
    x, y
        Where the name holds best.
    name
        One or two ingredients, joined by a middle dot.
    size
        Number of recipes that the name describes there.
    level
        0 for the coarsest; finer names are for closer views.
    """

    x: float
    y: float
    name: str
    size: int
    level: int


def name_neighborhoods(
    positions: FloatArray,
    ingredients: Sequence[Sequence[str]],
    ancestors: Mapping[str, Sequence[str]],
    known: Mapping[str, int] | None = None,
) -> list[Neighborhood]:
    """Name the regions of a map.

    Parameters
    ----------
    positions : ndarray of shape (n, 2)
        Positions of the recipes; finite.
    ingredients
        Names of each recipe's ingredients, n entries.
    ancestors
        Names of the nodes above each ingredient. They compete with the ingredient itself, so that
        ten recipes with ten different ryes are called "Rye".
    known
        Names that readers know from the last map, with their level. They stay until their reason
        is clearly gone.

    Returns
    -------
    list of Neighborhood
        Coarse before fine, on each level the most distinct first; no name twice. Empty for fewer
        than 30 recipes. The same input gives the same output.
    """
    count = len(positions)
    if count < _MIN_RECIPES or len(np.unique(positions, axis=0)) < _MIN_RECIPES:
        return []
    grid = _Grid.over(positions)
    cells = grid.cells(positions)
    candidates = _Candidates.over(cells, _candidates(ingredients, ancestors))

    found: list[Neighborhood] = []
    used: set[str] = set()
    for level, width in enumerate(_WIDTHS):
        last = {name for name, at in (known or {}).items() if at == level}
        places = _places(level, grid, cells, candidates, last)
        kept: list[Neighborhood] = []
        apart = _SEPARATION * width * grid.spread
        for place in places:
            if place.name in used:
                continue
            # Two names that stood side by side on the last map may do so again.
            least = apart / _LOYALTY if place.name in last else apart
            if any(np.hypot(place.x - one.x, place.y - one.y) < least for one in kept):
                continue
            kept.append(place)
            used.add(place.name)
        found.extend(kept)
    return found


@dataclass(frozen=True, slots=True)
class _Grid:
    """A square grid over the layout."""

    low: FloatArray
    step: float
    spread: float

    @classmethod
    def over(cls, positions: FloatArray) -> _Grid:
        low, high = positions.min(axis=0), positions.max(axis=0)
        distance = np.hypot(*(positions - np.median(positions, axis=0)).T)
        # Robust: a few recipes far out must not make every region coarser.
        spread = float(np.quantile(distance, 0.75)) or 1.0
        return cls(low, float((high - low).max()) / (_CELLS - 1) or 1.0, spread)

    def cells(self, positions: FloatArray) -> IntArray:
        """Row of the flattened grid for each position."""
        column = np.rint((positions - self.low) / self.step).astype(np.int64)
        cells: IntArray = column[:, 1] * _CELLS + column[:, 0]
        return cells

    def kernel(self, width: float) -> FloatArray:
        """Return a Gaussian by the cells of an axis, shape (cells, cells), 1 on the diagonal.

        Parameters
        ----------
        width
            Relative to the layout's spread.
        """
        sigma = max(width * self.spread / self.step, 0.7)
        offset = np.arange(_CELLS)[:, np.newaxis] - np.arange(_CELLS)
        return np.exp(-0.5 * (offset / sigma) ** 2)

    def position(self, cell: int) -> tuple[float, float]:
        row, column = divmod(cell, _CELLS)
        return (
            float(self.low[0] + column * self.step),
            float(self.low[1] + row * self.step),
        )


@dataclass(frozen=True, slots=True)
class _Candidates:
    """Where the recipes of each candidate are.

    Candidate ``owner[i]`` has ``counts[i]`` of its recipes in ``cells[i]``; by owner, then cell.
    """

    names: list[str]
    members: IntArray
    owner: IntArray
    cells: IntArray
    counts: IntArray

    @classmethod
    def over(cls, cells: IntArray, rows_of: Mapping[str, IntArray]) -> _Candidates:
        members = np.array([len(rows) for rows in rows_of.values()], dtype=np.int64)
        rows = np.concatenate([np.empty(0, dtype=np.int64), *rows_of.values()])
        owner = np.repeat(np.arange(len(members)), members)
        held, counts = np.unique(owner * _CELLS * _CELLS + cells[rows], return_counts=True)
        owner, places = np.divmod(held, _CELLS * _CELLS)
        return cls(list(rows_of), members, owner, places, counts)

    def span(self, number: int) -> slice:
        """Return where the places of one candidate are."""
        begin, end = np.searchsorted(self.owner, (number, number + 1))
        return slice(begin, end)


def _candidates(
    ingredients: Sequence[Sequence[str]], ancestors: Mapping[str, Sequence[str]]
) -> dict[str, IntArray]:
    """Recipes by name: each ingredient, each kind above one, and pairs of these."""
    members: dict[str, list[int]] = {}
    for row, names in enumerate(ingredients):
        for term in {term for name in names for term in (name, *ancestors.get(name, ()))}:
            members.setdefault(term, []).append(row)
    most = _TOO_COMMON * len(ingredients)
    rows_of = {
        term: np.asarray(rows, dtype=np.int64)
        for term, rows in sorted(members.items())
        if _MIN_MEMBERS <= len(rows) <= most and term.casefold() not in _MEANINGLESS
    }
    chosen = sorted(rows_of, key=lambda term: (-len(rows_of[term]), term))[:_MAX_CANDIDATES]
    found = {term: rows_of[term] for term in chosen}
    for one, other in _frequent_pairs(rows_of, len(ingredients)):
        if len(found) >= 2 * _MAX_CANDIDATES:
            break
        if _related(one, other, ancestors):
            continue
        # The rarer ingredient says more, so it is read first.
        first, second = sorted((one, other), key=lambda term: (len(rows_of[term]), term))
        found[f"{first} · {second}"] = np.intersect1d(
            rows_of[one], rows_of[other], assume_unique=True
        )
    return found


def _frequent_pairs(rows_of: Mapping[str, IntArray], n_rows: int) -> Iterator[tuple[str, str]]:
    """Yield the pairs of terms that enough rows have, the most frequent first, then by name.

    ``rows_of`` is in the order of its terms.
    """
    terms = list(rows_of)
    if not terms:
        return
    columns = np.concatenate(list(rows_of.values()))
    starts = np.cumsum([0, *(len(rows) for rows in rows_of.values())])
    held = csr_array((np.ones(columns.size, np.int64), columns, starts), (len(terms), n_rows))
    together = (held @ held.T).tocoo()
    one, other = together.coords
    enough = (one < other) & (together.data >= _MIN_MEMBERS)
    one, other, count = one[enough], other[enough], together.data[enough]
    for pair in np.lexsort((other, one, -count)).tolist():
        yield terms[one[pair]], terms[other[pair]]


def _related(one: str, other: str, ancestors: Mapping[str, Sequence[str]]) -> bool:
    return one in ancestors.get(other, ()) or other in ancestors.get(one, ())


def _places(
    level: int,
    grid: _Grid,
    cells: IntArray,
    candidates: _Candidates,
    known: Set[str],
) -> list[Neighborhood]:
    """Each candidate at its best place on a level, the best candidate first."""
    least = max(_MIN_EXCESS, _MIN_EXCESS_SHARE[level] * len(cells))
    near = grid.kernel(_WIDTHS[level])
    wide = grid.kernel(_WIDTHS[level - 1]) if level else None
    everything = _smoothed(cells, near)
    wider = None if wide is None else _smoothed(cells, wide)
    bonuses = np.where([name in known for name in candidates.names], _LOYALTY, 1.0)
    # Around a place are at most all of a candidate's recipes: half of them are out by that.
    share = (candidates.members * bonuses)[candidates.owner] / (everything[candidates.cells] + 1.0)
    hopeful = (share >= _MIN_SHARE) & (candidates.members[candidates.owner] * share >= least)
    scored: list[tuple[float, Neighborhood]] = []
    for number in np.unique(candidates.owner[hopeful]).tolist():
        name, bonus = candidates.names[number], float(bonuses[number])
        members = int(candidates.members[number])
        span = candidates.span(number)
        places, counts = candidates.cells[span], candidates.counts[span]
        # A name is placed where at least one of its recipes is.
        here = _smoothed_at(places, counts, near)
        # One recipe's weight against empty ground: what is rare nearby is no region.
        share = here / (everything[places] + 1.0)
        # The surroundings only take away; most candidates are out without them.
        if not ((here * share * bonus >= least) & (share * bonus >= _MIN_SHARE)).any():
            continue
        if wide is None or wider is None:
            around = np.full(len(places), members / len(cells))
        else:
            around = _smoothed_at(places, counts, wide) / (wider[places] + 1.0)
        excess = here * (share - around)
        best = int(excess.argmax())
        if excess[best] * bonus >= least and share[best] * bonus >= _MIN_SHARE:
            x, y = grid.position(int(places[best]))
            place = Neighborhood(x, y, name, round(float(here[best])), level)
            scored.append((float(excess[best]) * bonus, place))
    scored.sort(key=lambda entry: (-entry[0], entry[1].name))
    return [place for _, place in scored]


def _smoothed(cells: IntArray, kernel: FloatArray) -> FloatArray:
    """Recipes around each cell of the grid, weighted by the kernel along both axes; flat."""
    counted = np.bincount(cells, minlength=_CELLS * _CELLS).reshape(_CELLS, _CELLS)
    smoothed: FloatArray = kernel @ counted.astype(np.float64) @ kernel
    return smoothed.ravel()


def _smoothed_at(places: IntArray, counts: IntArray, kernel: FloatArray) -> FloatArray:
    """As `_smoothed`, at the cells that hold recipes alone."""
    if len(places) > _MAX_PAIRED:
        return _smoothed(np.repeat(places, counts), kernel)[places]
    rows, columns = np.divmod(places, _CELLS)
    weights = kernel[rows[:, np.newaxis], rows] * kernel[columns[:, np.newaxis], columns]
    smoothed: FloatArray = weights @ counts.astype(np.float64)
    return smoothed
