"""Names for the neighborhoods of a cocktail map, coarse and fine.

A UMAP layout has no axes to read, so the map is labeled like a map: few names for large regions,
more as one zooms in. A name is an ingredient, or two that occur together. On each level every
candidate is smoothed over the map, and placed where it has most recipes beyond what its wider
surroundings would give: the weighted relative accuracy of subgroup discovery (Lavrač, Flach and
Zupan 1999, Rule evaluation measures: a unifying view). Nothing is clustered, so a recipe that
moves changes every score a little, and few names at all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

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
#: Candidates that are smoothed at once.
_BATCH: Final = 64
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
    candidates = _candidates(ingredients, ancestors)
    cells = grid.cells(positions)

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

    def cells(self, positions: FloatArray) -> npt.NDArray[np.int64]:
        """Row of the flattened grid for each position."""
        column = np.rint((positions - self.low) / self.step).astype(np.int64)
        cells: npt.NDArray[np.int64] = column[:, 1] * _CELLS + column[:, 0]
        return cells

    def smooth(self, histograms: FloatArray, width: float) -> FloatArray:
        """Recipes around each cell, weighted by a Gaussian that is 1 at its center.

        Parameters
        ----------
        histograms
            Shape (c, cells, cells).
        width
            Of the Gaussian, relative to the layout's spread.
        """
        sigma = max(width * self.spread / self.step, 0.7)
        offset = np.arange(_CELLS)[:, np.newaxis] - np.arange(_CELLS)
        kernel = np.exp(-0.5 * (offset / sigma) ** 2)
        smoothed: FloatArray = kernel @ histograms @ kernel
        return smoothed

    def position(self, cell: int) -> tuple[float, float]:
        row, column = divmod(cell, _CELLS)
        return (
            float(self.low[0] + column * self.step),
            float(self.low[1] + row * self.step),
        )


def _candidates(
    ingredients: Sequence[Sequence[str]], ancestors: Mapping[str, Sequence[str]]
) -> dict[str, npt.NDArray[np.int64]]:
    """Recipes by name: each ingredient, each kind above one, and pairs of these."""
    members: dict[str, list[int]] = {}
    for row, names in enumerate(ingredients):
        present = {term for name in names for term in (name, *ancestors.get(name, ()))}
        for term in sorted(present):
            if term.casefold() not in _MEANINGLESS:
                members.setdefault(term, []).append(row)
    most = _TOO_COMMON * len(ingredients)
    single = {term: rows for term, rows in members.items() if _MIN_MEMBERS <= len(rows) <= most}
    terms_of: list[list[str]] = [[] for _ in ingredients]
    for term, rows in single.items():
        for row in rows:
            terms_of[row].append(term)
    pairs = Counter(
        pair
        for terms in terms_of
        for pair in combinations(sorted(terms), 2)
        if not _related(*pair, ancestors)
    )
    rows_of = {term: np.asarray(rows, dtype=np.int64) for term, rows in single.items()}
    chosen = sorted(rows_of, key=lambda term: (-len(rows_of[term]), term))[:_MAX_CANDIDATES]
    found = {term: rows_of[term] for term in chosen}
    for (one, other), number in sorted(pairs.items(), key=lambda item: (-item[1], item[0])):
        if number < _MIN_MEMBERS or len(found) >= 2 * _MAX_CANDIDATES:
            break
        # The rarer ingredient says more, so it is read first.
        first, second = sorted((one, other), key=lambda term: (len(rows_of[term]), term))
        found[f"{first} · {second}"] = np.intersect1d(
            rows_of[one], rows_of[other], assume_unique=True
        )
    return found


def _related(one: str, other: str, ancestors: Mapping[str, Sequence[str]]) -> bool:
    return one in ancestors.get(other, ()) or other in ancestors.get(one, ())


def _places(
    level: int,
    grid: _Grid,
    cells: npt.NDArray[np.int64],
    candidates: Mapping[str, npt.NDArray[np.int64]],
    known: Set[str],
) -> list[Neighborhood]:
    """Each candidate at its best place on a level, the best candidate first."""
    width = _WIDTHS[level]
    least = max(_MIN_EXCESS, _MIN_EXCESS_SHARE[level] * len(cells))
    names = [name for name, rows in candidates.items() if len(rows) >= least / _LOYALTY]
    everything = grid.smooth(_histograms([cells]), width)[0]
    wider = grid.smooth(_histograms([cells]), _WIDTHS[level - 1])[0] if level else None
    scored: list[tuple[float, Neighborhood]] = []
    for start in range(0, len(names), _BATCH):
        batch = names[start : start + _BATCH]
        own = [cells[candidates[name]] for name in batch]
        histograms = _histograms(own)
        here = grid.smooth(histograms, width)
        # One recipe's weight against empty ground: what is rare nearby is no region.
        share = here / (everything + 1.0)
        if wider is None:
            around = np.array([len(one) / len(cells) for one in own])[:, np.newaxis, np.newaxis]
        else:
            around = grid.smooth(histograms, _WIDTHS[level - 1]) / (wider + 1.0)
        excess = here * (share - around)
        # Only where at least one of its recipes is.
        excess[histograms == 0] = -np.inf
        best = excess.reshape(len(batch), -1).argmax(axis=1)
        for index, (name, cell) in enumerate(zip(batch, best.tolist(), strict=True)):
            at = (index, *divmod(cell, _CELLS))
            bonus = _LOYALTY if name in known else 1.0
            if excess[at] * bonus >= least and share[at] * bonus >= _MIN_SHARE:
                x, y = grid.position(cell)
                place = Neighborhood(x, y, name, round(float(here[at])), level)
                scored.append((float(excess[at]) * bonus, place))
    scored.sort(key=lambda entry: (-entry[0], entry[1].name))
    return [place for _, place in scored]


def _histograms(cells: Sequence[npt.NDArray[np.int64]]) -> FloatArray:
    """Recipes in each cell of the grid, shape (len(cells), _CELLS, _CELLS)."""
    counted = [np.bincount(one, minlength=_CELLS * _CELLS) for one in cells]
    return np.array(counted, dtype=np.float64).reshape(-1, _CELLS, _CELLS)
