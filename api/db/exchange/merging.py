"""The sink that merges: recipes by name, beside what the database has."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from sqlalchemy import Connection, Table, func, insert, select

from api.db.catalog.drafts import (
    IngredientDraft,
    LineDraft,
    RatingDraft,
    RecipeDraft,
    TagDraft,
    UnitDraft,
)
from api.db.catalog.errors import InvalidError
from api.db.catalog.ingredients import create_ingredient
from api.db.catalog.recipes import Recipe, draft_of, get_recipes, write_recipe
from api.db.catalog.tags import ids_of_tags
from api.db.catalog.units import create_unit
from api.db.errors import DatasetError, Fault
from api.db.exchange.drafts import TEXT_FIELDS, Collection, RecipeRow, Row, id_key
from api.db.exchange.line_texts import plain_number
from api.db.exchange.report import OnDuplicate
from api.db.exchange.time_limit import check_time
from api.db.schema import ingredients, ratings, recipes, tags, units
from api.db.search_names import same_name
from api.db.times import as_utc

_CHUNK = 500
_SEE_SCHEMA = "See docs/import.md for accepted values."
Draft = TypeVar("Draft", bound=BaseModel)
#: An id for references that are known to be missing, while the rest of a row is checked.
_SOME_ID = 1


@dataclass
class MergeCounts:
    """What a merge did."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: list[str] = field(default_factory=list)
    units_created: int = 0
    ingredients_created: int = 0
    tags_created: int = 0
    ratings_created: int = 0


def merge(
    connection: Connection, collection: Collection, on_duplicate: OnDuplicate = "skip"
) -> MergeCounts:
    """Write a collection in our own form into a database, keeping what is there.

    Units, ingredients and tags that exist stay as they are. A recipe whose name exists is skipped,
    updated (given fields replace those that are there) or kept beside the other. Where a name
    occurs more than once, the first is paired with the first, and so on.

    Raises
    ------
    DatasetError
        With every fault by row and field. The caller's transaction must then be rolled back.
    """
    return _Merge(connection, collection, on_duplicate).run()


class _Merge:
    def __init__(
        self, connection: Connection, collection: Collection, on_duplicate: OnDuplicate
    ) -> None:
        self._connection, self._collection = connection, collection
        self._on_duplicate = on_duplicate
        self._faults = list(collection.faults)
        self._counts = MergeCounts()
        self._units, self._ingredients = self._ids(units), self._ids(ingredients)

    def run(self) -> MergeCounts:
        tags_before = self._count(tags)
        self._add_units()
        self._add_ingredients()
        new_tags = [
            self._draft(TagDraft, "tags", row, {"name": row.fields.get("name")})
            for row in self._collection.tags
        ]
        drafts = [self._recipe_draft(row) for row in self._collection.recipes]
        for recipe in self._collection.recipes:
            recipe.ratings = [self._checked_rating(row) for row in recipe.ratings]
        if not self._faults:
            pairs = self._pairs()
        # No recipe is written before all of them are known to be right.
        if self._faults:
            raise DatasetError(self._faults)
        ids_of_tags(self._connection, [draft.name for draft in new_tags if draft is not None])
        known = self._present(pairs)
        seen: dict[str, list[RecipeDraft]] = {}
        for pair, row, draft in zip(pairs, self._collection.recipes, drafts, strict=True):
            if draft is not None:
                self._write(None if pair is None else known[pair], row, draft, seen)
        self._counts.tags_created = self._count(tags) - tags_before
        return self._counts

    def _write(
        self,
        before: Recipe | None,
        row: RecipeRow,
        draft: RecipeDraft,
        seen: dict[str, list[RecipeDraft]],
    ) -> None:
        earlier = seen.setdefault(same_name(draft.name), [])
        twice = any(_same(one, draft) for one in earlier)
        earlier.append(draft)
        if before is None:
            if twice and self._on_duplicate != "keep-both":
                self._counts.skipped.append(draft.name)
                return
            check_time()
            self._add_ratings(write_recipe(self._connection, None, draft), row.ratings)
            self._counts.created += 1
            return
        old = draft_of(before)
        given = [name for name in TEXT_FIELDS if name in row.fields]
        given += ["tags"] if row.tags is not None else []
        given += ["ingredients"] if row.lines is not None else []
        new = old.model_copy(update={name: getattr(draft, name) for name in given})
        if _same(old, new):
            self._counts.unchanged += 1
        elif self._on_duplicate == "skip":
            self._counts.skipped.append(draft.name)
            return
        else:
            write_recipe(self._connection, before.id, new)
            self._counts.updated += 1
        self._add_ratings(before.id, row.ratings)

    def _count(self, table: Table) -> int:
        return self._connection.scalar(select(func.count()).select_from(table)) or 0

    def _ids(self, table: Table) -> dict[str, int]:
        query = select(table.c.name, table.c.id).order_by(table.c.id.desc())
        return {same_name(name): identifier for name, identifier in self._connection.execute(query)}

    def _fault(self, table: str, row: Row, name: str, message: str, remedy: str) -> None:
        self._faults.append(Fault(table, row.where, name, message, remedy))

    def _draft(
        self, kind: type[Draft], table: str, row: Row, fields: Mapping[str, Any]
    ) -> Draft | None:
        check_time()
        try:
            return kind.model_validate(dict(fields))
        except ValidationError as error:
            for one in error.errors(include_url=False, include_input=False, include_context=False):
                message = one["msg"].removeprefix("Value error, ").rstrip(".")
                self._fault(table, row, _path(one["loc"]), f"{message}.", _SEE_SCHEMA)
            return None

    def _add_units(self) -> None:
        for row in self._collection.units:
            fields = {name: value for name, value in row.fields.items() if name != "id"}
            draft = self._draft(UnitDraft, "units", row, fields)
            if draft is not None and same_name(draft.name) not in self._units:
                self._units[same_name(draft.name)] = create_unit(self._connection, draft).id
                self._counts.units_created += 1

    def _add_ingredients(self) -> None:
        names = {
            id_key(row.fields["id"]): row.text("name")
            for row in self._collection.ingredients
            if row.fields.get("id") is not None
        }
        waiting: list[tuple[Row, IngredientDraft, str | None]] = []
        for row in self._collection.ingredients:
            fields = {
                name: value
                for name, value in row.fields.items()
                if name not in ("id", "path", "parent", "parent_id") and value is not None
            }
            draft = self._draft(IngredientDraft, "ingredients", row, fields)
            if draft is None or same_name(draft.name) in self._ingredients:
                continue
            parent = row.text("parent")
            if parent is None and (number := row.fields.get("parent_id")) is not None:
                parent = names.get(id_key(number), f"{number}")
            waiting.append((row, draft, None if parent is None else same_name(parent)))
        while waiting:
            # Parents first, whatever their order in the source.
            blocked = [one for one in waiting if not self._add_ingredient(*one)]
            if len(blocked) == len(waiting):
                for row, draft, parent in blocked:
                    message = f"There is no ingredient {_shown(parent)} that it can be put below."
                    remedy = "Add that ingredient, or correct the spelling or the cycle."
                    self._fault("ingredients", row, "parent", message, remedy)
                    self._ingredients[same_name(draft.name)] = _SOME_ID
                return
            waiting = blocked

    def _add_ingredient(self, row: Row, draft: IngredientDraft, parent: str | None) -> bool:
        """Add one ingredient; False if its parent must come first."""
        if parent is not None and parent not in self._ingredients:
            return False
        key = same_name(draft.name)
        if key in self._ingredients:
            return True
        placed = draft.model_copy(
            update={"parent_id": None if parent is None else self._ingredients[parent]}
        )
        try:
            self._ingredients[key] = create_ingredient(self._connection, placed).id
        except InvalidError as error:
            for one in error.faults:
                self._fault("ingredients", row, "parent", one.message, one.remedy)
            self._ingredients[key] = _SOME_ID
        self._counts.ingredients_created += 1
        return True

    def _recipe_draft(self, row: RecipeRow) -> RecipeDraft | None:
        lines = [self._line_draft(line) for line in row.lines or ()]
        # Numbers are texts here, as they are to the check of a file.
        given: dict[str, Any] = {
            name: value if value is None or isinstance(value, str) else str(value)
            for name in TEXT_FIELDS
            if name in row.fields
            for value in [row.fields[name]]
        }
        if row.tags is not None:
            given["tags"] = [tag for tag in row.tags if tag.strip()]
        whole = {"name": row.text("name"), **given, "ingredients": lines}
        return self._draft(RecipeDraft, "recipes", row, whole)

    def _line_draft(self, line: Row) -> LineDraft:
        fields: dict[str, Any] = {
            "amount": line.fields.get("amount"),
            "original_text": line.fields.get("original_text"),
        }
        for name, known in (("ingredient", self._ingredients), ("unit", self._units)):
            wanted = line.text(name)
            if wanted is None and name == "unit":
                continue
            found = None if wanted is None else known.get(same_name(wanted))
            if found is None:
                message = "It is missing." if wanted is None else f"No {name} {_shown(wanted)}."
                remedy = "Add it first, or correct the spelling."
                self._fault("recipe_ingredients", line, name, message, remedy)
                found = _SOME_ID
            fields[f"{name}_id"] = found
        # Checked by itself, so that a fault has the line's own label.
        draft = self._draft(LineDraft, "recipe_ingredients", line, fields)
        return draft or LineDraft(ingredient_id=_SOME_ID)

    def _pairs(self) -> list[int | None]:
        """Return the recipe of the database for each of the source; None for new ones."""
        rows = self._collection.recipes
        if self._on_duplicate == "keep-both":
            return [None] * len(rows)
        present: dict[str, list[int]] = {}
        query = select(recipes.c.id, recipes.c.name).order_by(recipes.c.id)
        for identifier, name in self._connection.execute(query):
            present.setdefault(same_name(name), []).append(identifier)
        wanted: dict[str, list[RecipeRow]] = {}
        for row in rows:
            wanted.setdefault(same_name(row.text("name")), []).append(row)
        pairs: list[int | None] = []
        places: dict[str, int] = {}
        for row in rows:
            key = same_name(row.text("name"))
            found, group = present.get(key, []), wanted[key]
            if self._on_duplicate == "update" and len(found) > len(group):
                message = f"{len(found)} recipes have this name: numbers {found[:5]}."
                remedy = "Rename all but one, or update them one by one."
                self._fault("recipes", row, "name", message, remedy)
            position = places[key] = places.get(key, -1) + 1
            pairs.append(found[position] if position < len(found) else None)
        return pairs

    def _present(self, pairs: Sequence[int | None]) -> dict[int, Recipe]:
        ids = [one for one in pairs if one is not None]
        found: dict[int, Recipe] = {}
        for start in range(0, len(ids), _CHUNK):
            chunk = get_recipes(self._connection, ids[start : start + _CHUNK])
            found.update({one.id: one for one in chunk})
        return found

    def _checked_rating(self, row: Row) -> Row:
        """Return a rating as it is stored; a fault if it cannot be."""
        number = plain_number(row.fields.get("rating"))
        whole = number is not None and number.is_integer()
        written = {"rating": int(number or 0) if whole else row.fields.get("rating")}
        draft = self._draft(RatingDraft, "ratings", row, written)
        try:
            time = as_utc(row.fields.get("created_at"))
        except ValueError as error:
            remedy = "Enter an ISO 8601 time, such as 2026-01-31T18:00:00Z."
            self._fault("ratings", row, "created_at", f"{error}.", remedy)
            return row
        return Row(row.where, {**row.fields, **(draft.model_dump() if draft else {}),
                               "created_at": time})  # fmt: skip

    def _add_ratings(self, recipe_id: int, rows: Sequence[Row]) -> None:
        query = select(ratings.c.user_id).where(ratings.c.recipe_id == recipe_id)
        rated = set(self._connection.scalars(query)) if rows else set()
        for row in rows:
            user = row.text("user_id")
            if user is None or user in rated:
                continue
            values = {"recipe_id": recipe_id, "user_id": user, "rating": row.fields["rating"],
                      "created_at": row.fields["created_at"]}  # fmt: skip
            self._connection.execute(insert(ratings).values(values))
            rated.add(user)
            self._counts.ratings_created += 1


def _same(before: RecipeDraft, after: RecipeDraft) -> bool:
    check_time()
    one, other = before.model_dump(), after.model_dump()
    for shown in (one, other):
        shown["tags"] = {same_name(name) for name in shown["tags"]}
    for old, new in zip(one["ingredients"], other["ingredients"], strict=False):
        if new["original_text"] is None:
            new["original_text"] = old["original_text"]
    return one == other


def _path(location: Sequence[int | str]) -> str:
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _shown(name: object) -> str:
    return repr(str(name)[:80])
