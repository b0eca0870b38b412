"""What an import says, read from JSON or CSV, before the database has a say.

JSON is the document of :mod:`api.db.exchange.json_document`. Its ids are only good within it: they
stand for the names that the document itself gives them.

CSV has a line for each ingredient of a recipe. What belongs to the recipe stands on its first line;
on the others it is empty or the same. ``line`` counts a recipe's lines from 1, so that two recipes
of one name are not taken for one; it may be left out.
"""

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from api.db.catalog.errors import FieldFault, InvalidError
from api.db.exchange.formulas import unguard
from api.db.exchange.resolve import FIELDS

MAX_RECIPES = 5_000
MAX_ROWS = 50_000
#: How many faults are told at once.
MAX_FAULTS = 100

TEXT_FIELDS = ("description", "instructions", "image_url", "source", "source_url")
CSV_COLUMNS = ("recipe", "line", "ingredient", "amount", "unit", "tags", *TEXT_FIELDS)
_TABLES = ("units", "ingredients", "tags", "recipes", "ratings")
_FIELD_LIMIT = 1_000_000
_TAG = re.compile(r"((?:[^\\;]|\\.)*)(?:;|$)", re.DOTALL)


@dataclass(frozen=True)
class ImportRow:
    """A row as written.

    Attributes
    ----------
    where
        What goes before a field's name to say where it is: ``recipes[3].`` or ``line 17, ``.
    fields
        Those that are given.
    """

    where: str
    fields: Mapping[str, Any]

    def fault(self, name: str, message: str, remedy: str) -> FieldFault:
        """Return a fault of one of its fields."""
        return FieldFault(f"{self.where}{name}", message, remedy)


@dataclass(frozen=True)
class ImportRecipe(ImportRow):
    """A recipe as written; ``lines`` is None where nothing is said of its ingredients."""

    lines: Sequence[ImportRow] | None = None


@dataclass
class ImportRows:
    """All that an import says; names stand for ids."""

    units: list[ImportRow] = field(default_factory=list)
    ingredients: list[ImportRow] = field(default_factory=list)
    tags: list[ImportRow] = field(default_factory=list)
    recipes: list[ImportRecipe] = field(default_factory=list)


def refuse(faults: Sequence[FieldFault]) -> None:
    """Raise InvalidError if there are faults, with the first of them."""
    if not faults:
        return
    error = InvalidError(faults[:MAX_FAULTS])
    if len(faults) > MAX_FAULTS:
        error.detail = (
            f"{len(faults)} fields are wrong; errors has the first {MAX_FAULTS}. "
            f"Nothing was changed."
        )
    raise error


def read_json_rows(body: bytes) -> ImportRows:
    """Read a JSON document.

    Raises
    ------
    InvalidError
        Naming everything that has no right shape.
    """
    try:
        document = json.loads(body.decode("utf-8-sig"), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        refuse([FieldFault("body", "It is no JSON document in UTF-8.", "Mend it, or send CSV.")])
    faults: list[FieldFault] = []
    if not isinstance(document, dict):
        refuse([FieldFault("body", "It is no object.", f"Use the keys {', '.join(_TABLES)}.")])
    faults += [
        FieldFault(str(name)[:80], "There is no such key.", f"Use {', '.join(_TABLES)}.")
        for name in document
        if name not in _TABLES
    ]
    if document.get("ratings"):
        faults.append(
            FieldFault(
                "ratings",
                "Ratings belong to users, and are not taken from a file.",
                "Leave them out; an operator can use: cocktaildb db import.",
            )
        )
    found = {
        table: _objects(
            document.get(table, []),
            table,
            FIELDS[table] | ({"ingredients", "tags"} if table == "recipes" else set()),
            faults,
        )
        for table in ("units", "ingredients", "tags", "recipes")
    }
    names = {
        table: {
            row.fields["id"]: row.fields.get("name")
            for row in found[table]
            if type(row.fields.get("id")) is int
        }
        for table in ("units", "ingredients")
    }
    _count(found["recipes"], faults)
    made = ImportRows(units=found["units"], tags=found["tags"])
    made.ingredients = [
        _named(row, {"parent": names["ingredients"]}, faults) for row in found["ingredients"]
    ]
    total = 0
    for row in found["recipes"]:
        lines = None
        if "ingredients" in row.fields:
            raw = _objects(
                row.fields["ingredients"],
                f"{row.where}ingredients",
                FIELDS["recipe_ingredients"],
                faults,
            )
            total += len(raw)
            references = {"ingredient": names["ingredients"], "unit": names["units"]}
            lines = [_named(line, references, faults) for line in raw]
        made.recipes.append(ImportRecipe(row.where, row.fields, lines))
    if total > MAX_ROWS:
        faults.append(_too_many("recipes", f"{MAX_ROWS:,} ingredients"))
    refuse(faults)
    return made


def _no_constant(name: str) -> float:
    raise ValueError(name)


def _too_many(where: str, most: str) -> FieldFault:
    return FieldFault(where, f"There are more than {most}.", "Import them in parts.")


def _count(recipes: Sequence[ImportRow], faults: list[FieldFault]) -> None:
    if len(recipes) > MAX_RECIPES:
        faults.append(_too_many("recipes", f"{MAX_RECIPES:,} recipes"))


def _objects(
    value: Any, where: str, allowed: Iterable[str], faults: list[FieldFault]
) -> list[ImportRow]:
    if not isinstance(value, list):
        faults.append(FieldFault(where, "It is no list.", "Write a list of objects."))
        return []
    allowed = set(allowed)
    rows = []
    for number, one in enumerate(value):
        here = f"{where}[{number}]"
        if not isinstance(one, dict):
            faults.append(FieldFault(here, "It is no object.", "Write an object."))
            continue
        faults += [
            FieldFault(
                f"{here}.{str(name)[:80]}",
                "There is no such field.",
                f"Use {', '.join(sorted(allowed))}.",
            )
            for name in one
            if name not in allowed
        ]
        rows.append(ImportRow(f"{here}.", {k: v for k, v in one.items() if k in allowed}))
    return rows


def _named(
    row: ImportRow, references: Mapping[str, Mapping[int, Any]], faults: list[FieldFault]
) -> ImportRow:
    """Put names in the place of the document's own ids."""
    fields = dict(row.fields)
    for name, known in references.items():
        identifier = fields.pop(f"{name}_id", None)
        if fields.get(name) is None and identifier is not None:
            if not isinstance(identifier, int) or known.get(identifier) is None:
                faults.append(
                    row.fault(
                        f"{name}_id",
                        "The document gives this id to nothing.",
                        f"Say its name, as {name}.",
                    )
                )
                continue
            fields[name] = known[identifier]
    return ImportRow(row.where, fields)


def read_csv_rows(body: bytes) -> ImportRows:
    """Read a CSV file.

    Raises
    ------
    InvalidError
        Naming everything that has no right shape, by line.
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = body[: error.start].count(b"\n") + 1
        refuse([FieldFault(f"line {line}", "This is no UTF-8 text.", "Save it as CSV UTF-8.")])
    csv.field_size_limit(_FIELD_LIMIT)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    faults: list[FieldFault] = []
    made = ImportRows()
    try:
        header = [name.strip() for name in next(reader, [])]
        _check_header(header)
        before = reader.line_num
        rows: list[ImportRow] = []
        for cells in reader:
            where, before = f"line {before + 1}", reader.line_num
            if not any(cells):
                continue
            if len(rows) >= MAX_ROWS:
                refuse([_too_many(where, f"{MAX_ROWS:,} lines")])
            if len(cells) != len(header):
                faults.append(
                    FieldFault(
                        where,
                        f"The line has {len(cells)} cells, the header {len(header)}.",
                        "Put text that holds a comma into double quotes.",
                    )
                )
                continue
            fields = {
                name: unguard(cell) if cell.strip() else None
                for name, cell in zip(header, cells, strict=True)
            }
            rows.append(ImportRow(f"{where}, ", fields))
        _group(rows, header, made, faults)
    except csv.Error as error:
        faults.append(
            FieldFault(f"line {reader.line_num}", f"Not CSV: {error}.", "Close every double quote.")
        )
    _count(made.recipes, faults)
    refuse(faults)
    return made


def _check_header(header: Sequence[str]) -> None:
    wrong = [name for name in header if name not in CSV_COLUMNS or header.count(name) > 1]
    if wrong or "recipe" not in header:
        refuse(
            [
                FieldFault(
                    "line 1",
                    f"These are no columns: {', '.join(wrong)[:200]}."
                    if wrong
                    else "The column recipe is missing.",
                    f"Use these, each once: {', '.join(CSV_COLUMNS)}.",
                )
            ]
        )


def _group(
    rows: Sequence[ImportRow],
    header: Sequence[str],
    made: ImportRows,
    faults: list[FieldFault],
) -> None:
    shared = [name for name in header if name in TEXT_FIELDS or name == "tags"]
    has_lines = "ingredient" in header
    for row in rows:
        name = row.fields["recipe"]
        if name is None:
            faults.append(row.fault("recipe", "The name is missing.", "Name the recipe."))
            continue
        first = str(row.fields.get("line") or "").strip() in ("1", "1.0")
        last = made.recipes[-1] if made.recipes else None
        if last is None or last.fields["name"] != name or first:
            fields = {"name": name, **{key: row.fields[key] for key in shared}}
            if "tags" in fields:
                fields["tags"] = split_tags(fields["tags"] or "")
            last = ImportRecipe(row.where, fields, [] if has_lines else None)
            made.recipes.append(last)
        else:
            for key in shared:
                given = row.fields[key]
                known = last.fields[key]
                if given is not None and (split_tags(given) if key == "tags" else given) != known:
                    faults.append(
                        row.fault(
                            key,
                            f"It differs from what an earlier line says of {name[:80]!r}.",
                            "Write it on the recipe's first line only.",
                        )
                    )
        line = {key: row.fields.get(key) for key in ("ingredient", "amount", "unit")}
        if isinstance(last.lines, list) and any(value is not None for value in line.values()):
            last.lines.append(ImportRow(row.where, line))


def join_tags(names: Iterable[str]) -> str:
    """Return tags as one cell; :func:`split_tags` gives them back."""
    return ";".join(re.sub(r"([\\;])", r"\\\1", name) for name in names)


def split_tags(cell: str) -> list[str]:
    """Return the tags of a cell: separated by ``;``, with ``\\`` before one that is none."""
    if cell.endswith("\\") and not cell.endswith("\\\\"):
        cell += "\\"
    found = [re.sub(r"\\(.)", r"\1", part, flags=re.DOTALL).strip() for part in _TAG.findall(cell)]
    return [name for name in found if name]
