"""Many recipes at once, merged by name, all or none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from sqlalchemy import Connection, Table, func, select

from api.db.catalog.drafts import IngredientDraft, LineDraft, RecipeDraft, TagDraft, UnitDraft
from api.db.catalog.errors import FieldFault, InvalidError
from api.db.catalog.ingredients import create_ingredient
from api.db.catalog.recipes import Recipe, draft_of, get_recipes, write_recipe
from api.db.catalog.tags import ids_of_tags
from api.db.catalog.units import create_unit
from api.db.exchange.bulk_formats import (
    TEXT_FIELDS,
    ImportRecipe,
    ImportRow,
    ImportRows,
    refuse,
)
from api.db.schema import ingredients, recipes, tags, units
from api.db.search_names import same_name

_CHUNK = 500
Draft = TypeVar("Draft", bound=BaseModel)
#: Stands for an id while a row is checked whose reference was found wanting already.
_SOME_ID = 1


@dataclass(frozen=True)
class ImportCounts:
    """What an import did: recipes by their fate, and what it made beside them."""

    created: int
    updated: int
    unchanged: int
    units_created: int
    ingredients_created: int
    tags_created: int


def import_recipes(connection: Connection, rows: ImportRows) -> ImportCounts:
    """Merge what an import says.

    A recipe that is there, by its name in whatever case, gets the fields that are given and keeps
    the others. Units, ingredients and tags that are there stay as they are.

    Raises
    ------
    InvalidError
        Naming each fault by row and field. The caller's transaction must then be rolled back.
    """
    faults: list[FieldFault] = []
    tags_before = _count(connection, tags)
    unit_ids, ingredient_ids = _ids(connection, units), _ids(connection, ingredients)
    units_made = _add_units(connection, rows.units, unit_ids, faults)
    ingredients_made = _add_ingredients(connection, rows.ingredients, ingredient_ids, faults)
    new_tags = [
        _draft(TagDraft, row, {"name": row.fields.get("name")}, faults) for row in rows.tags
    ]
    pairs = _pair(connection, rows.recipes, faults)
    references = {"ingredient": ingredient_ids, "unit": unit_ids}
    drafts = [_recipe_draft(row, references, faults) for row in rows.recipes]
    # Nothing of a recipe is written before all of them are known to be right.
    refuse(faults)
    ids_of_tags(connection, [draft.name for draft in new_tags if draft is not None])
    created = updated = unchanged = 0
    known = _present(connection, pairs)
    for pair, row, draft in zip(pairs, rows.recipes, drafts, strict=True):
        if draft is None:
            raise AssertionError("a fault was passed over")  # pragma: no cover
        if pair is None:
            write_recipe(connection, None, draft)
            created += 1
            continue
        before = draft_of(known[pair])
        given = [name for name in (*TEXT_FIELDS, "tags") if name in row.fields]
        given += ["ingredients"] if row.lines is not None else []
        after = before.model_copy(update={name: getattr(draft, name) for name in given})
        if _same(before, after):
            unchanged += 1
        else:
            write_recipe(connection, pair, after)
            updated += 1
    return ImportCounts(
        created,
        updated,
        unchanged,
        units_made,
        ingredients_made,
        _count(connection, tags) - tags_before,
    )


def _count(connection: Connection, table: Table) -> int:
    return connection.scalar(select(func.count()).select_from(table)) or 0


def _ids(connection: Connection, table: Table) -> dict[str, int]:
    query = select(table.c.name, table.c.id).order_by(table.c.id.desc())
    return {same_name(name): identifier for name, identifier in connection.execute(query)}


def _same(before: RecipeDraft, after: RecipeDraft) -> bool:
    one, other = before.model_dump(), after.model_dump()
    for shown in (one, other):
        shown["tags"] = {same_name(name) for name in shown["tags"]}
    return one == other


def _draft(
    kind: type[Draft], row: ImportRow, fields: Mapping[str, Any], faults: list[FieldFault]
) -> Draft | None:
    try:
        return kind.model_validate(dict(fields))
    except ValidationError as error:
        for one in error.errors(include_url=False, include_input=False, include_context=False):
            message = one["msg"].removeprefix("Value error, ").rstrip(".")
            faults.append(
                row.fault(_path(one["loc"]), f"{message}.", "Mend it; the API's document says how.")
            )
        return None


def _path(location: Sequence[int | str]) -> str:
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _add_units(
    connection: Connection,
    rows: Sequence[ImportRow],
    known: dict[str, int],
    faults: list[FieldFault],
) -> int:
    made = 0
    for row in rows:
        fields = {name: value for name, value in row.fields.items() if name != "id"}
        draft = _draft(UnitDraft, row, fields, faults)
        if draft is not None and same_name(draft.name) not in known:
            known[same_name(draft.name)] = create_unit(connection, draft).id
            made += 1
    return made


def _add_ingredients(
    connection: Connection,
    rows: Sequence[ImportRow],
    known: dict[str, int],
    faults: list[FieldFault],
) -> int:
    waiting: list[tuple[ImportRow, IngredientDraft, str | None]] = []
    for row in rows:
        fields = {
            name: value
            for name, value in row.fields.items()
            if name not in ("id", "path", "parent", "parent_id") and value is not None
        }
        draft = _draft(IngredientDraft, row, fields, faults)
        if draft is not None and same_name(draft.name) not in known:
            parent = row.fields.get("parent")
            waiting.append((row, draft, None if parent is None else same_name(parent)))
    made = 0
    while waiting:
        # Parents first, in whatever order they are written.
        blocked: list[tuple[ImportRow, IngredientDraft, str | None]] = []
        for row, draft, parent in waiting:
            if parent is not None and parent not in known:
                blocked.append((row, draft, parent))
            elif same_name(draft.name) not in known:
                placed = draft.model_copy(update={"parent_id": known[parent] if parent else None})
                try:
                    known[same_name(draft.name)] = create_ingredient(connection, placed).id
                except InvalidError as error:
                    faults += [row.fault("parent", one.message, one.remedy) for one in error.faults]
                    known[same_name(draft.name)] = _SOME_ID
                made += 1
        if len(blocked) == len(waiting):
            faults += [
                row.fault(
                    "parent",
                    f"There is no ingredient {_shown(parent)} that it can be put below.",
                    "Add that ingredient, or mend the spelling or the cycle.",
                )
                for row, _, parent in blocked
            ]
            known.update({same_name(draft.name): _SOME_ID for _, draft, _ in blocked})
            break
        waiting = blocked
    return made


def _shown(name: object) -> str:
    return repr(str(name)[:80])


def _pair(
    connection: Connection, rows: Sequence[ImportRecipe], faults: list[FieldFault]
) -> list[int | None]:
    """Return the recipe that each row is about; None for new ones."""
    present: dict[str, list[int]] = {}
    for identifier, name in connection.execute(select(recipes.c.id, recipes.c.name)):
        present.setdefault(same_name(name), []).append(identifier)
    seen: dict[str, str] = {}
    pairs: list[int | None] = []
    for row in rows:
        key = same_name(row.fields.get("name"))
        found = present.get(key, [])
        if key in seen:
            faults.append(
                row.fault(
                    "name",
                    f"The recipe {_shown(row.fields.get('name'))} was there before: {seen[key]}.",
                    "Merge the two, or rename one.",
                )
            )
        seen.setdefault(key, row.where.rstrip("., "))
        if len(found) > 1:
            faults.append(
                row.fault(
                    "name",
                    f"{len(found)} recipes are called so: numbers "
                    f"{', '.join(str(one) for one in found[:5])}.",
                    "Rename all but one, or change them one by one.",
                )
            )
        pairs.append(found[0] if found else None)
    return pairs


def _recipe_draft(
    row: ImportRecipe,
    references: Mapping[str, Mapping[str, int]],
    faults: list[FieldFault],
) -> RecipeDraft | None:
    lines = []
    for line in row.lines or ():
        fields: dict[str, Any] = {"amount": line.fields.get("amount")}
        for name, known in references.items():
            wanted = line.fields.get(name)
            if wanted is None and name == "unit":
                continue
            found = None if wanted is None else known.get(same_name(wanted))
            if found is None:
                missing = wanted is None
                faults.append(
                    line.fault(
                        name,
                        "It is missing." if missing else f"There is no {name} {_shown(wanted)}.",
                        f"Name the {name}." if missing else "Add it first, or mend the spelling.",
                    )
                )
                found = _SOME_ID
            fields[f"{name}_id"] = found
        # Checked by itself, so that a fault is named with the line's own row.
        draft = _draft(LineDraft, line, fields, faults)
        lines.append(draft or LineDraft(ingredient_id=_SOME_ID))
    given = {name: row.fields[name] for name in TEXT_FIELDS if name in row.fields}
    if row.fields.get("tags") is not None:
        given["tags"] = row.fields["tags"]
    whole = {"name": row.fields.get("name"), **given, "ingredients": lines}
    return _draft(RecipeDraft, row, whole, faults)


def _present(connection: Connection, pairs: Sequence[int | None]) -> dict[int, Recipe]:
    ids = [one for one in pairs if one is not None]
    found: dict[int, Recipe] = {}
    for start in range(0, len(ids), _CHUNK):
        found.update({one.id: one for one in get_recipes(connection, ids[start : start + _CHUNK])})
    return found
