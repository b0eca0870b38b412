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
from functools import cached_property

from api.db.bar_rows import BarRows


@dataclass(frozen=True)
class Ingredient:
    """One node of the tree."""

    id: int
    name: str
    parent_id: int | None = None
    allow_substitution: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a recipe: an amount of an ingredient, in the recipe's own unit."""

    ingredient_id: int
    amount: float | None = None
    unit: str | None = None


@dataclass(frozen=True)
class Recipe:
    """A recipe with its lines in order."""

    id: int
    name: str
    lines: tuple[Line, ...]
    rating: float | None = None

    @cached_property
    def ingredient_ids(self) -> frozenset[int]:
        """The distinct ingredients that it asks for."""
        return frozenset(line.ingredient_id for line in self.lines)


@dataclass(frozen=True)
class BarModel:
    """All recipes and ingredients of a database.

    Recipes without lines are left out: they would count as makeable with an empty shelf.

    Examples
    --------
    >>> gin, lime = Ingredient(1, "Gin"), Ingredient(3, "Lime")
    >>> tanqueray = Ingredient(2, "Tanqueray", parent_id=1)
    >>> bar = BarModel.build([gin, tanqueray, lime], [Recipe(1, "Gimlet", (Line(1), Line(3)))])
    >>> sorted(bar.coverage({2, 3}))
    [1, 2, 3]
    """

    ingredients: Mapping[int, Ingredient]
    recipes: Mapping[int, Recipe]
    _children: Mapping[int, tuple[int, ...]] = field(repr=False)

    @classmethod
    def build(cls, ingredients: Iterable[Ingredient], recipes: Iterable[Recipe]) -> "BarModel":
        """Index ingredients and recipes by id."""
        by_id = {ingredient.id: ingredient for ingredient in ingredients}
        children: dict[int, list[int]] = {}
        for ingredient in by_id.values():
            if ingredient.parent_id in by_id:
                children.setdefault(ingredient.parent_id, []).append(ingredient.id)
        kept = {recipe.id: recipe for recipe in recipes if recipe.lines}
        return cls(by_id, kept, {key: tuple(ids) for key, ids in children.items()})

    @classmethod
    def from_rows(cls, rows: BarRows) -> "BarModel":
        """Build from a database's rows; lines of recipes that do not exist are dropped."""
        lines: dict[int, list[Line]] = {}
        for row in rows.lines:
            lines.setdefault(row.recipe_id, []).append(
                Line(row.ingredient_id, row.amount, row.unit)
            )
        return cls.build(
            (Ingredient(*row) for row in rows.ingredients),
            (
                Recipe(key, name, tuple(lines.get(key, ())), rows.ratings.get(key))
                for key, name in rows.recipes.items()
            ),
        )

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
