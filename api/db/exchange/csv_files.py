"""A directory of CSV files: one a table, named after it.

UTF-8 with a header, comma separated. ``units.csv``, ``ingredients.csv``, ``recipes.csv`` and
``recipe_ingredients.csv`` are required, ``ratings.csv`` and ``tags.csv`` are not. Columns are those
of the database; a name (``parent``, ``recipe``, ``ingredient``, ``unit``) may stand in for an id,
ids may be left out altogether, and ``recipes.csv`` may list ``tags`` separated by ``;``.

Text that a spreadsheet would run as a formula is guarded (:mod:`api.db.exchange.formulas`).
"""

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from api.db.dataset import Dataset
from api.db.errors import Fault
from api.db.exchange.formulas import guard, unguard
from api.db.exchange.resolve import FIELDS, RawRows

REQUIRED = ("units", "ingredients", "recipes", "recipe_ingredients")
OPTIONAL = ("tags", "ratings")
TAG_SEPARATOR = ";"
#: No field of a recipe is longer; an unclosed quote would otherwise swallow the rest of the file.
_FIELD_LIMIT = 1_000_000


def read_csv_directory(directory: Path) -> RawRows:
    """Read the files of a directory; what cannot be read becomes a fault."""
    raw = RawRows()
    # Tags first: recipes then refer to those that have a file.
    for table in (*OPTIONAL, *REQUIRED):
        path = directory / f"{table}.csv"
        if path.is_file():
            _read(path, table, raw)
        elif table in REQUIRED:
            raw.faults.append(
                Fault(path.name, "file", "-", "The file is missing.", f"Add {path.name}.")
            )
    return raw


def _read(path: Path, table: str, raw: RawRows) -> None:
    def fault(row: str, name: str, message: str, remedy: str) -> None:
        raw.faults.append(Fault(path.name, row, name, message, remedy))

    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        fault(f"line {line}", "-", "This is not UTF-8 text.", "Save the file as CSV UTF-8.")
        return
    csv.field_size_limit(_FIELD_LIMIT)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        allowed = FIELDS[table] | ({"tags"} if table == "recipes" else set())
        if not header:
            fault("line 1", "-", "The file is empty.", "Begin it with a line of column names.")
            return
        unknown = [name for name in header if name not in allowed]
        doubled = {name for name in header if header.count(name) > 1}
        if unknown or doubled:
            fault(
                "line 1",
                ", ".join(unknown or sorted(doubled)),
                "There is no such column." if unknown else "The column stands there twice.",
                f"Use these: {', '.join(sorted(allowed))}.",
            )
            return
        before = reader.line_num
        for cells in reader:
            label = f"line {before + 1}"
            before = reader.line_num
            if not any(cells):
                continue
            if len(cells) != len(header):
                fault(
                    label,
                    "-",
                    f"The line has {len(cells)} cells, the header {len(header)}.",
                    "Put text that holds a comma into double quotes.",
                )
                continue
            row = {name: unguard(cell) for name, cell in zip(header, cells, strict=True)}
            _add(raw, table, row, label)
    except csv.Error as error:
        fault(f"line {reader.line_num}", "-", f"Not CSV: {error}.", "Close every double quote.")


def _add(raw: RawRows, table: str, row: dict[str, Any], label: str) -> None:
    if table == "recipes":
        add_tags(raw, row, str(row.pop("tags", None) or "").split(TAG_SEPARATOR), label)
    raw.add(table, row, label)


def add_tags(raw: RawRows, recipe: Mapping[str, Any], tags: list[str], label: str) -> None:
    """Add a recipe's tags, and each tag that is new."""
    known = {str(row.get("name")).casefold() for row in raw.rows["tags"]}
    seen: set[str] = set()
    for tag in (tag.strip() for tag in tags):
        if not tag or tag.casefold() in seen:
            continue
        seen.add(tag.casefold())
        if tag.casefold() not in known:
            raw.add("tags", {"name": tag}, label)
        reference = (
            {"recipe_id": recipe["id"]} if recipe.get("id") else {"recipe": recipe.get("name")}
        )
        raw.add("recipe_tags", {**reference, "tag": tag}, label)


def write_csv_directory(dataset: Dataset, directory: Path) -> None:
    """Write a dataset so that :func:`read_csv_directory` gives it back."""
    directory.mkdir(parents=True, exist_ok=True)
    names = {
        table: getattr(dataset, table).set_index("id")["name"]
        for table in ("units", "ingredients", "recipes", "tags")
    }
    tags = (
        dataset.recipe_tags.assign(tag=dataset.recipe_tags["tag_id"].map(names["tags"]))
        .groupby("recipe_id")["tag"]
        .agg(TAG_SEPARATOR.join)
    )
    lines = dataset.recipe_ingredients
    frames = {
        "units": dataset.units,
        "ingredients": dataset.ingredients.assign(
            parent=dataset.ingredients["parent_id"].map(names["ingredients"])
        ),
        "recipes": dataset.recipes.assign(tags=dataset.recipes["id"].map(tags)),
        "recipe_ingredients": lines.assign(
            recipe=lines["recipe_id"].map(names["recipes"]),
            ingredient=lines["ingredient_id"].map(names["ingredients"]),
            unit=lines["unit_id"].map(names["units"]),
        ),
        "tags": dataset.tags,
        "ratings": dataset.ratings,
    }
    for table, frame in frames.items():
        with (directory / f"{table}.csv").open("w", encoding="utf-8", newline="") as stream:
            # CRLF, as RFC 4180 has it: the module then quotes a lone CR in a text, too.
            writer = csv.writer(stream, lineterminator="\r\n")
            writer.writerow(frame.columns)
            writer.writerows(
                [_cell(value) for value in row] for row in frame.itertuples(index=False)
            )


def _cell(value: Any) -> str:
    if value is None or pd.isna(value):
        return ""
    if isinstance(value, str):
        return guard(value)
    if isinstance(value, bool):
        return str(int(value))
    return repr(value.item() if hasattr(value, "item") else value)
