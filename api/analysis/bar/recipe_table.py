"""The recipes as shelf questions need them, in arrays: an answer looks at all of them at once."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import overload

import numpy as np

from api.analysis.arrays import Floats, Ids, Rows, find, offsets, run_starts, spans
from api.db.bar_rows import BarRows


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a recipe: an amount of an ingredient, in the recipe's own unit."""

    ingredient_id: int
    amount: float | None = None
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Recipe:
    """A recipe without its lines."""

    id: int
    name: str


@dataclass(frozen=True)
class RecipeTable:
    """The recipes that have lines, by name and id: the order of rows is that of answers.

    Attributes
    ----------
    ids, names
        Shape (n,): of each recipe.
    ratings
        Shape (n,): mean ratings; NaN without any.
    line_starts
        Shape (n + 1,): the lines of row ``i`` are those from ``line_starts[i]`` on.
    line_ingredients, line_units, line_amounts
        Shape (l,): ids, and amounts, NaN without one.
    unit_names
        By id.
    asked
        Shape (c,), ascending: the ingredients that recipes ask for.
    wishes
        Each row with each position in ``asked`` that its recipe asks for, once, in order.
    """

    ids: Ids
    names: list[str]
    ratings: Floats
    line_starts: Rows
    line_ingredients: Ids
    line_units: Ids
    line_amounts: Floats
    unit_names: dict[int, str | None]
    asked: Ids
    wishes: tuple[Rows, Rows]

    @classmethod
    def from_rows(cls, rows: BarRows) -> "RecipeTable":
        """Return the table; lines of recipes that do not exist are dropped."""
        lines = rows.lines
        starts = run_starts(lines.recipe_id)
        named = [
            (name.casefold(), key, place)
            for place, key in enumerate(lines.recipe_id[starts].tolist())
            if (name := rows.recipes.get(key)) is not None
        ]
        named.sort()
        ids = [key for _, key, _ in named]
        chosen = np.array([place for _, _, place in named], np.intp)
        sizes = np.diff(starts, append=len(lines.recipe_id))[chosen]
        places = spans(starts[chosen], sizes)
        ingredient_id = lines.ingredient_id[places]
        asked = np.unique(ingredient_id)
        columns, width = np.searchsorted(asked, ingredient_id), max(len(asked), 1)
        wishes = np.sort(np.repeat(np.arange(len(ids)), sizes) * width + columns)
        return cls(
            np.array(ids, np.int64),
            [rows.recipes[key] for key in ids],
            np.array([rows.ratings.get(key, math.nan) for key in ids]),
            offsets(sizes),
            ingredient_id,
            lines.unit_id[places],
            lines.amount[places],
            rows.units,
            asked,
            np.divmod(wishes[run_starts(wishes)], width),
        )

    def __len__(self) -> int:
        return len(self.names)

    @cached_property
    def ingredient_counts(self) -> Rows:
        """Shape (n,): how many different ingredients each recipe asks for."""
        return np.bincount(self.wishes[0], minlength=len(self))

    @cached_property
    def _column_of(self) -> dict[int, int]:
        return {key: column for column, key in enumerate(self.asked.tolist())}

    @cached_property
    def _by_ingredient(self) -> tuple[Rows, Rows]:
        rows, columns = self.wishes
        counts = np.bincount(columns, minlength=len(self.asked))
        return offsets(counts), rows[np.argsort(columns)]

    @cached_property
    def _by_id(self) -> tuple[Ids, Rows]:
        order = np.argsort(self.ids)
        return self.ids[order], order

    def columns(self, ingredient_ids: Iterable[int]) -> list[int]:
        """Return the positions in ``asked`` of those ingredients that recipes ask for."""
        known = self._column_of
        return [known[one] for one in ingredient_ids if one in known]

    def rows(self, recipe_ids: Ids) -> Rows:
        """Return recipes' rows; -1 for those that do not exist or have no lines."""
        ids, order = self._by_id
        places = find(ids, recipe_ids)
        return np.where(places < 0, -1, order[places]) if len(ids) else places

    def using(self, ingredient_ids: Iterable[int]) -> Rows:
        """Return the rows that ask for any of some ingredients."""
        starts, rows = self._by_ingredient
        found = np.zeros(len(self), dtype=bool)
        for column in self.columns(ingredient_ids):
            found[rows[starts[column] : starts[column + 1]]] = True
        return np.flatnonzero(found)

    def lacking(self, covered: Iterable[int]) -> tuple[Rows, Rows]:
        """Return each row with each position in ``asked`` that it asks for and is not covered."""
        uncovered = np.ones(len(self.asked), dtype=bool)
        uncovered[self.columns(covered)] = False
        rows, columns = self.wishes
        kept = np.flatnonzero(uncovered[columns])
        return rows[kept], columns[kept]

    def recipe(self, row: int) -> Recipe:
        """Return the recipe of a row."""
        return Recipe(int(self.ids[row]), self.names[row])

    def lines(self, row: int) -> list[Line]:
        """Return the lines of a row in order."""
        span = slice(self.line_starts[row], self.line_starts[row + 1])
        return [
            Line(ingredient, None if math.isnan(amount) else amount, self.unit_names.get(unit))
            for ingredient, amount, unit in zip(
                self.line_ingredients[span].tolist(),
                self.line_amounts[span].tolist(),
                self.line_units[span].tolist(),
                strict=True,
            )
        ]

    def ingredient_ids(self, row: int) -> set[int]:
        """Return the different ingredients that a row asks for."""
        span = slice(self.line_starts[row], self.line_starts[row + 1])
        return set(self.line_ingredients[span].tolist())


class RecipeList(Sequence[Recipe]):
    """Some rows of a table as recipes, made as they are asked for."""

    def __init__(self, table: RecipeTable, rows: Rows) -> None:
        self._table = table
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, place: int) -> Recipe: ...

    @overload
    def __getitem__(self, place: slice) -> "RecipeList": ...

    def __getitem__(self, place: int | slice) -> "Recipe | RecipeList":
        if isinstance(place, slice):
            return RecipeList(self._table, self._rows[place])
        return self._table.recipe(int(self._rows[place]))

    def __iter__(self) -> Iterator[Recipe]:
        return (self._table.recipe(row) for row in self._rows.tolist())
