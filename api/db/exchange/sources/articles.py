"""Exports of notes and blogs: objects with a title and a text in HTML, such as Evernote's."""

import re
from collections.abc import Iterator
from typing import Any

from api.db.exchange.drafts import Collection, merged
from api.db.exchange.sources.columns import find_columns
from api.db.exchange.sources.prose import read_prose
from api.db.exchange.sources.web_text import page_text
from api.db.exchange.time_limit import check_time

_DEEPEST = 8
_HTML = re.compile(r"<(?:p|li|ul|ol|div|br|h[1-6]|table|en-note)\b[^>]*>", re.IGNORECASE)
_HEADING = re.compile(r"^(#{1,5} )", re.MULTILINE)


def read_articles(value: Any, name: str, program: str) -> Collection | None:
    """Return the recipes of a document's articles; None if none of them holds any.

    Raises
    ------
    ValueError
        If a tag is longer than a million characters.
    """
    found, others = [], 0
    for title, html in _articles(value, _DEEPEST):
        check_time()
        # The title is above all headings of the text.
        body = _HEADING.sub(r"#\1", page_text(html))
        collection = read_prose(f"# {title}\n\n{body}", name, f"{program}, articles")
        if collection is None:
            others += 1
            continue
        for recipe in collection.recipes:
            for row in (recipe, *(recipe.lines or ())):
                row.where = f"{title}, {row.where}"
        found.append(collection)
    if not found:
        return None
    whole = merged(found)
    if others:
        whole.notes.append(f"{name}: {others} articles hold no recipes.")
    return whole


def _articles(value: Any, depth: int) -> Iterator[tuple[str, str]]:
    if isinstance(value, list) and depth:
        for one in value:
            yield from _articles(one, depth - 1)
    elif isinstance(value, dict) and depth:
        column = find_columns(value, ["recipe"]).get("recipe")
        title = value.get(column or "")
        if isinstance(title, dict):  # WordPress's API: {"rendered": "Negroni"}
            title = title.get("rendered")
        texts = [one.get("rendered") if isinstance(one, dict) else one for one in value.values()]
        html = next((one for one in texts if isinstance(one, str) and _HTML.search(one)), None)
        if isinstance(title, str) and title.strip() and html is not None:
            yield " ".join(title.split()), html
        else:
            for one in value.values():
                yield from _articles(one, depth - 1)
