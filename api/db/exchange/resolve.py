"""From a collection in our own form to a dataset: ids for names, paths, every check."""

from collections.abc import Mapping
from typing import Any

from api.db.check import check_dataset
from api.db.dataset import build_dataset
from api.db.errors import DatasetError, Fault
from api.db.exchange.drafts import REFERENCES, Collection, Row
from api.db.frames import TABLES, Dataset
from api.db.search_names import same_name
from api.db.tree import ancestor_paths

_Rows = dict[str, list[dict[str, Any]]]
_Labels = dict[str, list[str]]


def to_dataset(collection: Collection) -> tuple[Dataset | None, list[Fault]]:
    """Number the rows that have no id, look up names, compute paths, check everything.

    Returns
    -------
    dataset
        None if there are errors that leave no dataset.
    faults
        All faults, warnings included.
    """
    faults = list(collection.faults)
    rows: _Rows = {table.name: [] for table in TABLES}
    labels: _Labels = {table.name: [] for table in TABLES}

    def add(table: str, row: Row, extra: Mapping[str, Any]) -> dict[str, Any]:
        fields = {**row.fields, **extra}
        rows[table].append(fields)
        labels[table].append(row.where)
        return fields

    for unit in collection.units:
        add("units", unit, {})
    for ingredient in collection.ingredients:
        add("ingredients", ingredient, {})
    for tag in collection.tags:
        add("tags", tag, {})
    recipes = [add("recipes", recipe, {}) for recipe in collection.recipes]
    _number(rows["recipes"])
    known_tags = {same_name(row.text("name")) for row in collection.tags}
    for recipe, fields in zip(collection.recipes, recipes, strict=True):
        for line in recipe.lines or ():
            add("recipe_ingredients", line, {"recipe_id": fields["id"]})
        for rating in recipe.ratings:
            add("ratings", rating, {"recipe_id": fields["id"]})
        for name in dict.fromkeys(tag.strip() for tag in recipe.tags or ()):
            if name and same_name(name) not in known_tags:
                known_tags.add(same_name(name))
                add("tags", Row(recipe.where, {"name": name}), {})
        tagged = {same_name(name): name for name in reversed(recipe.tags or ()) if name.strip()}
        for name in reversed(tagged.values()):
            add("recipe_tags", Row(recipe.where, {"recipe_id": fields["id"], "tag": name}), {})
    for table in TABLES:
        if "id" in table.columns:
            _number(rows[table.name])
    _look_up(rows, labels, faults)
    _sort_by_id(rows, labels)
    _add_paths(rows["ingredients"])
    try:
        dataset = build_dataset(rows, labels)
    except DatasetError as error:
        return None, faults + list(error.faults)
    if not any(fault.severity == "error" for fault in faults):
        faults += check_dataset(dataset, labels)
    return dataset, faults


def _integer(value: Any) -> int | None:
    try:
        number = float(value)
    except (OverflowError, TypeError, ValueError):
        return None
    return int(number) if number.is_integer() and abs(number) < 2**53 else None


def _number(rows: list[dict[str, Any]]) -> None:
    given = [number for row in rows if (number := _integer(row.get("id"))) is not None]
    following = max(given, default=0) + 1
    for row in rows:
        if row.get("id") is None:
            row["id"] = following
            following += 1


def _look_up(rows: _Rows, labels: _Labels, faults: list[Fault]) -> None:
    by_name: dict[str, dict[str, list[Any]]] = {}
    for table, found in rows.items():
        ids = by_name.setdefault(table, {})
        for row in found:
            if row.get("name") is not None:
                ids.setdefault(same_name(row["name"]), []).append(row["id"])

    for table, references in REFERENCES.items():
        for row, label in zip(rows[table], labels[table], strict=True):
            for name_field, (id_field, target) in references.items():
                name = row.pop(name_field, None)
                if row.get(id_field) is not None or name is None:
                    continue
                matches = by_name[target].get(same_name(name), [])
                if len(matches) == 1:
                    row[id_field] = matches[0]
                    continue
                noun = target.removesuffix("s")
                message = f"There is no {noun} named {name!r}."
                remedy = f"Add it to {target}, or correct the spelling."
                if matches:
                    message = f"{len(matches)} {target} have the name {name!r}."
                    remedy = f"Set {id_field} instead."
                else:
                    # Not None: that would be reported once more, as missing.
                    row[id_field] = -1
                faults.append(Fault(table, label, name_field, message, remedy))


def _sort_by_id(rows: _Rows, labels: _Labels) -> None:
    for table in TABLES:
        key = [column.name for column in table.primary_key.columns]
        found, names = rows[table.name], labels[table.name]
        order = sorted(
            range(len(found)),
            key=lambda i: tuple(_integer(found[i].get(name)) or 0 for name in key),
        )
        rows[table.name] = [found[i] for i in order]
        labels[table.name] = [names[i] for i in order]


def _add_paths(rows: list[dict[str, Any]]) -> None:
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
