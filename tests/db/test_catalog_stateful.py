"""The catalog against a model of dictionaries."""

import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule
from sqlalchemy import URL

from api.db.catalog import ingredients, recipes
from api.db.catalog.drafts import IngredientDraft, LineDraft, RecipeDraft
from api.db.catalog.errors import CatalogError, ConflictError, InvalidError
from api.db.catalog.search import RecipeSearch
from api.db.catalog.writing import writing
from api.db.database import Database
from api.db.migrations import upgrade
from api.db.search_names import fold, same_name

names = st.sampled_from(["Gin", "gin", "Piña", "Pina", "Crème", "Rye %", "O'Neil", "Éclair_"])


class Catalog(RuleBasedStateMachine):
    """Rows by their database ids."""

    found_ingredients: Any = Bundle("ingredients")
    found_recipes: Any = Bundle("recipes")

    def __init__(self) -> None:
        super().__init__()
        self.directory = tempfile.TemporaryDirectory()
        path = Path(self.directory.name) / "c.db"
        self.database = Database(URL.create("sqlite", database=str(path)))
        upgrade(self.database.engine)
        self.parents: dict[int, tuple[str, int | None]] = {}
        self.recipes: dict[int, tuple[str, list[int]]] = {}

    def teardown(self) -> None:
        self.database.dispose()
        self.directory.cleanup()

    def _above(self, one: int | None) -> list[int]:
        chain = []
        while one is not None:
            chain.append(one)
            one = self.parents[one][1]
        return chain

    def _taken(self, name: str, exclude_id: int | None = None) -> bool:
        return any(
            same_name(known) == same_name(name)
            for one, (known, _) in self.parents.items()
            if one != exclude_id
        )

    def _alive(self, one: int | None) -> int | None:
        return one if one in self.parents else None

    @rule(target=found_ingredients, name=names, parent=st.none() | found_ingredients)
    def add_ingredient(self, name: str, parent: int | None) -> int:
        parent = self._alive(parent)
        draft = IngredientDraft(name=name, parent_id=parent)
        try:
            with writing(self.database) as connection:
                made = ingredients.create_ingredient(connection, draft).id
        except ConflictError:
            assert self._taken(name)
            return -1
        assert not self._taken(name)
        self.parents[made] = (name, parent)
        return made

    @rule(one=found_ingredients, name=names, parent=st.none() | found_ingredients)
    def change_ingredient(self, one: int, name: str, parent: int | None) -> None:
        if one not in self.parents:
            return
        parent = self._alive(parent)
        allowed = not self._taken(name, one) and one not in self._above(parent)
        draft = IngredientDraft(name=name, parent_id=parent)
        try:
            with writing(self.database) as connection:
                ingredients.update_ingredient(connection, one, draft)
        except (ConflictError, InvalidError):
            assert not allowed
            return
        assert allowed
        self.parents[one] = (name, parent)

    @rule(one=found_ingredients)
    def delete_ingredient(self, one: int) -> None:
        if one not in self.parents:
            return
        used = any(one in lines for _, lines in self.recipes.values())
        used = used or any(parent == one for _, parent in self.parents.values())
        try:
            with writing(self.database) as connection:
                ingredients.delete_ingredient(connection, one)
        except ConflictError:
            assert used
            return
        assert not used
        del self.parents[one]

    @rule(target=found_recipes, name=names, lines=st.lists(found_ingredients, max_size=3))
    def add_recipe(self, name: str, lines: list[int]) -> int:
        lines = [one for one in lines if one in self.parents]
        draft = RecipeDraft(name=name, ingredients=[LineDraft(ingredient_id=x) for x in lines])
        with writing(self.database) as connection:
            made = recipes.create_recipe(connection, draft).id
        self.recipes[made] = (name, lines)
        return made

    @rule(one=found_recipes, name=names, lines=st.lists(found_ingredients, max_size=3))
    def change_recipe(self, one: int, name: str, lines: list[int]) -> None:
        lines = [x for x in lines if x in self.parents]
        draft = RecipeDraft(name=name, ingredients=[LineDraft(ingredient_id=x) for x in lines])
        with suppress(CatalogError), writing(self.database) as connection:
            recipes.update_recipe(connection, one, draft)
            assert one in self.recipes
            self.recipes[one] = (name, lines)

    @rule(one=consumes(found_recipes))
    def delete_recipe(self, one: int) -> None:
        if self.recipes.pop(one, None) is not None:
            with writing(self.database) as connection:
                recipes.delete_recipe(connection, one)

    @rule(q=names, wanted=found_ingredients, unwanted=found_ingredients)
    def search(self, q: str, wanted: int, unwanted: int) -> None:
        if wanted not in self.parents or unwanted not in self.parents:
            return
        conditions = RecipeSearch(q=q, ingredient=[wanted], not_ingredient=[unwanted])
        with self.database.snapshot() as connection:
            found = recipes.search_recipes(connection, conditions, limit=100).items
        held = {one: {y for x in lines for y in self._above(x)}
                for one, (_, lines) in self.recipes.items()}  # fmt: skip
        allowed = {one for one in self.recipes if wanted in held[one] and unwanted not in held[one]}
        named = {
            one
            for one in allowed
            if all(word in fold(self.recipes[one][0]) for word in fold(q).split())
        }
        ids = [one.id for one in found]
        assert named <= set(ids) <= allowed
        # Matches of the name come before those of an ingredient.
        assert set(ids[: len(named)]) == named

    @invariant()
    def paths_follow_the_parents(self) -> None:
        with self.database.snapshot() as connection:
            found = ingredients.list_ingredients(connection, limit=100).items
        assert {one.id: (one.name, one.parent_id) for one in found} == self.parents
        for one in found:
            chain = self._above(one.id)[::-1]
            assert one.path == f"/{'/'.join(str(x) for x in chain)}/"


TestCatalog = Catalog.TestCase
TestCatalog.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
