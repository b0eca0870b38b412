"""Every recipe as one file that the import reads back unchanged, with names for ids.

Written to a temporary file, so that neither the rows nor a slow client fill the memory.
"""

import csv
import io
import json
import tempfile
from collections.abc import Iterable, Iterator
from typing import IO, Any

from sqlalchemy import Connection, select

from api.db.catalog.recipes import Recipe, get_recipes
from api.db.catalog.values import as_number, as_text
from api.db.columns import read_table_columns
from api.db.exchange.drafts import CSV_COLUMNS, TEXT_FIELDS
from api.db.exchange.formulas import guard
from api.db.exchange.tag_cells import join_tags
from api.db.schema import ingredients, recipes, tags, units

_CHUNK = 500
_IN_MEMORY = 1 << 20


def write_json(connection: Connection) -> IO[bytes]:
    """Return a JSON document, to be read from its beginning and closed by the caller."""
    shape = read_table_columns(connection)
    file = _file()
    column = shape.column
    named = {
        identifier: as_text(name)
        for identifier, name in connection.execute(select(ingredients.c.id, ingredients.c.name))
    }
    unit_columns = (units.c.name, units.c.abbreviation, units.c.conversion_to_ml)
    unit_rows = connection.execute(
        select(*(column(one) for one in unit_columns)).order_by(units.c.id)
    )
    ingredient_rows = connection.execute(
        select(
            ingredients.c.name,
            column(ingredients.c.description),
            ingredients.c.parent_id,
            column(ingredients.c.allow_substitution),
        ).order_by(ingredients.c.id)
    )
    tag_rows = (
        connection.execute(select(tags.c.name).order_by(tags.c.id)) if shape.has("tags") else ()
    )
    parts: dict[str, Iterable[dict[str, Any]]] = {
        "units": (
            {
                "name": as_text(row.name),
                "abbreviation": as_text(row.abbreviation),
                "conversion_to_ml": as_number(row.conversion_to_ml),
            }
            for row in unit_rows
        ),
        "ingredients": (
            {
                "name": as_text(row.name),
                "description": as_text(row.description),
                "parent": named.get(row.parent_id),
                "allow_substitution": bool(row.allow_substitution),
            }
            for row in ingredient_rows
        ),
        "tags": ({"name": as_text(row.name)} for row in tag_rows),
        "recipes": (_recipe(recipe) for recipe in _recipes(connection)),
    }
    for number, (key, objects) in enumerate(parts.items()):
        file.write(("," if number else "{").encode() + f'"{key}":['.encode())
        for position, value in enumerate(objects):
            text = json.dumps(value, ensure_ascii=False, allow_nan=False)
            file.write((",\n" if position else "\n").encode() + text.encode())
        file.write(b"]\n")
    file.write(b"}\n")
    file.seek(0)
    return file


def write_csv(connection: Connection) -> IO[bytes]:
    """Return a CSV file, to be read from its beginning and closed by the caller."""
    file = _file()
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(CSV_COLUMNS)
    for recipe in _recipes(connection):
        shared = [join_tags(recipe.tags), *(getattr(recipe, name) for name in TEXT_FIELDS)]
        blank: list[str | None] = [None] * len(shared)
        lines: list[tuple[object, ...]] = [
            (line.ingredient_name, line.amount, line.unit_name, line.original_text)
            for line in recipe.ingredients
        ] or [(None, None, None, None)]
        for number, line in enumerate(lines, 1):
            cells = [recipe.name, number, *line, *(shared if number == 1 else blank)]
            writer.writerow([_cell(cell) for cell in cells])
        file.write(buffer.getvalue().encode())
        buffer.seek(0)
        buffer.truncate()
    file.write(buffer.getvalue().encode())
    file.seek(0)
    return file


def _file() -> IO[bytes]:
    return tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)


def _recipes(connection: Connection) -> Iterator[Recipe]:
    ids = list(connection.scalars(select(recipes.c.id).order_by(recipes.c.id)))
    for start in range(0, len(ids), _CHUNK):
        yield from get_recipes(connection, ids[start : start + _CHUNK])


def _recipe(recipe: Recipe) -> dict[str, Any]:
    return {
        "name": recipe.name,
        **{name: getattr(recipe, name) for name in TEXT_FIELDS},
        "tags": list(recipe.tags),
        "ingredients": [
            {
                "ingredient": line.ingredient_name,
                "amount": line.amount,
                "unit": line.unit_name,
                "original_text": line.original_text,
            }
            for line in recipe.ingredients
        ],
    }


def _cell(value: object) -> str:
    if value is None:
        return ""
    return guard(value) if isinstance(value, str) else repr(value)
