"""schema.org/Recipe as JSON-LD: a file, or a saved web page that holds it."""

import re
from collections.abc import Iterator
from html import unescape
from typing import Any

from api.db.exchange.drafts import Collection, RecipeRow, Row
from api.db.exchange.sources.json_text import parse_json
from api.db.exchange.time_limit import check_time

_DEEPEST = 6
_SCRIPT = re.compile(r"<script\b", re.IGNORECASE)
_SCRIPT_END = re.compile(r"</script\b", re.IGNORECASE)
_LONGEST_TAG = 1_000


def read_page(text: str, name: str) -> Collection | None:
    """Return the recipes of a web page; None if it holds none."""
    recipes: list[dict[str, Any]] = []
    notes = []
    for script in _scripts(text):
        try:
            recipes += _recipes(parse_json(script.strip().rstrip(";")), _DEEPEST)
        except ValueError as error:
            notes.append(f"{name}: ignored a block of JSON-LD: {error}.")
    return _collection(recipes, "schema.org recipe in a web page", notes) if recipes else None


def read_linked_data(value: Any) -> Collection | None:
    """Return the recipes of a parsed JSON-LD document; None if it holds none."""
    recipes = list(_recipes(value, _DEEPEST))
    return _collection(recipes, "schema.org recipe (JSON-LD)", []) if recipes else None


def _scripts(text: str) -> Iterator[str]:
    """Yield the scripts of type application/ld+json; a page need not be well formed otherwise."""
    end = 0
    while (tag := _SCRIPT.search(text, end)) is not None:
        check_time()
        end = text.find(">", tag.end()) + 1
        if end == 0:
            return
        if "ld+json" in text[tag.end() : min(end, tag.end() + _LONGEST_TAG)].casefold():
            start = end
            closed = _SCRIPT_END.search(text, start)
            end = len(text) if closed is None else closed.start()
            yield text[start:end]


def _recipes(value: Any, depth: int) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        kinds = value.get("@type")
        kinds = kinds if isinstance(kinds, list) else [kinds]
        if any(str(kind).rpartition("/")[2] == "Recipe" for kind in kinds):
            yield value
        elif depth:
            for below in value.values():
                yield from _recipes(below, depth - 1)
    elif isinstance(value, list) and depth:
        for below in value:
            yield from _recipes(below, depth - 1)


def _collection(recipes: list[dict[str, Any]], shape: str, notes: list[str]) -> Collection:
    collection = Collection(shape, notes=notes)
    for number, recipe in enumerate(recipes):
        where = f"recipe {number + 1}"
        lines = recipe.get("recipeIngredient") or recipe.get("ingredients") or []
        lines = lines if isinstance(lines, list) else [lines]
        collection.recipes.append(
            RecipeRow(
                where,
                {
                    "name": _text(recipe.get("name") or recipe.get("headline")),
                    "description": _text(recipe.get("description")),
                    "instructions": _steps(recipe.get("recipeInstructions")),
                    "image_url": _address(recipe.get("image")),
                    "source": _text(recipe.get("author")) or _text(recipe.get("publisher")),
                    "source_url": _address(recipe.get("url") or recipe.get("mainEntityOfPage")),
                },
                lines=[
                    Row(f"{where}, ingredient {n}", {"line": _text(line)})
                    for n, line in enumerate(lines, 1)
                    if _text(line)
                ],
                tags=[
                    *_keywords(recipe.get("keywords")),
                    *_keywords(recipe.get("recipeCategory")),
                ],
            )
        )
    return collection


def _text(value: Any) -> str | None:
    if isinstance(value, list):
        return next((text for one in value if (text := _text(one))), None)
    if isinstance(value, dict):
        return _text(value.get("name") or value.get("text") or value.get("@value"))
    return unescape(str(value)).strip() or None if isinstance(value, (str, int, float)) else None


def _address(value: Any) -> str | None:
    if isinstance(value, list):
        value = value[0] if value else None
    if isinstance(value, dict):
        value = value.get("url") or value.get("@id") or value.get("contentUrl")
    return value if isinstance(value, str) else None


def _steps(value: Any) -> str | None:
    if isinstance(value, list):
        return "\n".join(step for one in value if (step := _steps(one))) or None
    if isinstance(value, dict):
        return _steps(value.get("itemListElement")) or _text(value.get("text") or value.get("name"))
    return _text(value)


def _keywords(value: Any) -> list[str]:
    names = value.split(",") if isinstance(value, str) else value
    if not isinstance(names, list):
        return []
    return [text for one in names if (text := _text(one))]
