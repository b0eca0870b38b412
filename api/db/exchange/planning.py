"""From what a source says to rows in our own form, ready for a sink."""

from dataclasses import dataclass, field
from typing import Any

from api.db.errors import Fault
from api.db.exchange.drafts import TEXT_FIELDS, Collection, RecipeRow, Row
from api.db.exchange.foreign_texts import (
    storable,
    storable_fields,
    storable_lines,
    storable_tags,
    without_control_characters,
)
from api.db.exchange.mapping import Mapping
from api.db.exchange.placing import IngredientPlacer, KnownIngredient, UnitPlacer
from api.db.exchange.plan_lines import LinePlanner
from api.db.exchange.report import CreatedIngredient, ImportReport, PlacedName
from api.db.search_names import same_name

_GUESSES = ("similar", "kind", "translated")


@dataclass
class CatalogNames:
    """What a database has already."""

    ingredients: list[KnownIngredient] = field(default_factory=list)
    units: list[tuple[str, str | None]] = field(default_factory=list)
    """(name, abbreviation)."""


@dataclass
class ImportPlan:
    """A collection in our own form, ready for a sink.

    Attributes
    ----------
    names
        How every name became an ingredient, for the mapping file.
    """

    collection: Collection
    report: ImportReport
    names: list[PlacedName]

    @property
    def faults(self) -> list[Fault]:
        """What could not be read."""
        return self.collection.faults


def plan_import(
    source: Collection, known: CatalogNames | None = None, mapping: Mapping | None = None
) -> ImportPlan:
    """Bring a source's rows to our own form.

    Parameters
    ----------
    known
        What the database has already; nothing for a new one.
    mapping
        What people decided.
    """
    return _Planner(source, known or CatalogNames(), mapping or Mapping()).plan()


class _Planner:
    def __init__(self, source: Collection, known: CatalogNames, mapping: Mapping) -> None:
        self._source = source
        self._declared = [row for row in source.ingredients if _has_place(row)]
        self._names_only = [row for row in source.ingredients if not _has_place(row)]
        declared = [KnownIngredient(row.text("name") or "") for row in self._declared]
        self._ingredients = IngredientPlacer([*declared, *known.ingredients], mapping)
        units = [(row.text("name") or "", row.text("abbreviation")) for row in source.units]
        self._units = UnitPlacer([*known.units, *units])
        self._out = Collection(
            source.shape, own=True, units=list(source.units), tags=list(source.tags),
            faults=list(source.faults), notes=list(source.notes),
        )  # fmt: skip
        self._report = ImportReport(shape=source.shape, notes=list(source.notes))
        self._lines = LinePlanner(
            source, self._out, self._report, self._ingredients, self._units, mapping
        )

    def plan(self) -> ImportPlan:
        for row in self._names_only:
            if (name := row.text("name")) is not None:
                self._lines.place_name(name)
        read = self._own_recipe if self._source.own else self._foreign_recipe
        self._out.recipes = [made for row in self._source.recipes if (made := read(row))]
        created = self._ingredients.created
        self._out.ingredients = [
            *self._declared,
            *(
                Row(one.name, {"name": one.name, "parent": one.parent,
                               "allow_substitution": int(one.allow_substitution)})
                for one in created
            ),
        ]  # fmt: skip
        self._out.units += [
            Row(unit.name, {"name": unit.name, "abbreviation": unit.abbreviation,
                            "conversion_to_ml": unit.conversion_to_ml})
            for unit in self._units.created
        ]  # fmt: skip
        names, report = self._lines.names(), self._report
        report.unsorted = [one for one in names if one.how == "unsorted"]
        report.guessed = [one for one in names if one.how in _GUESSES]
        report.renamed = [
            one
            for one in names
            if one.ingredient is not None
            and one.how not in (*_GUESSES, "unsorted", "mapping")
            and same_name(one.written) != same_name(one.ingredient)
        ]
        report.placed = report.lines - sum(one.lines for one in report.unsorted)
        report.ingredients_created = [
            CreatedIngredient(name=one.name, parent=one.parent) for one in created
        ]
        report.units_created = [unit.name for unit in self._units.created]
        return ImportPlan(self._out, report, names)

    def _own_recipe(self, recipe: RecipeRow) -> RecipeRow:
        lines = self._planned_lines(recipe, {})
        return RecipeRow(recipe.where, _fields(recipe), lines, recipe.tags, recipe.ratings)

    def _foreign_recipe(self, recipe: RecipeRow) -> RecipeRow | None:
        note, where = self._report.notes.append, recipe.where
        recipe = without_control_characters(recipe)
        if (written := recipe.text("name")) is None:
            note(f"{where} was left out: it names no recipe.")
            return None
        if (name := storable(written, "recipes", "name", where, note)) is None:
            return None
        extras: dict[str, list[str]] = {
            label: [text] for label in ("glass", "method", "garnish")
            if (text := recipe.text(label)) is not None
        }  # fmt: skip
        lines = self._planned_lines(recipe, extras)
        fields = storable_fields(_fields(recipe) | {"name": name}, extras, where, note)
        if lines is not None:
            lines = storable_lines(lines, where, note)
        tags = None if recipe.tags is None else storable_tags(recipe.tags, where, note)
        return RecipeRow(where, fields, lines, tags, recipe.ratings)

    def _planned_lines(self, recipe: RecipeRow, extras: dict[str, list[str]]) -> list[Row] | None:
        if recipe.lines is None:
            return None
        name = recipe.text("name") or ""
        planned = (self._lines.plan(line, name, extras) for line in recipe.lines)
        return [line for line in planned if line is not None]


def _fields(recipe: RecipeRow) -> dict[str, Any]:
    names = ("id", "name", *TEXT_FIELDS)
    return {name: recipe.fields[name] for name in names if name in recipe.fields}


def _has_place(row: Row) -> bool:
    """Return whether a declared ingredient says where it belongs, even if that is the top."""
    return bool({"parent", "parent_id", "path"} & set(row.fields))
