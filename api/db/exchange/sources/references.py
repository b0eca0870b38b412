"""Documents whose lines name ingredients and units by id, as lists of them stand beside."""

import re
from collections.abc import Mapping
from typing import Any

from api.db.exchange.drafts import id_key
from api.db.exchange.sources.columns import find_columns, key_of
from api.db.exchange.time_limit import check_time

_DEEPEST = 12
_IDS = ("id", "_id", "uid", "uuid", "key", "slug")

#: What a list holds, such as ``ingredient``, -> id -> name.
_Names = Mapping[str, Mapping[str, str]]


def with_names_for_ids(document: Any) -> Any:
    """Return a document with the name beside each id of one of its own lists.

    Examples
    --------
    >>> with_names_for_ids({"units": [{"id": 1, "name": "oz"}], "lines": [{"unitId": 1}]})["lines"]
    [{'unitId': 1, 'unit': 'oz'}]
    """
    if not isinstance(document, dict):
        return document
    names = {}
    for key, value in document.items():
        if isinstance(value, dict):  # {"ingredients": {"1": {"name": "Gin"}}}
            value = [{"id": one, **row} for one, row in value.items() if isinstance(row, dict)]
        if isinstance(value, list) and (found := _names_of(value)):
            names[_stem(key)] = found
    return _named(document, names, _DEEPEST) if names else document


def _names_of(rows: list[Any]) -> dict[str, str]:
    found = {}
    for row in rows:
        check_time()
        if not isinstance(row, dict):
            return {}
        identifier = next((row[key] for key in _IDS if key in row), None)
        column = find_columns(row, ["ingredient"]).get("ingredient")
        name = row.get(column) if column is not None else None
        if isinstance(identifier, (str, int)) and isinstance(name, str):
            found[id_key(identifier)] = name
    return found


def _stem(key: object) -> str:
    return key_of(key).removesuffix("s")


def _named(value: Any, names: _Names, depth: int) -> Any:
    if not depth:
        return value
    if isinstance(value, list):
        return [_named(one, names, depth - 1) for one in value]
    if not isinstance(value, dict):
        return value
    made = {key: _named(one, names, depth - 1) for key, one in value.items()}
    present = {key_of(key) for key in value}
    for key, one in value.items():
        check_time()
        if isinstance(one, (str, int)) and not isinstance(one, bool):
            match = re.fullmatch(r"(.+?)(id|uid|uuid|key|ref|slug)", key_of(key))
            stem = match[1] if match else key_of(key)
            if stem in (*_IDS, "ref") and not find_columns(value, ["recipe", "ingredient"]):
                stem = "ingredient"  # of a line: {"ref": "gin", "ml": 60}
            name = names.get(stem, {}).get(id_key(one))
            if name is None:
                continue
            if match is None:
                made[key] = name
            elif stem not in present:
                made[stem] = name
    return made
