"""Recipes on their way in: what a source says, before a database has a say.

Every reader of :mod:`api.db.exchange.sources` returns a :class:`Collection`. Our own exports use
the fields of the database and names that exist; whatever else a source says is brought to that form
by :func:`api.db.exchange.planning.plan_import`, before one of the two sinks writes it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from api.db.errors import Fault
from api.db.exchange.time_limit import check_time
from api.db.frames import TABLES
from api.db.schema import stored_columns

#: table -> field that may hold a name -> (field of the id, table of the name)
REFERENCES: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "ingredients": {"parent": ("parent_id", "ingredients")},
    "recipe_ingredients": {
        "recipe": ("recipe_id", "recipes"),
        "ingredient": ("ingredient_id", "ingredients"),
        "unit": ("unit_id", "units"),
    },
    "ratings": {"recipe": ("recipe_id", "recipes")},
    "recipe_tags": {"recipe": ("recipe_id", "recipes"), "tag": ("tag_id", "tags")},
}
#: The fields of each table: its columns, and names in place of ids.
FIELDS: Mapping[str, frozenset[str]] = {
    table.name: frozenset(column.name for column in stored_columns(table))
    | frozenset(REFERENCES.get(table.name, ()))
    for table in TABLES
}
#: The texts of a recipe.
TEXT_FIELDS = ("description", "instructions", "image_url", "source", "source_url")
#: The columns of recipes as one CSV file.
CSV_COLUMNS = ("recipe", "line", "ingredient", "amount", "unit", "original_text", "tags",
               *TEXT_FIELDS)  # fmt: skip
#: The tables of a directory of CSV files and the keys of a JSON document.
OWN_TABLES = ("units", "ingredients", "recipes", "tags", "ratings")


def id_key(identifier: object) -> str:
    """Return an id as text: files write ``1``, ``"1"`` and ``1.0`` for the same row."""
    return str(identifier).strip().removesuffix(".0")


@dataclass
class Row:
    """Fields as written, empty texts as None.

    Attributes
    ----------
    where
        What an error calls the row: ``line 17``, ``recipes[3]``.
    fields
        The fields that are given.
    """

    where: str
    fields: dict[str, Any]

    def __post_init__(self) -> None:
        check_time()  # every reader makes rows
        self.fields = {
            name: None if isinstance(value, str) and not value.strip() else value
            for name, value in self.fields.items()
        }

    def text(self, name: str) -> str | None:
        """Return a field as one text without spaces around it; None if there is none."""
        value = self.fields.get(name)
        return str(value).strip() if isinstance(value, (str, int, float)) else None


@dataclass
class RecipeRow(Row):
    """A recipe with its lines.

    Attributes
    ----------
    lines
        In their order; None if the source says nothing about ingredients. In our own formats the
        fields of a line are those of ``recipe_ingredients``. Others have ``ingredient`` with
        ``measure`` or ``amount``, ``amount_max`` and ``unit``; or ``line``, a text with everything;
        and ``note``, ``optional``, ``substitutes``.
    tags
        Names; None if the source says nothing about tags.
    ratings
        The fields of ``ratings``.
    """

    lines: list[Row] | None = None
    tags: list[str] | None = None
    ratings: list[Row] = field(default_factory=list)


@dataclass
class Collection:
    """What a source says.

    Attributes
    ----------
    shape
        The kind of source, in words for the report.
    own
        Whether it is in one of our own formats: amounts and names then count as they are.
    faults
        What could not be read.
    notes
        What a person should know, such as fields that were ignored.
    """

    shape: str
    own: bool = False
    units: list[Row] = field(default_factory=list)
    ingredients: list[Row] = field(default_factory=list)
    tags: list[Row] = field(default_factory=list)
    recipes: list[RecipeRow] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add_fault(self, table: str, row: str, name: str, message: str, remedy: str) -> None:
        """Record an error."""
        self.faults.append(Fault(table, row, name, message, remedy))


def merged(collections: list[Collection]) -> Collection:
    """Return several collections as one; rows keep their labels."""
    if len(collections) == 1:
        return collections[0]
    shapes = list(dict.fromkeys(one.shape for one in collections))
    return Collection(
        shape=", ".join(shapes),
        own=all(one.own for one in collections),
        units=[row for one in collections for row in one.units],
        ingredients=[row for one in collections for row in one.ingredients],
        tags=[row for one in collections for row in one.tags],
        recipes=[row for one in collections for row in one.recipes],
        faults=[fault for one in collections for fault in one.faults],
        notes=[note for one in collections for note in one.notes],
    )
