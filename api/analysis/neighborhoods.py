"""Names for the neighborhoods of a cocktail map.

A UMAP layout has no axes to read, so the map is labeled like a map: k-means cuts it into
neighborhoods, and each is named after the ingredients that set it apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_limits

_MIN_RECIPES: Final = 30
_MIN_SHARE: Final = 0.3
_MIN_LIFT: Final = 1.5
# Names that some taxonomies give to a remainder; they say nothing about a region.
_MEANINGLESS: Final = frozenset({"other", "others", "misc", "miscellaneous", "unknown"})


@dataclass(frozen=True, slots=True)
class Neighborhood:
    """A named region of a map.

    Parameters
    ----------
    x, y
        Position of the member closest to the region's center, so that the name is never
        placed between two islands.
    name
        One or two ingredients, joined by a middle dot.
    size
        Number of recipes in the region.
    """

    x: float
    y: float
    name: str
    size: int


def name_neighborhoods(
    positions: npt.NDArray[np.float64],
    ingredients: Sequence[Sequence[str]],
    ancestors: Mapping[str, Sequence[str]],
) -> list[Neighborhood]:
    """Cut a map into neighborhoods and name them.

    Parameters
    ----------
    positions : ndarray of shape (n, 2)
        Positions of the recipes; finite.
    ingredients
        Names of each recipe's ingredients, n entries.
    ancestors
        Names of the nodes above each ingredient. They compete with the ingredient itself, so that
        ten recipes with ten different ryes are called "Rye".

    Returns
    -------
    list of Neighborhood
        Largest first; empty for fewer than 30 recipes. A region that no ingredient sets apart
        (present in 30% of its recipes, and 1.5 times as often as elsewhere) has no name and is
        left out. The same input gives the same output.
    """
    count = len(positions)
    if count < _MIN_RECIPES or len(np.unique(positions, axis=0)) < _MIN_RECIPES:
        return []
    clusters = int(np.clip(round(np.sqrt(count) / 2), 3, 14))
    # One thread: the order in which threads add up floats would make the cut depend on the machine.
    with threadpool_limits(limits=1):
        model = KMeans(n_clusters=clusters, n_init=4, random_state=0).fit(positions)
    labels = model.labels_

    terms, incidence = _incidence(ingredients, ancestors)
    overall = np.asarray(incidence.mean(axis=0)).ravel()
    found: dict[str, Neighborhood] = {}
    for cluster in range(clusters):
        members = np.flatnonzero(labels == cluster)
        if not len(members):
            continue
        share = np.asarray(incidence[members].mean(axis=0)).ravel()
        name = _name(terms, share, overall, ancestors)
        if not name:
            continue
        offsets = positions[members] - model.cluster_centers_[cluster]
        center = positions[members[np.argmin((offsets**2).sum(axis=1))]]
        region = Neighborhood(float(center[0]), float(center[1]), name, len(members))
        if name not in found or found[name].size < region.size:
            found[name] = region
    return sorted(found.values(), key=lambda region: (-region.size, region.name))


def _incidence(
    ingredients: Sequence[Sequence[str]], ancestors: Mapping[str, Sequence[str]]
) -> tuple[list[str], csr_matrix]:
    """Terms and the 0/1 matrix (recipe, term) of what each recipe contains."""
    column: dict[str, int] = {}
    rows: list[int] = []
    columns: list[int] = []
    for row, names in enumerate(ingredients):
        present = {term: None for name in names for term in (name, *ancestors.get(name, ()))}
        for term in present:
            if term.casefold() in _MEANINGLESS:
                continue
            rows.append(row)
            columns.append(column.setdefault(term, len(column)))
    shape = (len(ingredients), len(column))
    return list(column), csr_matrix((np.ones(len(rows)), (rows, columns)), shape=shape)


def _name(
    terms: Sequence[str],
    share: npt.NDArray[np.float64],
    overall: npt.NDArray[np.float64],
    ancestors: Mapping[str, Sequence[str]],
) -> str:
    """The one or two terms that set a region apart, or "" when there are none."""
    lift = share / np.maximum(overall, 1e-12)
    distinct = (share >= _MIN_SHARE) & (lift >= _MIN_LIFT)
    score = np.where(distinct, share * np.log2(np.maximum(lift, 1.0)), 0.0)
    chosen: list[str] = []
    for index in np.argsort(-score, kind="stable"):
        if score[index] <= 0 or len(chosen) == 2:
            break
        term = terms[index]
        related = any(
            term in ancestors.get(other, ()) or other in ancestors.get(term, ()) for other in chosen
        )
        if not related:
            chosen.append(term)
    return " · ".join(chosen)
