"""What can replace an ingredient: its own family first, then what the recipes exchange.

The evidence is :mod:`barcart.exchanges`: near variants of one drink that use one ingredient or the
other. A rating needs such evidence, a place in the same family, or both; and an ingredient that is
poured in other amounts, or that only fills up the glass, replaces nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import pandas as pd

from api.analysis.base_spirit import group_of_path
from api.analysis.ground_metric import GroundMetric
from api.analysis.recipe_lines import RecipeLines
from api.analysis.spirit_names import NOT_ALCOHOLIC, SPIRITS
from barcart import create_rollup_mapping
from barcart.exchanges import ExchangeEvidence

Rating = Literal["excellent", "good", "in a pinch"]
Relation = Literal["kind", "more general", "sibling", "swap"]

#: How many substitutes are listed for an ingredient.
SUBSTITUTES: Final = 10
#: Fewer pairs of near variants than this are weak evidence: chance makes one or two.
ENOUGH_PAIRS: Final = 3
COST_DECIMALS: Final = 6
RATE_DECIMALS: Final = 4
#: Typical amounts that differ by more than this factor have different roles in the glass.
ROLE_RATIO: Final = 4.0
#: Siblings in a family up to this size are expected to be alike, even without evidence, if the
#: prior gives the substitute this share of the exchanges.
_SMALL_FAMILY: Final = 12
_SMALL_FAMILY_SHARE: Final = 0.08


@dataclass(frozen=True, slots=True)
class _Rule:
    """What a rating takes."""

    rating: Rating
    #: Pairs of near variants.
    pairs: int
    #: Share of the ingredient's exchanges, and of the substitute's in return.
    share: float
    returned: float = 0.0
    #: The share against that of all ingredients.
    lift: float = 0.0


#: By relation, the best first.
_RULES: Final[Mapping[Relation, tuple[_Rule, ...]]] = {
    "kind": (_Rule("excellent", 3, 0.05), _Rule("good", 1, 0.005), _Rule("in a pinch", 0, 0.005)),
    "more general": (_Rule("excellent", 3, 0.05), _Rule("good", 0, 0.05)),
    "sibling": (
        _Rule("excellent", 15, 0.12, 0.12, 2.0),
        _Rule("good", 2, 0.06, 0.02, 1.5),
        _Rule("in a pinch", 1, 0.02, 0.0, 1.0),
    ),
    "swap": (
        _Rule("excellent", 20, 0.2, 0.2, 3.0),
        _Rule("good", 8, 0.1, 0.05, 2.0),
        _Rule("in a pinch", 3, 0.06, 0.03, 1.5),
    ),
}
#: No rule rates a smaller share.
_LEAST_SHARE: Final = min(rule.share for rules in _RULES.values() for rule in rules)
_RATINGS: Final = ("excellent", "good", "in a pinch")
#: Groups of :mod:`api.analysis.base_spirit` that can replace each other without being family.
_CLASSES: Final[Mapping[str, str]] = {
    **dict.fromkeys(SPIRITS, "spirit"),
    "rinse": "rinse",
    "liqueur": "liqueur or wine",
    "wine": "liqueur or wine",
    NOT_ALCOHOLIC: NOT_ALCOHOLIC,
}


def ingredient_substitutes(
    metric: GroundMetric,
    ingredients: pd.DataFrame,
    lines: RecipeLines,
    evidence: ExchangeEvidence,
) -> list[dict[str, Any]]:
    """Return the substitutes of each ingredient that recipes use.

    Parameters
    ----------
    metric
        The learned costs and the ingredients of their columns.
    ingredients
        With ``id``, ``name``, ``path``, ``parent_id`` and ``allow_substitution``.
    lines
        Of all recipes.
    evidence
        The exchanges between near variants.

    Returns
    -------
    list of dict
        ``ingredient_id``, ``ingredient_name``, ``members`` (names of the brands and sorts that
        count as this kind: any of them works), ``verdict`` ("substitutes" or "none": the recipes
        show no good one) and ``substitutes``, the family first, then by rating and rate: records of
        ``ingredient_id``, ``ingredient_name``, ``relation`` ("kind" for a more special name
        of the same, "more general", "sibling" for the same family, "swap" for the rest), ``rating``
        ("excellent", "good", "in a pinch"), ``rate`` (expected exchanges per use) with its 95 %
        interval ``low`` and ``high``, ``support`` (pairs of near variants), ``weak`` (fewer than
        three pairs), ``members`` and ``cost`` (learned).
    """
    registry, cost = metric.ingredients, metric.fit.cost_matrix
    m = len(registry)
    family = _Family(ingredients, [str(registry.id_at(column)) for column in range(m)])
    rate = evidence.rate()
    rated = _rated(family, evidence, rate, _like_amounts(lines, m))
    cells = np.array(
        [(row, one.column) for row, found in enumerate(rated) for one in found], dtype=np.int64
    ).reshape(-1, 2)
    low, high = evidence.interval(cells=(cells[:, 0], cells[:, 1]))
    intervals = iter(zip(low.tolist(), high.tolist(), strict=True))

    def record(row: int, one: _Rated) -> dict[str, Any]:
        least, most = next(intervals)
        return {
            "ingredient_id": int(registry.id_at(one.column)),
            "ingredient_name": str(registry.name_at(one.column)),
            "relation": one.relation,
            "rating": one.rating,
            "rate": round(float(rate[row, one.column]), RATE_DECIMALS),
            "low": round(least, RATE_DECIMALS),
            "high": round(most, RATE_DECIMALS),
            "support": one.pairs,
            "weak": one.pairs < ENOUGH_PAIRS,
            "members": family.members(one.column),
            "cost": round(float(cost[row, one.column]), COST_DECIMALS),
        }

    return [
        {
            "ingredient_id": int(registry.id_at(row)),
            "ingredient_name": str(registry.name_at(row)),
            "members": family.members(row),
            "verdict": "substitutes" if found else "none",
            "substitutes": [record(row, one) for one in found],
        }
        for row, found in enumerate(rated)
    ]


@dataclass(frozen=True, slots=True)
class _Rated:
    """A substitute that is listed: its column, and the pairs of near variants behind it."""

    column: int
    relation: Relation
    rating: Rating
    pairs: int


def _rated(
    family: _Family,
    evidence: ExchangeEvidence,
    rate: np.ndarray[Any, np.dtype[np.float64]],
    like_amounts: np.ndarray[Any, np.dtype[np.bool_]],
) -> list[list[_Rated]]:
    """Return the substitutes of each column, the best first."""
    share = _normalized(rate)
    chance = np.maximum(_normalized(rate.sum(axis=0)[np.newaxis])[0], 1e-12)
    rated = []
    for row in range(len(rate)):
        found: list[tuple[tuple[bool, int, float, int], _Rated]] = []
        for other in np.flatnonzero(share[row] >= _LEAST_SHARE).tolist():
            relation = family.relation(row, other)
            fits = relation in ("kind", "more general") or (
                like_amounts[row, other]
                and (relation == "sibling" or family.same_class(row, other))
            )
            if not fits:
                continue
            pairs = int(evidence.pairs[row, other])
            rating = _rating(
                _RULES[relation],
                pairs,
                float(share[row, other]),
                float(share[other, row]),
                float(share[row, other] / chance[other]),
            )
            if (
                rating is None
                and share[row, other] >= _SMALL_FAMILY_SHARE
                and family.in_small_family(row, other)
            ):
                rating = "in a pinch"
            if rating is not None:
                order = (relation == "swap", _RATINGS.index(rating), -float(rate[row, other]))
                found.append(((*order, other), _Rated(other, relation, rating, pairs)))
        found.sort(key=lambda entry: entry[0])
        rated.append([one for _, one in found[:SUBSTITUTES]])
    return rated


def _rating(
    rules: Sequence[_Rule], pairs: int, share: float, returned: float, lift: float
) -> Rating | None:
    """Rate one substitute; None below the cut-off."""
    for rule in rules:
        if (
            pairs >= rule.pairs
            and share >= rule.share
            and returned >= rule.returned
            and lift >= rule.lift
        ):
            return rule.rating
    return None


class _Family:
    """Where the columns are in the ingredient tree.

    Parameters
    ----------
    ingredients
        With ``id``, ``name``, ``path``, ``parent_id`` and ``allow_substitution``.
    columns
        Id of each column.
    """

    def __init__(self, ingredients: pd.DataFrame, columns: Sequence[str]) -> None:
        ids = ingredients["id"].astype(str).tolist()
        paths = dict(zip(ids, ingredients["path"].astype(str), strict=True))
        # '/4/27/' lists the ids from the root down to the ingredient itself.
        self._paths = [tuple(paths[key].strip("/").split("/")) for key in columns]
        names = dict(zip(ids, ingredients["name"].astype(str), strict=True))
        self._names = names
        mapping = create_rollup_mapping(ingredients.rename(columns={"id": "ingredient_id"}))
        members: dict[str, list[str]] = {}
        for child, parent in mapping.items():
            members.setdefault(parent, []).append(names[child])
        self._groups: dict[tuple[str, ...], str | None] = {}
        groups = [self._group(path) for path in self._paths]
        self._classes = [None if group is None else _CLASSES[group] for group in groups]
        self._members = [sorted(members.get(key, [])) for key in columns]
        siblings: dict[tuple[str, ...], int] = {}
        for path in self._paths:
            siblings[path[:-1]] = siblings.get(path[:-1], 0) + 1
        self._siblings = [siblings[path[:-1]] for path in self._paths]

    def members(self, column: int) -> list[str]:
        """Names of the ingredients that were rolled up into a column."""
        return self._members[column]

    def relation(self, one: int, other: int) -> Relation:
        """How two columns are related."""
        first, second = self._paths[one], self._paths[other]
        shared = next(
            (step for step, (a, b) in enumerate(zip(first, second, strict=False)) if a != b),
            min(len(first), len(second)),
        )
        if shared == len(first):
            return "kind"
        if shared == len(second):
            return "more general"
        # "Whiskey" and "Syrup" are families; "Spirits" and "Other" are collections of families.
        return "sibling" if self._group(first[:shared]) is not None else "swap"

    def _group(self, path: tuple[str, ...]) -> str | None:
        if path not in self._groups:
            names = [self._names[step] for step in path if step in self._names]
            self._groups[path] = group_of_path(names)
        return self._groups[path]

    def same_class(self, one: int, other: int) -> bool:
        """Whether both are spirits, or liqueurs or wines, or not alcoholic; True if unknown."""
        first, second = self._classes[one], self._classes[other]
        return first is None or second is None or first == second

    def in_small_family(self, one: int, other: int) -> bool:
        """Whether two columns have the same parent, and few others have it."""
        first, second = self._paths[one], self._paths[other]
        return (
            self.relation(one, other) == "sibling"
            and first[:-1] == second[:-1]
            and self._siblings[one] <= _SMALL_FAMILY
        )


def _like_amounts(lines: RecipeLines, m: int) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Which columns are poured in like amounts, shape (m, m)."""
    use = pd.DataFrame({"ml": lines.ml, "role": lines.role}).groupby(lines.column).median()
    typical = np.full(m, np.nan)
    typical[use.index] = np.maximum(use["ml"], 1e-6)
    role = np.zeros(m)
    role[use.index] = use["role"]
    ratio = typical[:, np.newaxis] / typical
    near = np.maximum(ratio, 1 / ratio) <= ROLE_RATIO
    alike: np.ndarray[Any, np.dtype[np.bool_]] = near & (role[:, np.newaxis] == role)
    return alike


def _normalized(values: np.ndarray[Any, np.dtype[np.float64]]) -> Any:
    """Rows that sum to 1; rows of zeros stay."""
    totals = values.sum(axis=1, keepdims=True)
    return np.divide(values, totals, out=np.zeros_like(values), where=totals > 0)
