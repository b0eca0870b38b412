"""The mapping file: which ingredient a name of a source means, for people to correct.

::

    ingredients:
      Light rum: White Rum                # an ingredient of the database or of the shipped tree
      House blend: {name: House Rum, parent: Rum}
      Ice: null                           # leave its lines out
    measures:
      1 fifth: 750 ml
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from api.db.errors import DatabaseError
from api.db.exchange.report import PlacedName
from api.db.search_names import same_name

_HEADER = """\
# How `cocktaildb import` reads the ingredients of a source. Correct what is wrong and run the
# import again with --mapping and this file:
#   Name as written: Ingredient
#   Name as written: {name: New ingredient, parent: Its kind}
#   Name as written: null        (its lines are left out)
"""


@dataclass(frozen=True)
class Target:
    """What a name means: an ingredient, and its kind if it is new."""

    name: str
    parent: str | None = None


@dataclass
class Mapping:
    """What people decided about names and measures; keys as :func:`same_name` returns them."""

    ingredients: dict[str, Target | None] = field(default_factory=dict)
    measures: dict[str, str] = field(default_factory=dict)


def read_mapping(path: Path) -> Mapping:
    """Read a mapping file.

    Raises
    ------
    DatabaseError
        If the file is not such a mapping; names the entry.
    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise DatabaseError(f"{path} is not a mapping file: {error}") from error
    if not isinstance(document, dict) or not set(document) <= {"ingredients", "measures"}:
        raise DatabaseError(f"{path}: use the keys ingredients and measures, and no others.")
    mapping = Mapping()
    for written, value in _entries(document, "ingredients", path):
        mapping.ingredients[same_name(written)] = _target(written, value, path)
    for written, value in _entries(document, "measures", path):
        if not isinstance(value, (str, int, float)):
            raise DatabaseError(f"{path}, measures, {written}: write a measure such as 30 ml.")
        mapping.measures[same_name(written)] = str(value)
    return mapping


def _entries(document: dict[str, Any], key: str, path: Path) -> Iterable[tuple[Any, Any]]:
    entries = document.get(key) or {}
    if not isinstance(entries, dict):
        raise DatabaseError(f"{path}, {key}: write a line 'name: meaning' for each name.")
    return entries.items()


def _target(written: object, value: Any, path: Path) -> Target | None:
    if value is None:
        return None
    if isinstance(value, str):
        return Target(value)
    if isinstance(value, dict) and isinstance(value.get("name"), str):
        parent = value.get("parent")
        if set(value) <= {"name", "parent"} and (parent is None or isinstance(parent, str)):
            return Target(value["name"], parent)
    raise DatabaseError(
        f"{path}, ingredients, {written}: write an ingredient, {{name: ..., parent: ...}} or null."
    )


def write_mapping(path: Path, placed: Iterable[PlacedName]) -> None:
    """Write how names were read, those that need a look first."""
    doubtful = ("unsorted", "similar", "kind", "translated")
    order = sorted(placed, key=lambda one: (one.how not in doubtful, one.how, one.written))
    lines = [_HEADER, "ingredients:"]
    for one in order:
        entry = yaml.safe_dump(
            {one.written: one.ingredient}, allow_unicode=True, width=1000, default_flow_style=False
        ).strip()
        hint = f" (similar: {', '.join(one.suggestions)})" if one.suggestions else ""
        lines.append(f"  {entry}  # {one.how}, {one.lines} lines{hint}")
    if not order:
        lines[-1] = "ingredients: {}"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
