"""Recipes in plain text and Markdown: a title, lines with amounts, and what to do.

A recipe begins at a title: a heading, or the line before the ingredients. Its ingredients are
lines with an amount, whatever stands under a heading such as *Ingredients*, or the rows of a
table. ``Glass: Coupe`` sets a field; all that follows the ingredients is instructions.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from api.db.exchange.drafts import Collection, RecipeRow, Row
from api.db.exchange.sources.columns import LINES, find_columns, key_of
from api.db.exchange.sources.content import (
    counted_last,
    is_ingredient,
    is_line,
    is_measured_line,
    share,
)
from api.db.exchange.sources.labels import (
    FIELDS,
    field_of,
    is_equal_parts,
    is_part,
    is_step,
    plain_title,
    section_of,
    seems_measured,
    seems_step,
)
from api.db.exchange.sources.markdown import Line, front_matter, lines_of, tables_of
from api.db.exchange.sources.object_shapes import is_recipe_by_name
from api.db.exchange.sources.objects import lines_key, read_objects
from api.db.exchange.sources.table_recipes import read_table, split_cell
from api.db.exchange.sources.text import stem_of
from api.db.exchange.sources.titles import (
    find_titles,
    is_heading,
    joined_pairs,
    lines_in,
    lines_of_sentence,
)

_ONE_LINE = re.compile(r"(.{2,60}?)\s*(?::|\s[-\u2013\u2014])\s+(.*)")
#: '0.75 Simple', between lines that are surely ingredients.
_NUMBERED_NAME = re.compile(r"\d+(?:[.,/]\d+)?\s+[^\W\d]\D{1,40}(?<!\.)")
_IN_BRACKETS = re.compile(r"([^(]{2,60}?)\s*\(([^()]*)\)\.?")
_MOST = 0.5
_LONGEST_NAME = 5


@dataclass
class _Recipe:
    row: RecipeRow
    level: int
    said: list[str] = field(default_factory=list)
    about: list[str] = field(default_factory=list)


def read_prose(text: str, name: str, program: str = "text") -> Collection | None:
    """Return the recipes of a text; None if it holds none.

    Parameters
    ----------
    name
        The file's name, for a recipe without a title and for notes.
    program
        What the shape is called in the report: text, web page.
    """
    matter, text = front_matter(text)
    tables = list(tables_of(text))
    for table in tables:
        found = read_table(table, name, f"{program} with a table")
        if found is not None and found.recipes:
            return found
    if lines_key(matter) is not None:
        # The front matter says all but the instructions.
        fields = {"instructions": text.strip() or None}
        if not find_columns(matter, ["recipe"]):
            fields["name"] = stem_of(name)
        return read_objects({**fields, **matter}, name, f"{program} with front matter")
    lines = joined_pairs(list(lines_of(_unquoted(text))))
    collection = Collection(f"{program}, titles with ingredients below them")
    if one_line := list(_one_line_recipes(lines)):
        collection.recipes = one_line
        return collection
    reader = _Reader(lines, matter, name)
    found_recipes = reader.read()
    collection.notes += reader.doubts
    collection.recipes = [_finished(one) for one in found_recipes if _has_ingredients(one)]
    return collection if collection.recipes else None


def _unquoted(text: str) -> str:
    """Return an answer's text without the marks of what it quotes."""
    filled = [line for line in text.splitlines() if line.strip()]
    if 2 * sum(line.startswith(">") for line in filled) <= len(filled):
        return text
    return re.sub(r"^>+ ?", "", text, flags=re.MULTILINE)


def _one_line_recipes(lines: list[Line]) -> Iterator[RecipeRow]:
    """Yield recipes of one line each: ``Negroni: 1 oz gin, 1 oz Campari``."""
    filled = [line for line in lines if line.text]
    found = []
    for line in filled:
        match = _ONE_LINE.fullmatch(line.text) or _IN_BRACKETS.fullmatch(line.text)
        listed, step = _without_step(match[2]) if match else ("", None)
        parts = split_cell(listed)
        if match is None or len(parts) < 2 or not is_recipe_by_name(parts):
            continue
        if key_of(match[1]) in LINES:
            continue
        rows = [Row(f"line {line.number}", {"line": part}) for part in parts]
        fields = {"name": plain_title(match[1])} | ({"instructions": step} if step else {})
        found.append(RecipeRow(f"line {line.number}", fields, lines=rows))
    if 2 * len(found) > len(filled):
        yield from found


def _without_step(text: str) -> tuple[str, str | None]:
    """Return the ingredients of a line, and the steps after them: '1 oz gin, 1 lime. Shake.'"""
    match = re.match(r"(.+?)\.\s+(?=[^\W\d_])(.+)", text)
    return (match[1], match[2]) if match and is_step(match[2]) else (text, None)


class _Reader:
    """Reads lines one by one, knowing in which section of which recipe it is."""

    def __init__(self, lines: list[Line], matter: dict[str, Any], name: str) -> None:
        self._lines, self._matter, self._file = lines, matter, name
        self._titles = find_titles(lines)
        self._recipes: list[_Recipe] = []
        #: The title that waits for ingredients, and what was said since.
        self._title: Line | None = None
        self._waiting: list[Line] = []
        #: A heading above the one that named the recipe.
        self._passed: Line | None = None
        self._fields: dict[str, Any] = {}
        self._section = ""
        self._inside = False
        #: Whether every ingredient is one part.
        self._equal = False
        #: The number of the last line with an ingredient.
        self._last = -1

    @property
    def doubts(self) -> list[str]:
        """What people should look at."""
        return self._titles.doubts

    def read(self) -> list[_Recipe]:
        for position, line in enumerate(self._lines):
            self._take(line, position)
        self._rest()
        if len(self._recipes) == 1 and self._passed is not None:
            name = self._recipes[0].row.fields["name"]
            self._titles.doubts.append(
                f"line {self._passed.number}: {self._passed.text!r} was not taken as the title, "
                f"but {name!r} below it."
            )
        if len(self._recipes) == 1:
            for meaning, key in find_columns(self._matter, FIELDS).items():
                self._set(self._recipes[0], meaning, self._matter[key])
        return self._recipes

    def _take(self, line: Line, position: int) -> None:
        if not line.text:
            return
        if (section := section_of(line)) is not None:
            self._section = section
            return
        if is_heading(line):
            self._begin(replace(line, text=plain_title(line.text)))
        elif position in self._titles.names:
            self._begin(Line(line.number, self._titles.names[position]))
        elif line.level:
            self._waiting.append(line)
        elif self._inside and is_part(line.text) and not is_measured_line(line.text):
            self._section = ""
        elif (named := field_of(line)) is not None and named[0] == "lines":
            self._say(line, *named)
        elif position in self._titles.starts or self._is_ingredient(line):
            self._add_all(line)
        elif (named := field_of(line)) is not None:
            self._say(line, *named)
        elif self._is_title(line, position):
            self._begin(line)
        else:
            self._waiting.append(line)

    def _is_ingredient(self, line: Line) -> bool:
        if self._section == "instructions":
            return False
        if self._section == "ingredients":
            if field_of(line) is not None and not is_measured_line(line.text):
                return False
            return line.bullet or not line.text.endswith(".") or is_measured_line(line.text)
        if line.numbered:
            return False
        after_steps = self._inside and any(seems_step(one.text) for one in self._waiting)
        several = field_of(line) is None and len(lines_in(line.text)) > 1
        if several or is_measured_line(line.text):
            return not (after_steps and line.text.endswith("."))
        if self._last == line.number - 1 and _NUMBERED_NAME.fullmatch(line.text):
            return True
        # 'Shake with crushed ice.' is a step, whatever it names, and so is 'Stir / rocks'.
        step = line.text.endswith(".") or " / " in line.text
        named = line.bullet or (self._inside and not (step or after_steps))
        return named and (is_ingredient(line.text) or counted_last(line.text) is not None)

    def _is_title(self, line: Line, position: int) -> bool:
        """Return whether a list's entry has ingredients below it: '- Negroni', '  - 30 ml gin'."""
        if not line.bullet or line.italic or re.fullmatch(r".+:\s.+", line.text):
            return False
        if line.text.endswith((".", ",", ";")) or is_step(line.text):
            return False
        below = next((one for one in self._lines[position + 1 :] if one.text), line)
        inner = below.indent > line.indent or below.mark != line.mark
        return inner and not below.level and is_measured_line(below.text)

    def _begin(self, title: Line) -> None:
        if is_part(title.text) and (self._inside or self._title is not None):
            self._section = ""  # a part of the recipe that the title above names
            return
        if self._recipes and self._inside and 0 < self._recipes[-1].level < title.level:
            # 'For the syrup' below a recipe is no other recipe.
            self._waiting.append(title)
            self._section = ""
            return
        self._rest()
        if self._title is not None and title.level > self._title.level and not self._inside:
            self._passed = self._passed or self._title
        self._title, self._section, self._inside = title, "", False

    def _say(self, line: Line, meaning: str, value: str) -> None:
        if meaning == "recipe":
            self._begin(Line(line.number, value, level=line.level))
        elif meaning == "lines":
            for part in split_cell(value):
                self._add(Line(line.number, part))
        elif meaning == "instructions":
            self._section = "instructions"
            self._waiting.append(Line(line.number, value))
        elif self._inside:
            self._set(self._recipes[-1], meaning, value)
        else:
            self._fields[meaning] = value

    def _add_all(self, line: Line) -> None:
        """Add the ingredients of a line: one, several, or those of a sentence."""
        if is_step(line.text) and not is_measured_line(line.text):
            for part in lines_of_sentence(line.text):
                self._add(replace(line, text=part))
            self._waiting.append(line)
            return
        for part in lines_in(line.text):
            self._add(replace(line, text=part))

    def _add(self, line: Line) -> None:
        if not self._inside:
            title = self._title
            if title is None:
                first = next((one for one in self._waiting if _may_name(one)), None)
                title = first or Line(
                    line.number, str(self._matter.get("title") or stem_of(self._file))
                )
                self._waiting = [one for one in self._waiting if one is not first]
            fields = {"name": plain_title(title.text)}
            made = _Recipe(RecipeRow(f"line {title.number}", fields, lines=[]), title.level)
            made.about = [one.text for one in self._waiting]
            self._titles.doubts += [
                f"line {one.number}: {one.text!r} was not read: correct its amount."
                for one in self._waiting if seems_measured(one.text)
            ]  # fmt: skip
            self._equal = any(is_equal_parts(one) for one in made.about)
            self._recipes.append(made)
            for meaning, value in self._fields.items():
                self._set(made, meaning, value)
            self._waiting, self._fields, self._title, self._inside = [], {}, None, True
        elif self._is_within(line):
            # Names that nobody knows, between ingredients.
            lines, self._waiting = self._waiting, []
            for one in lines:
                self._add(one)
        elif self._waiting:
            self._recipes[-1].said += [one.text for one in self._waiting]
            self._waiting = []
        self._last = line.number
        rows = self._recipes[-1].row.lines
        if rows is not None:
            parts = self._equal and not is_measured_line(line.text)
            text = f"1 part {line.text}" if parts else line.text
            rows.append(Row(f"line {line.number}", {"line": text}))

    def _is_within(self, line: Line) -> bool:
        """Return whether the lines that wait are short names between two lines of ingredients."""
        numbers = [self._last, *(one.number for one in self._waiting), line.number]
        near = all(after - before == 1 for before, after in pairwise(numbers))
        return near and all(map(_may_be_name, self._waiting))

    def _rest(self) -> None:
        if self._inside:
            self._recipes[-1].said += [one.text for one in self._waiting]
            first = self._waiting[0] if self._waiting else None
            if first is not None and first.number == self._last + 1 and _may_be_name(first):
                self._titles.doubts.append(
                    f"line {first.number}: {first.text!r}, below the ingredients, was read as a "
                    f"step."
                )
        self._waiting, self._fields = [], {}

    @staticmethod
    def _set(recipe: _Recipe, meaning: str, value: Any) -> None:
        if meaning in ("tags", "category"):
            names = value if isinstance(value, list) else str(value).split(",")
            tags = [str(name).strip() for name in names if str(name).strip()]
            recipe.row.tags = [*(recipe.row.tags or []), *tags]
        elif meaning == "recipe":
            recipe.row.fields["name"] = str(value)
        else:
            recipe.row.fields.setdefault(meaning, str(value))


def _may_be_name(line: Line) -> bool:
    """Return whether a line may be an ingredient that nobody knows."""
    return not (
        line.text.endswith((".", ":", ",", ";")) or is_step(line.text) or line.numbered
        or line.level or len(line.text.split()) > _LONGEST_NAME
    )  # fmt: skip


def _may_name(line: Line) -> bool:
    """Return whether a line may be a title: 'rating:: 5' is a field that is not known."""
    return not line.bullet and "::" not in line.text


def _has_ingredients(recipe: _Recipe) -> bool:
    """Return whether a recipe's lines are some: a manual has lists and labels, too."""
    lines = [str(line.fields["line"]) for line in recipe.row.lines or ()]
    return share(lines, is_line) >= _MOST


def _finished(recipe: _Recipe) -> RecipeRow:
    row = recipe.row
    if recipe.said:
        row.fields["instructions"] = "\n".join(recipe.said)
    if recipe.about:
        row.fields.setdefault("description", "\n".join(recipe.about))
    return row
