"""Web pages as Markdown, for :mod:`api.db.exchange.sources.prose` to read."""

import re
from html.parser import HTMLParser

from api.db.exchange.time_limit import check_time

_BLOCKS = frozenset(
    ("p", "div", "section", "article", "ul", "ol", "table", "tr", "main", "header", "footer",
     "dl", "dd", "dt", "blockquote", "form")
)  # fmt: skip
#: Each attribute of a tag takes a hundred times its size.
_LONGEST_TAG = 1_000_000
#: Stands for the indent of a list in a list, until spaces are joined.
_DEEPER, _DEEPEST = "\ue000", 9
_UNSEEN = frozenset(("script", "style", "template", "svg", "nav", "noscript", "select"))
#: schema.org's properties in the page's elements, and how Markdown says them.
_ITEMS = {"recipeIngredient": "\n- ", "ingredients": "\n- ", "recipeInstructions": "\nMethod:\n",
          "recipeIngredients": "\nIngredients:\n", "recipeDirections": "\nMethod:\n"}  # fmt: skip


def page_text(text: str) -> str:
    """Return a page's headings, lists, tables and paragraphs as Markdown.

    Raises
    ------
    ValueError
        If a tag is longer than a million characters.

    Examples
    --------
    >>> page_text("<h2>Negroni</h2><ul><li>1 oz gin<li>1 oz Campari</ul>").split("\\n")
    ['## Negroni', '', '- 1 oz gin', '- 1 oz Campari']
    """
    if max(map(len, text.split(">"))) > _LONGEST_TAG:
        raise ValueError("a tag is too long")
    reader = _Page()
    reader.feed(text)
    reader.close()
    texts = (" ".join(line.split()) for line in "".join(reader.parts).splitlines())
    lines = (text.replace(_DEEPER, "  ") for text in texts)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        #: How many lists are open.
        self._depth = 0
        self.parts: list[str] = []
        self._unseen: list[str] = []
        #: The cells of the row so far, and those that reach down: column -> (rows left, text).
        self._row: list[str] | None = None
        self._down: dict[int, tuple[int, str]] = {}
        self._span = 1
        self._in_cell = False

    # An unfinished mark ends the page, as in browsers. The base class would take it as text, and
    # look for its end again from each later one.
    def parse_starttag(self, i: int) -> int:
        return self._or_rest(super().parse_starttag(i))

    def parse_endtag(self, i: int) -> int:
        return self._or_rest(super().parse_endtag(i))

    def parse_comment(self, i: int, report: bool = True) -> int:
        return self._or_rest(super().parse_comment(i, report))

    def parse_html_declaration(self, i: int) -> int:
        return self._or_rest(super().parse_html_declaration(i))

    def parse_pi(self, i: int) -> int:
        return self._or_rest(super().parse_pi(i))

    def _or_rest(self, end: int) -> int:
        return len(self.rawdata) if end < 0 else end

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        check_time()
        given = dict(attrs)
        self._count_lists(tag, 1)
        item = given.get("itemprop") or ""
        if tag in ("td", "th", "tr"):
            self._close_cell()  # few people write the end tags
        if self._in_cell and (item in _ITEMS or item == "name" or re.fullmatch("h[1-6]", tag)):
            self._leave_layout()
        if tag in _UNSEEN:
            self._unseen.append(tag)
        elif self._in_cell:
            if tag in ("br", "li", "p") and self._row and self._row[-1]:
                self._row[-1] += "; "
        elif tag == "table":
            self._down = {}
            self.parts.append("\n\n")
        elif tag == "tr":
            self._close_row()
            self._row = []
        elif tag in ("td", "th") and self._row is not None:
            self._fill_from_above()
            self._row.append("")
            self._in_cell = True
            digits = (given.get("rowspan") or "1").strip()
            self._span = int(digits) if digits.isdigit() and len(digits) < 4 else 1
        elif item == "name" and tag not in ("meta", "link") and tag[0] == "h":
            self.parts.append("\n\n# ")
        elif item in _ITEMS:
            self.parts.append(_ITEMS[item])
        elif re.fullmatch("h[1-6]", tag):
            self.parts.append(f"\n\n{'#' * int(tag[1])} ")
        elif tag == "li":
            self.parts.append(f"\n{_DEEPER * min(self._depth - 1, _DEEPEST)}- ")
        elif tag == "br" or tag in _BLOCKS:
            self.parts.append("\n")

    def _count_lists(self, tag: str, change: int) -> None:
        if tag in ("ul", "ol", "menu"):
            self._depth = max(0, self._depth + change)
        elif re.fullmatch("h[1-6]|body", tag):
            self._depth = 0  # few people write the end tags

    def handle_endtag(self, tag: str) -> None:
        self._count_lists(tag, -1)
        if self._unseen and tag == self._unseen[-1]:
            self._unseen.pop()
        elif tag in ("td", "th"):
            self._close_cell()
        elif tag == "tr":
            self._close_row()
        elif tag == "table":
            self._close_row()
            self.parts.append("\n")
        elif re.fullmatch("h[1-6]", tag) or tag == "p":
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        check_time()
        if self._unseen:
            return
        if self._in_cell and self._row is not None:
            self._row[-1] += data
        elif self._row is None:
            self.parts.append(" ".join(data.split("\n")))

    def _leave_layout(self) -> None:
        """Read a table with a recipe in a cell as text: it only arranges the page."""
        self.parts += [f"{cell}\n" for cell in self._row or () if cell.strip()]
        self._row, self._in_cell = None, False

    def _close_cell(self) -> None:
        if self._in_cell and self._row is not None:
            self._in_cell = False
            if self._span > 1:
                self._down[len(self._row) - 1] = (self._span - 1, self._row[-1])

    def _close_row(self) -> None:
        self._close_cell()
        if self._row is not None:
            self._fill_from_above()
            cells = (" ".join(cell.split()).replace("|", "/") for cell in self._row)
            self.parts.append(f"\n| {' | '.join(cells)} |")
            self._row = None

    def _fill_from_above(self) -> None:
        while self._row is not None and len(self._row) in self._down:
            left, text = self._down.pop(len(self._row))
            if left > 1:
                self._down[len(self._row)] = (left - 1, text)
            self._row.append(text)
