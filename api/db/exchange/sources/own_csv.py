"""Our directory of CSV files: one a table, named after it.

``units.csv``, ``ingredients.csv``, ``recipes.csv`` and ``recipe_ingredients.csv`` are required,
``ratings.csv`` and ``tags.csv`` are not. Columns are those of the database; a name (``parent``,
``recipe``, ``ingredient``, ``unit``) may replace an id, ids may be left out altogether, and
``recipes.csv`` may list ``tags`` (:mod:`api.db.exchange.tag_cells`).
"""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from api.db.exchange.drafts import FIELDS, Collection, RecipeRow, Row, id_key
from api.db.exchange.sources.tables import TableRows, read_csv
from api.db.exchange.sources.text import decode
from api.db.exchange.tag_cells import split_tags
from api.db.search_names import same_name

REQUIRED = ("units", "ingredients", "recipes", "recipe_ingredients")
OPTIONAL = ("tags", "ratings")


def read_csv_directory(directory: Path) -> Collection:
    """Read the files of a directory; what cannot be read becomes a fault."""
    names = [f"{table}.csv" for table in (*REQUIRED, *OPTIONAL)]
    paths = [directory / name for name in names]
    return read_csv_tables({path.name: path.read_bytes() for path in paths if path.is_file()})


def is_csv_tables(names: Mapping[str, bytes]) -> bool:
    """Return whether files of these names are such a directory."""
    return "recipes.csv" in names and "recipe_ingredients.csv" in names


def read_csv_tables(files: Mapping[str, bytes]) -> Collection:
    """Read the files of a directory, by name."""
    collection = Collection("our own CSV files", own=True)
    tables: dict[str, list[Row]] = {}
    for table in (*REQUIRED, *OPTIONAL):
        name = f"{table}.csv"
        tables[table] = []
        if name in files:
            tables[table] = _read(read_csv(decode(files[name])), table, collection)
        elif table in REQUIRED:
            collection.add_fault(name, "file", "-", "The file is missing.", f"Add {name}.")
    collection.units, collection.ingredients = tables["units"], tables["ingredients"]
    collection.tags = tables["tags"]
    for row in tables["recipes"]:
        tags = row.fields.pop("tags", None)
        recipe = RecipeRow(row.where, row.fields, lines=[], tags=split_tags(str(tags or "")))
        collection.recipes.append(recipe)
    owners = RecipesByReference(collection)
    for table in ("recipe_ingredients", "ratings"):
        for row in tables[table]:
            owners.attach(table, row)
    return collection


def _read(found: TableRows, table: str, collection: Collection) -> list[Row]:
    name = f"{table}.csv"
    for label, message, remedy in (*found.faults, *found.misfits):
        collection.add_fault(name, label, "-", message, remedy)
    allowed = FIELDS[table] | ({"tags"} if table == "recipes" else set())
    if not found.header:
        remedy = "Begin it with a line of column names."
        collection.add_fault(name, "line 1", "-", "The file is empty.", remedy)
        return []
    unknown = [column for column in found.header if column not in allowed]
    repeated = sorted(column for column, times in Counter(found.header).items() if times > 1)
    if unknown or repeated:
        collection.add_fault(
            name,
            "line 1",
            ", ".join(unknown or repeated),
            "There is no such column." if unknown else "The column occurs twice.",
            f"Use {', '.join(sorted(allowed))}.",
        )
        return []
    return [Row(label, cells) for label, cells in found.rows]


class RecipesByReference:
    """The recipes of a collection, found by the ``recipe_id`` or ``recipe`` of another row."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection
        self._by_id: dict[str, RecipeRow] = {}
        self._by_name: dict[str, list[RecipeRow]] = {}
        for recipe in collection.recipes:
            if (identifier := recipe.text("id")) is not None:
                self._by_id.setdefault(id_key(identifier), recipe)
            self._by_name.setdefault(same_name(recipe.text("name")), []).append(recipe)

    def attach(self, table: str, row: Row) -> None:
        """Add a line or a rating to its recipe; a fault if there is none, or more than one."""
        identifier, name = row.text("recipe_id"), row.text("recipe")
        row.fields.pop("recipe_id", None)
        row.fields.pop("recipe", None)
        if identifier is not None:
            owner = self._by_id.get(id_key(identifier))
            found = [owner] if owner else []
            field, shown = "recipe_id", identifier
        elif name is not None:
            found = self._by_name.get(same_name(name), [])
            field, shown = "recipe", repr(name)
        else:
            self._fault(table, row, "recipe_id", "The value is missing.", "Enter a value.")
            return
        if len(found) == 1:
            rows = found[0].ratings if table == "ratings" else found[0].lines
            if rows is not None:
                rows.append(row)
        elif found:
            message = f"{len(found)} recipes have the name {shown}."
            self._fault(table, row, field, message, "Set recipe_id instead.")
        else:
            message = f"There is no recipe {shown}."
            self._fault(table, row, field, message, "Add it to recipes, or correct the spelling.")

    def _fault(self, table: str, row: Row, field: str, message: str, remedy: str) -> None:
        self._collection.add_fault(table, row.where, field, message, remedy)
