"""Which lines are the titles of recipes, in texts that mark none or only some of them.

Between the ingredients of two recipes are the first one's steps, the second one's title, and what
is said of it. The last paragraph that may hold a title holds it, and its first line that may be
one is the title: what comes between a title and its ingredients describes the drink. Steps,
fields, labels, servings, dates, ratings and addresses are none.
"""

import re
from collections import Counter
from dataclasses import dataclass, field, replace

from api.db.exchange.measures import parse_measure
from api.db.exchange.sources.content import is_amount, is_ingredient, is_line, is_measured_line
from api.db.exchange.sources.labels import (
    field_of,
    is_aside,
    is_credit,
    is_part,
    is_step,
    plain_title,
    section_of,
    seems_measured,
    seems_step,
)
from api.db.exchange.sources.markdown import BOLD, Line
from api.db.exchange.sources.table_recipes import split_cell
from api.db.exchange.time_limit import check_time

_LONGEST_TITLE = 10
_SHORT_WORD = 3
#: How many lines above its ingredients a title may stand.
_REACH = 60
_NUMBER = r"[\d.\u00bc-\u00be\u2150-\u215e]"
_AND = re.compile(rf"\s+(?:and|und|et|y|e|en|i|&)\s+(?={_NUMBER})", re.IGNORECASE)
#: What separates the ingredients of a sentence, and what follows the last.
_IN_SENTENCE = re.compile(
    rf"[,;]\s+|\.\s+|\s+(?:and|und|et|y|e|en|i|with|mit|avec|con|com|met|plus)\s+(?={_NUMBER})"
    r"|\s+(?:with|over|in|into|on|mit|auf|avec|sur|dans|con|com|su)\s+",
    re.IGNORECASE,
)


@dataclass
class Titles:
    """What :func:`find_titles` found.

    Attributes
    ----------
    names
        position of a line -> the title
    starts
        Positions of the first ingredients of recipes.
    doubts
        What people should look at.
    """

    names: dict[int, str] = field(default_factory=dict)
    starts: set[int] = field(default_factory=set)
    doubts: list[str] = field(default_factory=list)


@dataclass
class _Block:
    """What stands below a heading: the titles, and whether ingredients come before them."""

    heading: int | None
    titles: list[tuple[int, int]] = field(default_factory=list)
    bare: bool = False


def is_heading(line: Line) -> bool:
    """Return whether a line has a heading's mark; '**1 glass**' is none."""
    return bool(line.level) and not (line.level == BOLD and line.text[0].isdigit())


def lines_in(text: str) -> list[str]:
    """Return the ingredients of a line that holds several; the line if it holds one.

    Examples
    --------
    >>> lines_in("1 oz gin, 1 oz Campari and 1 oz sweet vermouth"), lines_in("2 oz gin, chilled")
    (['1 oz gin', '1 oz Campari', '1 oz sweet vermouth'], ['2 oz gin, chilled'])
    """
    if not re.search(r"[,;/|+]", text) and _AND.search(text) is None:
        return [text]
    parts = [part for cell in split_cell(text.rstrip(".")) for part in _AND.split(cell)]
    return parts if sum(map(is_measured_line, parts)) > 1 else [text]


def lines_of_sentence(text: str) -> list[str]:
    """Return the ingredients of 'Shake 2 oz gin with 1 oz lime juice'; none if one is not sure."""
    found = []
    for chunk in _IN_SENTENCE.split(text.rstrip(".")):
        words = chunk.split()
        while words and is_step(words[0]):
            words = words[1:]
        found.append(" ".join(words))
    kept = [part for part in found if is_measured_line(part) and is_line(part)]
    numbers = [len(re.findall(r"\d+", one)) for one in (text, " ".join(kept))]
    return kept if len(kept) > 1 and numbers[0] == numbers[1] else []


def joined_pairs(lines: list[Line]) -> list[Line]:
    """Return lines with an amount alone joined to the name above or below it.

    Examples
    --------
    >>> texts = ["Gimlet", "Gin", "2 oz", "Lime juice", "1 oz"]
    >>> [line.text for line in joined_pairs([Line(1, text) for text in texts])]
    ['Gimlet', '2 oz Gin', '1 oz Lime juice']
    """
    filled = [one for one, line in enumerate(lines) if line.text]
    found = list(lines)
    at = 0
    while at < len(filled):
        end = at
        while end < len(filled) and _is_bare(lines[filled[end]]):
            end += 2
        if end == at:
            at += 1
            continue
        after = filled[end - 1] if end - 1 < len(filled) else None
        below = after is not None and _may_be_name(lines[after])
        for amount in range(at, end, 2):
            name = amount + 1 if below else amount - 1
            if not 0 <= name < len(filled) or not _may_be_name(lines[filled[name]]):
                continue
            one = found[filled[name]]
            found[filled[name]] = replace(one, text=f"{lines[filled[amount]].text} {one.text}")
            found[filled[amount]] = replace(one, text="", number=lines[filled[amount]].number)
        at = end
    # An empty line would end a paragraph that is none.
    kept = zip(lines, found, strict=True)
    return [new for old, new in kept if new.text or not old.text]


def _is_bare(line: Line) -> bool:
    """Return whether a line is an amount with a unit and nothing else."""
    numbered = any(mark.isnumeric() for mark in line.text)  # 'Shake.' is no shake of salt
    return (
        numbered and not line.level and is_amount(line.text)
        and parse_measure(line.text).unit is not None
    )  # fmt: skip


def _may_be_name(line: Line) -> bool:
    return not line.level and is_ingredient(line.text) and not is_measured_line(line.text)


def _is_title_case(text: str) -> bool:
    """Return whether all words of a text but short ones have a capital."""
    words = re.findall(r"[^\W\d_]+", text)
    return all(word[0].isupper() for word in words if len(word) > _SHORT_WORD) and (
        words[:1] != [] and words[-1][0].isupper()
    )


def find_titles(lines: list[Line]) -> Titles:
    """Return the titles without a heading's mark, and what is not sure about them."""
    return _Finder(lines).find()


class _Finder:
    def __init__(self, lines: list[Line]) -> None:
        self._lines = lines
        self._found = Titles()
        self._counts = Counter(line.text.casefold() for line in lines if line.text)
        self._blocks = [_Block(None)]
        #: Positions since the last ingredient or heading.
        self._gap: list[int] = []
        self._inside = False
        self._section = ""

    def find(self) -> Titles:
        for position, line in enumerate(self._lines):
            check_time()
            if (section := section_of(line)) is not None:
                self._section = section
                self._gap.append(position)
            elif line.text and is_heading(line):
                self._gap, self._section = [], ""
                if not (is_part(line.text) and self._blocks[-1].heading is not None):
                    self._blocks.append(_Block(position))
                    self._inside = False
            elif line.text and self._starts(position):
                self._take(position)
            else:
                self._gap.append(position)
        for block in self._blocks:
            self._keep(block)
        return self._found

    def _take(self, position: int) -> None:
        block = self._blocks[-1]
        title = self._title(position)
        if title is not None:
            block.titles.append((title, position))
            self._section = ""
        elif not self._inside:
            block.bare = block.bare or not block.titles
            if block.heading is None and any(self._lines[one].text for one in self._gap):
                number = self._lines[position].number
                self._found.doubts.append(f"line {number}: no line above is surely a title.")
        elif self._is_break():
            number = self._lines[position].number
            self._found.doubts.append(
                f"line {number}: no title was found above; the line was added to the recipe before."
            )
        self._inside, self._gap = True, []

    def _is_break(self) -> bool:
        texts = [self._lines[one] for one in self._gap]
        said = [one for one in texts if one.text and not is_part(one.text)]
        apart = any(not one.text for one in texts) and any(section_of(one) is None for one in said)
        return apart or any(
            len(one.text.split()) > 1 and not one.text.endswith(".") and _is_title_case(one.text)
            for one in said
        )

    def _keep(self, block: _Block) -> None:
        """Keep a block's titles unless its heading is the title."""
        titles = block.titles
        if block.heading is not None and not block.bare and len(titles) == 1:
            others = any(one is not block and (one.bare or one.titles) for one in self._blocks)
            title, start = titles[0]
            near = all(self._lines[one].text for one in range(title, start))
            tight = self._lines[title].number == self._lines[block.heading].number + 1
            if others or not near or tight or self._lines[start].bullet:
                return
            heading = self._lines[block.heading]
            self._found.doubts.append(
                f"line {self._lines[title].number}: {self._lines[title].text!r} was taken as the "
                f"title, not {heading.text!r}."
            )
        for title, start in titles:
            self._found.names[title] = plain_title(self._lines[title].text)
            self._found.starts.add(start)

    def _starts(self, position: int) -> bool:
        """Return whether a line is surely an ingredient."""
        line = self._lines[position]
        if line.numbered:
            return False
        said = field_of(line)
        if said is not None and said[0] == "lines":
            return any(map(is_measured_line, lines_in(said[1])))
        measured = is_measured_line(line.text)
        several = not measured and field_of(line) is None and len(lines_in(line.text)) > 1
        if measured or several:
            if self._section == "instructions" and self._paragraph_title(position) is None:
                return False
            if not (self._inside and line.text.endswith(".") and self._is_after_steps()):
                return True
            return self._paragraph_title(position) == position - 1  # not 'Top with soda.'
        if self._section or not self._may_start(position):
            return False
        return self._paragraph_title(position) is not None

    def _is_after_steps(self) -> bool:
        return any(seems_step(self._lines[one].text) for one in self._gap[-_REACH:])

    def _may_start(self, position: int) -> bool:
        """Return whether a line without an amount of its own may be the first ingredient."""
        line, below = self._lines[position], self._next(position)
        if is_step(line.text):
            listed = below is not None and is_measured_line(below.text)
            return not listed and bool(lines_of_sentence(line.text))
        return (
            below is not None and below.number == line.number + 1
            and is_ingredient(line.text) and is_line(below.text)
            and not is_measured_line(below.text)
            and self._lines[position - 1].text != ""
        )  # fmt: skip

    def _next(self, position: int) -> Line | None:
        return next((one for one in self._lines[position + 1 :] if one.text), None)

    def _paragraph_title(self, position: int) -> int | None:
        """Return the title above a line if it begins a paragraph."""
        title = self._title(position, quiet=True)
        return title if title is not None and self._begins(title) else None

    def _begins(self, position: int) -> bool:
        return position == 0 or not self._lines[position - 1].text

    def _title(self, start: int, *, quiet: bool = False) -> int | None:
        strong: list[list[int]] = []
        weak: list[int] = []
        paragraph: list[int] = []
        gap = self._gap[-_REACH:]
        tail = bool(gap) and len(gap) == len(self._gap) and self._inside
        tail = tail and self._lines[gap[0]].text != ""
        for position in gap:
            line = self._lines[position]
            if not line.text:
                tail = False
                if paragraph:
                    strong.append(paragraph)
                    paragraph = []
                continue
            rank = self._rank(position, start, tail=tail)
            if rank == 2:
                paragraph.append(position)
            elif rank == 1 and (self._begins(position) or position == start - 1):
                weak.append(position)
        if paragraph:
            strong.append(paragraph)
        if not strong and weak:
            line = self._lines[weak[0]]
            if not quiet and not (line.text.endswith(":") and weak[0] == start - 1):
                self._found.doubts.append(
                    f"line {line.number}: {line.text!r} was taken as the title of a recipe."
                )
            return weak[0]
        if not strong:
            return None
        chosen = strong[-1][0]
        if self._counts[self._lines[chosen].text.casefold()] > 1 and len(strong) > 1:
            # A label that this text has above every list, in whatever language.
            chosen = strong[-2][0]
        others = [one for one in strong[-1] if one != chosen]
        if len(strong) > 1 and not others and not self._inside:
            others = [one[0] for one in strong if one[0] != chosen]
        if others and not quiet:
            line, other = self._lines[chosen], self._lines[others[0]]
            self._found.doubts.append(
                f"line {line.number}: {line.text!r} was taken as the title, not {other.text!r}."
            )
        return chosen

    def _rank(self, position: int, start: int, *, tail: bool) -> int:
        """Return 2 for a line that may be a title, 1 for one that may be it at need, else 0."""
        line = self._lines[position]
        text = line.text
        if line.bullet or len(text.split()) > _LONGEST_TITLE or seems_measured(text):
            return 0
        if line.italic:
            marked = self._blocks[-1].heading is None and position == start - 1
            return int(marked and text[0] != "(" and not (is_step(text) or is_aside(text)))
        if line.numbered and (not self._begins(position) or self._is_list(position)):
            return 0
        if section_of(line) is not None or field_of(line) is not None or is_part(text):
            return 0
        near = position == start - 1 and not tail and _is_title_case(text)
        if text.endswith(".") and near and not is_step(text) and self._begins(position):
            return 1  # 'MARTINI COCKTAIL.'
        if text.endswith((".", ",", ";")) or is_aside(text):
            return 0
        if is_amount(text) and not text.isdigit():
            return 0
        if tail and re.match(r"\d+\s", text):
            return 0  # '1 limão'
        if tail and (text[0].islower() or (is_ingredient(text) and self._is_tail(position))):
            return 0  # below the ingredients, in their paragraph
        if is_step(text) or re.fullmatch(r".+:\s.+", text):
            # 'Add It Up', 'Variation: Perfect Manhattan', just above the ingredients.
            return int(near and len(text.split()) > 1)
        if text.endswith((":", "!", "?")) or is_credit(text) or text[0] in "\"'\u201c\u201e\u00ab(":
            return 1
        return 2

    def _is_tail(self, position: int) -> bool:
        """Return whether nothing but names is between a line and the ingredients above it."""
        before = [one for one in self._gap[:_REACH] if one < position]
        return all(is_ingredient(self._lines[one].text) for one in before)

    def _is_list(self, position: int) -> bool:
        following = self._next(position)
        return following is not None and following.numbered
