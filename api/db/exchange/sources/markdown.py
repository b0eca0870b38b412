"""Markdown in parts: front matter, tables, and lines with their marks read."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from api.db.exchange.sources.columns import find_columns
from api.db.exchange.sources.content import is_measured_line
from api.db.exchange.sources.tables import TableRows
from api.db.exchange.sources.values import read_yaml
from api.db.exchange.time_limit import check_time

_HEADING = re.compile(r"(#{1,6})\s+(.*?)\s*#*$")
#: Wikipedia's and AsciiDoc's.
_EQUALS = re.compile(r"(={1,6})\s+(\S.*?)\s*=*$")
#: Of Org mode, whose lists have other bullets.
_STARS = re.compile(r"(\*{1,6})\s+(\S.*)$")
#: A line of Obsidian's tags.
_TAGS = re.compile(r"#[^\W\d][\w/-]*(?:[\s,]+#[^\W\d][\w/-]*)*")
_UNDERLINE = re.compile(r"(=|-|~|\*)\1{2,}")
#: Of boxes, and of dashes apart.
_RULE = re.compile(r"\+[-=+]{3,}|_{3,}|([-*])(?:\s+\1){2,}")
_BULLET = re.compile(r"(?:[-*+\u2022\u2023\u25aa\u25cf\u2013]|\[[ xX]?\])\s+(?:\[[ xX]?\]\s+)?")
_NUMBER = re.compile(r"\d{1,2}[.)]\s+")
_BOLD = re.compile(r"(\*\*|__)([^*_]+)\1:?")
_MARKS = re.compile(r"\*\*|__|`|'{2,5}|(?<!\w)[*_]|[*_](?!\w)|!?\[([^][]*)\]\([^()]*\)")
#: 'method: stir' above a rule between recipes is no heading.
_LABELED = re.compile(r"[^\W\d][^:]{1,24}:\s")
_REMARK = re.compile(r"([*_])[^*_]+\1|\([^()]+\)|''[^']+''")
#: The level of a line in bold, below every heading.
BOLD = 7
#: Obsidian's and Wikipedia's links: the page's name says more than the word in the text.
_WIKI_LINK = re.compile(r"\[\[([^\][|#]+)(?:#[^\][|]*)?(?:\|[^\][]*)?\]\]")
#: The rules that Meal-Master draws around its recipes.
_MEAL_MASTER = re.compile(r"^M{5}.*", re.MULTILINE)
_BARRED_RULE = re.compile(r"^\s*\|\s*:?-{3,}:?\s*\|", re.MULTILINE)
_TABLE_RULE = re.compile(r"\|?\s*:?-{2,}:?\s*(\|\s*:?-+:?\s*)*\|?")


#: By how much the length of a title's rule may differ.
_NEARLY = 3
#: No line of a recipe is longer; to read marks takes time that grows with the square.
_LONGEST_LINE = 2_000


@dataclass
class Line:
    """A line: its text, the level of a heading (0 for none), and how it is marked.

    ``indent`` counts the spaces before it; ``mark`` is the bullet's. A line in italics or in
    parentheses is a remark.
    """

    number: int
    text: str
    level: int = 0
    bullet: bool = False
    numbered: bool = False
    indent: int = 0
    mark: str = ""
    italic: bool = False


def front_matter(text: str) -> tuple[dict[str, Any], str]:
    """Return the YAML between two rules at the beginning of a text, and the rest."""
    match = re.match(r"\s*---[ \t]*\n(.*?)\n---[ \t]*\n", text, re.DOTALL)
    if match is None:
        return {}, text
    try:
        found = read_yaml(match[1])
    except ValueError:
        return {}, text
    return (found, text[match.end() :]) if isinstance(found, dict) else ({}, text)


def is_matter_with_text(text: str) -> bool:
    """Return whether a text follows the front matter, and no second document of YAML."""
    matter, body = front_matter(text)
    return bool(matter and body.strip()) and not re.match(r"\s*[\w -]+:\s", body)


def _cells(line: str) -> list[str]:
    # A cell's lines are apart by HTML's mark.
    cells = line.strip().strip("|").split("|")
    return [re.sub(r"\s*<br\s*/?>\s*", "; ", cell.strip(), flags=re.I) for cell in cells]


def tables_of(text: str) -> Iterator[TableRows]:
    """Yield the tables of a text: lines of cells between bars."""
    table: TableRows | None = None
    for number, line in enumerate(text.splitlines(), 1):
        check_time()
        if line.count("|") < 1 or not line.strip():
            if table is not None:
                yield table
            table = None
        elif table is None:
            table = TableRows([_MARKS.sub(r"\1", cell) for cell in _cells(line)])
        elif not _TABLE_RULE.fullmatch(line.strip()):
            cells = [_MARKS.sub(r"\1", cell) for cell in _cells(line)]
            table.rows.append((f"line {number}", dict(zip(table.header, cells, strict=False))))
    if table is not None:
        yield table


def has_tables(text: str) -> bool:
    """Return whether a text has a table's rule between bars: ``|---|---|``."""
    return _BARRED_RULE.search(text) is not None


def lines_of(text: str) -> Iterator[Line]:
    """Yield the lines of a text, its marks read; a row of a table is one, too."""
    raw = _WIKI_LINK.sub(r"\1", _MEAL_MASTER.sub("", text)).splitlines()
    stars = re.search(r"^\*{2,6}\s", text, re.MULTILINE) and re.search(
        r"^\s*[-+]\s", text, re.MULTILINE
    )
    #: In a wiki's text, '#' begins a numbered line.
    wiki = re.search(r"^={2,6}[^=\n]+={2,6}\s*$", text, re.MULTILINE) is not None
    header: list[str] = []
    for position, written in enumerate(raw):
        check_time()
        number, line = position + 1, written.strip()[:_LONGEST_LINE]
        line = _without_picture(line)
        if "|" in line and line.count("|") > 1:
            if _TABLE_RULE.fullmatch(line):
                continue
            # A table below a title: its rows are lines.
            cells = _cells(line)
            above = raw[position - 1].strip() if position else ""
            if len(cells) == 1 and _RULE.fullmatch(above):
                yield Line(number, _plain(cells[0]))  # in a box
                continue
            columns = find_columns(header, ("ingredient", "measure", "amount", "unit"))
            if not header and "ingredient" in find_columns(cells, ("ingredient",)):
                header = cells
                continue
            named = dict(zip(header, cells, strict=False))
            order = [columns[one] for one in ("amount", "measure", "unit", "ingredient")
                     if one in columns] or header  # fmt: skip
            shown = " ".join(named.get(one, "") for one in order) if header else " ".join(cells)
            yield Line(number, _plain(shown), bullet=True)
            continue
        header = []
        following = raw[position + 1].strip() if position + 1 < len(raw) else ""
        if _UNDERLINE.fullmatch(line) or _RULE.fullmatch(line):
            yield Line(number, "")  # a rule separates paragraphs, too
            continue
        tag = _TAGS.fullmatch(line)
        if tag and " " not in line and is_measured_line(_BULLET.sub("", following)):
            yield Line(number, line[1:])  # '#Negroni', just above the ingredients
        elif tag:
            yield Line(
                number, f"Tags: {', '.join(line.replace('#', ' ').replace(',', ' ').split())}"
            )
        elif wiki and (match := _HEADING.match(line)):
            yield Line(number, _plain(match[2]), numbered=True)
        elif match := (
            _HEADING.match(line)
            or _EQUALS.match(line)
            or (_STARS.match(written) if stars else None)
        ):
            yield Line(number, _plain(match[2]), level=len(match[1]))
        elif (
            line
            and _UNDERLINE.fullmatch(following)
            and not (_BULLET.match(line) or _LABELED.match(line))
            and _is_underlined(raw, position)
        ):
            yield Line(number, _plain(line), level=1 if following[0] == "=" else 2)
        elif match := _BOLD.fullmatch(line):
            yield Line(number, _plain(match[2]), level=BOLD)
        elif match := _BULLET.match(line):
            indent = len(written.expandtabs()) - len(written.expandtabs().lstrip())
            yield Line(number, _plain(line[match.end() :]), 0, True, False, indent, line[0])
        elif (match := _NUMBER.match(line)) and not is_measured_line(line):
            yield Line(number, _plain(line[match.end() :]), numbered=True)
        else:
            yield Line(number, _plain(line), italic=_REMARK.fullmatch(line) is not None)


def _without_picture(line: str) -> str:
    """Return a line without the picture that some people take as a bullet."""
    mark = re.match(r"[^\w\s]{1,3}\s+(?=\S)", line)
    if mark is None or not any(unicodedata.category(one) == "So" for one in mark[0]):
        return line
    rest = line[mark.end() :]
    return f"- {rest}" if is_measured_line(rest) else rest


def _is_underlined(raw: list[str], position: int) -> bool:
    """Return whether a rule below a line makes it a heading; below a paragraph it separates."""
    line, rule = raw[position].strip(), raw[position + 1].strip()
    first = position == 0 or not raw[position - 1].strip()
    return not line.endswith(".") and (first or abs(len(line) - len(rule)) < _NEARLY)


def _plain(text: str) -> str:
    return " ".join(_MARKS.sub(lambda match: match[1] or "", text).split())
