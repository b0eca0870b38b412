"""Texts of other programs, brought to what our columns hold.

One name or line that our rules forbid is no reason to refuse a whole collection: it is repaired
where that is safe, else left out, and the report says so.
"""

from collections.abc import Callable
from typing import Any

from api.db.exchange.drafts import RecipeRow, Row
from api.db.look_alikes import unmixed
from api.db.rules import (
    MAX_LINES,
    MAX_NAME,
    MAX_SHORT_NAME,
    MAX_SOURCE,
    MAX_TAGS,
    MAX_TEXT,
    MAX_URL,
    clean_url,
    text_rule,
    without_forbidden,
)

_LIMITS = {
    ("ingredients", "name"): MAX_NAME,
    ("recipes", "name"): MAX_NAME,
    ("recipes", "source"): MAX_SOURCE,
    ("tags", "name"): MAX_SHORT_NAME,
}

Note = Callable[[str], None]


def without_control_characters(recipe: RecipeRow) -> RecipeRow:
    """Return a recipe without characters that no text of ours may hold."""

    def cleaned(row: Row) -> dict[str, Any]:
        return {
            key: without_forbidden(value) if isinstance(value, str) else value
            for key, value in row.fields.items()
        }

    lines = None if recipe.lines is None else [Row(x.where, cleaned(x)) for x in recipe.lines]
    tags = None if recipe.tags is None else [without_forbidden(tag) for tag in recipe.tags]
    return RecipeRow(recipe.where, cleaned(recipe), lines, tags, recipe.ratings)


def storable(text: str, table: str, column: str, where: str, note: Note) -> str | None:
    """Return a text as a column can hold it; None if it cannot. A change is noted.

    Parameters
    ----------
    where
        What a note calls its row.
    """
    rule = text_rule(table, column)
    limit = _LIMITS.get((table, column), MAX_TEXT)
    one_line = limit < MAX_TEXT
    if one_line:
        text = " ".join(text.split())
    if rule is None or (reason := rule.objection(text)) is None:
        return text
    repaired = unmixed(text)
    if len(repaired) > limit:
        repaired = f"{repaired[: limit - 3].rstrip()}..."
    noun = table.removesuffix("s") if column == "name" else column
    said = f"{where}: {noun} {text[:40]!r}"
    if rule.objection(repaired) is None:
        note(f"{said} was changed to {repaired[:40]!r}: {reason}.")
        return repaired
    note(f"{said} was left out: {reason}.")
    return None


def storable_tags(tags: list[str], where: str, note: Note) -> list[str]:
    """Return the tags that can be held."""
    found = (storable(tag, "tags", "name", where, note) for tag in tags if tag.strip())
    kept = list(dict.fromkeys(tag for tag in found if tag is not None))
    if len(kept) > MAX_TAGS:
        note(f"{where}: only the first {MAX_TAGS} tags were kept.")
    return kept[:MAX_TAGS]


def storable_lines(lines: list[Row], where: str, note: Note) -> list[Row]:
    """Return the lines that one recipe can hold."""
    if len(lines) > MAX_LINES:
        note(f"{where}: only the first {MAX_LINES} of {len(lines)} ingredients were kept.")
    return lines[:MAX_LINES]


def storable_fields(
    fields: dict[str, Any], extras: dict[str, list[str]], where: str, note: Note
) -> dict[str, Any]:
    """Return a recipe's texts in our fields, with what has none among the instructions.

    Parameters
    ----------
    extras
        Glass, method and garnish.
    """
    said = [str(fields["instructions"]).strip()] if fields.get("instructions") else []
    said += [
        f"{label.capitalize()}: {'; '.join(dict.fromkeys(texts)).rstrip('.')}."
        for label, texts in extras.items()
    ]
    found = {**fields, **({"instructions": "\n".join(said)} if said else {})}
    for name in ("instructions", "description", "source"):
        if found.get(name) is not None:
            found[name] = storable(str(found[name]), "recipes", name, where, note)
    for name in ("image_url", "source_url"):
        if (address := found.get(name)) is not None:
            found[name] = web_address(str(address))
            if found[name] is None:
                note(f"{where}: {name} is no web address and was ignored.")
    return found


def web_address(text: str) -> str | None:
    """Return a web address that our columns hold; None for anything else."""
    try:
        address = clean_url(text)
    except ValueError:
        return None
    return address if address is None or len(address) <= MAX_URL else None
