"""Recipes and the ingredient tree as the shelf questions need them, and the one coverage rule.

A *bottle* is any ingredient on the shelf; a *kind* is an ingredient with others below it. A bottle
covers what a recipe asks for if

1. it is that ingredient;
2. it lies below it: Tanqueray, where the recipe asks for gin;
3. it lies above it: whoever puts the kind "Gin" on the shelf says that any gin will do; or
4. the recipe asks for an ingredient that allows substitution, and the bottle covers its parent.
   Adding a bottle below that ingredient changes nothing about it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from api.analysis.bar.recipe_table import RecipeTable
from api.db.bar_rows import BarRows


@dataclass(frozen=True)
class Ingredient:
    """One node of the tree."""

    id: int
    name: str
    parent_id: int | None = None
    allow_substitution: bool = False


@dataclass(frozen=True)
class BarModel:
    """All recipes and ingredients of a database.

    Recipes without lines are left out: they would count as makeable with an empty shelf.

    Examples
    --------
    >>> import numpy as np
    >>> from api.db.bar_rows import BarRows, IngredientRow, LineColumns
    >>> tree = [(1, "Gin", None), (2, "Tanqueray", 1), (3, "Lime", None)]
    >>> lines = LineColumns(np.array([1, 1]), np.array([1, 3]), np.zeros(2, int), np.ones(2))
    >>> bar = BarModel.from_rows(
    ...     BarRows([IngredientRow(*one, False) for one in tree], {1: "Gimlet"}, lines, {}, {})
    ... )
    >>> sorted(bar.coverage({2, 3}))
    [1, 2, 3]
    """

    ingredients: Mapping[int, Ingredient]
    recipes: RecipeTable
    _children: Mapping[int, tuple[int, ...]] = field(repr=False)

    @classmethod
    def from_rows(cls, rows: BarRows) -> "BarModel":
        """Build from a database's rows; lines of recipes that do not exist are dropped."""
        by_id = {row.id: Ingredient(*row) for row in rows.ingredients}
        children: dict[int, list[int]] = {}
        for ingredient in by_id.values():
            if ingredient.parent_id in by_id:
                children.setdefault(ingredient.parent_id, []).append(ingredient.id)
        below = {key: tuple(ids) for key, ids in children.items()}
        return cls(by_id, RecipeTable.from_rows(rows), below)

    def name(self, ingredient_id: int) -> str:
        """Return an ingredient's name; a placeholder for one that is missing."""
        found = self.ingredients.get(ingredient_id)
        return found.name if found else f"ingredient {ingredient_id}"

    def is_kind(self, ingredient_id: int) -> bool:
        """Return whether other ingredients lie below this one."""
        return ingredient_id in self._children

    def ancestors(self, ingredient_id: int) -> Iterator[int]:
        """Yield the ingredients above one, the nearest first; ends at a damaged tree's cycle."""
        seen = {ingredient_id}
        found = self.ingredients.get(ingredient_id)
        while found is not None and found.parent_id is not None and found.parent_id not in seen:
            seen.add(found.parent_id)
            yield found.parent_id
            found = self.ingredients.get(found.parent_id)

    def below(self, ingredient_id: int) -> Iterator[int]:
        """Yield every ingredient below one."""
        pending, seen = list(self._children.get(ingredient_id, ())), {ingredient_id}
        while pending:
            found = pending.pop()
            if found not in seen:
                seen.add(found)
                yield found
                pending.extend(self._children.get(found, ()))

    def coverage(self, shelf: Iterable[int]) -> set[int]:
        """Return every ingredient that a recipe may ask for, given the bottles of a shelf.

        Ids that the tree lacks cover nothing but themselves.
        """
        covered: set[int] = set()
        for bottle in shelf:
            covered.add(bottle)
            covered.update(self.ancestors(bottle))
            covered.update(self.below(bottle))
        for parent_id in covered & self._children.keys():
            for child in self._children[parent_id]:
                if self.ingredients[child].allow_substitution:
                    covered.add(child)
        return covered
