"""From rows as people write them, where names may stand for ids, to a dataset."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from api.db.check import check_dataset
from api.db.dataset import TABLES, Dataset, build_dataset
from api.db.errors import DatasetError, Fault
from api.db.schema import stored_columns
from api.db.tree import ancestor_paths

#: table -> field that may hold a name -> (field of the id, table of the name)
_REFERENCES = {
    "ingredients": {"parent": ("parent_id", "ingredients")},
    "recipe_ingredients": {
        "recipe": ("recipe_id", "recipes"),
        "ingredient": ("ingredient_id", "ingredients"),
        "unit": ("unit_id", "units"),
    },
    "ratings": {"recipe": ("recipe_id", "recipes")},
    "recipe_tags": {"recipe": ("recipe_id", "recipes"), "tag": ("tag_id", "tags")},
}
#: What a file may say about a table: its columns, and names in place of ids.
FIELDS = {
    table.name: {column.name for column in stored_columns(table)}
    | set(_REFERENCES.get(table.name, ()))
    for table in TABLES
}


@dataclass
class RawRows:
    """Rows as written, with what to call each in an error."""

    rows: dict[str, list[dict[str, Any]]] = field(
        default_factory=lambda: {table.name: [] for table in TABLES}
    )
    labels: dict[str, list[str]] = field(
        default_factory=lambda: {table.name: [] for table in TABLES}
    )
    faults: list[Fault] = field(default_factory=list)

    def add(self, table: str, row: Mapping[str, Any], label: str) -> None:
        """Add one row; empty text counts as nothing."""
        cleaned = {
            key: None if isinstance(value, str) and not value.strip() else value
            for key, value in row.items()
        }
        self.rows[table].append(cleaned)
        self.labels[table].append(label)


def to_dataset(raw: RawRows) -> tuple[Dataset | None, list[Fault]]:
    """Number the rows that have no id, look up names, compute paths, check everything.

    Returns
    -------
    dataset
        None if there are errors that leave no dataset.
    faults
        Everything found, warnings included.
    """
    faults = list(raw.faults)
    _number(raw, faults)
    _look_up(raw, faults)
    _sort_by_id(raw)
    _add_paths(raw)
    try:
        dataset = build_dataset(raw.rows, raw.labels)
    except DatasetError as error:
        return None, faults + list(error.faults)
    if not any(fault.severity == "error" for fault in faults):
        faults += check_dataset(dataset, raw.labels)
    return dataset, faults


def _integer(value: Any) -> int | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return int(number) if number.is_integer() and abs(number) < 2**53 else None


def _number(raw: RawRows, faults: list[Fault]) -> None:
    for table in TABLES:
        if "id" not in table.columns:
            continue
        rows = raw.rows[table.name]
        given = {_integer(row.get("id")) for row in rows} - {None}
        following = max((number for number in given if number is not None), default=0) + 1
        for row in rows:
            if row.get("id") is None:
                row["id"] = following
                following += 1


def _key(name: Any) -> str:
    return unicodedata.normalize("NFC", str(name)).strip().casefold()


def _look_up(raw: RawRows, faults: list[Fault]) -> None:
    by_name: dict[str, dict[str, list[Any]]] = {}
    for table, rows in raw.rows.items():
        ids = by_name.setdefault(table, {})
        for row in rows:
            if row.get("name") is not None:
                ids.setdefault(_key(row["name"]), []).append(row["id"])

    for table, references in _REFERENCES.items():
        for row, label in zip(raw.rows[table], raw.labels[table], strict=True):
            for name_field, (id_field, target) in references.items():
                name = row.pop(name_field, None)
                if row.get(id_field) is not None or name is None:
                    continue
                found = by_name[target].get(_key(name), [])
                noun = target.removesuffix("s")
                if len(found) == 1:
                    row[id_field] = found[0]
                elif found:
                    faults.append(
                        Fault(
                            table,
                            label,
                            name_field,
                            f"{len(found)} {target} are called {name!r}.",
                            f"Say which by {id_field}.",
                        )
                    )
                else:
                    faults.append(
                        Fault(
                            table,
                            label,
                            name_field,
                            f"There is no {noun} called {name!r}.",
                            f"Add it to {target}, or mend the spelling.",
                        )
                    )
                    # Not None: that would be reported once more, as missing.
                    row[id_field] = -1


def _sort_by_id(raw: RawRows) -> None:
    for table in TABLES:
        key = [column.name for column in table.primary_key.columns]
        rows, labels = raw.rows[table.name], raw.labels[table.name]
        order = sorted(
            range(len(rows)), key=lambda i: tuple(_integer(rows[i].get(name)) or 0 for name in key)
        )
        raw.rows[table.name] = [rows[i] for i in order]
        raw.labels[table.name] = [labels[i] for i in order]


def _add_paths(raw: RawRows) -> None:
    rows = raw.rows["ingredients"]
    ids = [_integer(row["id"]) or 0 for row in rows]
    position = {identifier: number for number, identifier in enumerate(ids)}
    parent = [
        position.get(_integer(row.get("parent_id")) or 0, -1)
        if row.get("parent_id") is not None
        else -1
        for row in rows
    ]
    cyclic = [False] * len(rows)
    for start in range(len(rows)):
        steps, node = 0, start
        while node >= 0 and steps <= len(rows):
            node, steps = parent[node], steps + 1
        cyclic[start] = node >= 0
    paths = ancestor_paths(ids, parent, cyclic)
    for row, path, bad in zip(rows, paths, cyclic, strict=True):
        # A path that was given is kept, for the check to compare.
        if row.get("path") is None:
            row["path"] = "/" if bad else path
