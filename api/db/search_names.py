"""Names as people type them: accents, case, apostrophes and dashes folded away.

SQLite folds no accents and PostgreSQL does it only with an extension, each in its own way. So
Python folds every name once, and the result is kept beside it in ``search_name``:

- A trigger empties it when a name changes, whoever changes it; a row inserted by other hands has
  none either. Empty means *to be folded*, never *stale*.
- Every write of the catalogue, an import and a migration fold what is empty (:func:`fold_names`).
- Until then, and in a database without the column, a reader folds on the way:
  :func:`folded_column`.
"""

import unicodedata
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    Text,
    bindparam,
    func,
    literal_column,
    select,
    update,
)

from api.db.columns import TableColumns
from api.db.schema import NAMED_TABLES

#: Enough to tell names apart, and within what an index entry of PostgreSQL may hold (2,704 bytes).
KEY_LENGTH = 400
_CHUNK = 5000
_SQL_FUNCTION = "fold_name"

_APOSTROPHES = "'\u2018\u2019\u201a\u201b\u02bc\u02bb\u0060\u00b4\uff07\u2032"
_DASHES = "-\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"
#: Letters that Unicode does not take apart, as people without them on the keyboard type them.
_LETTERS = {
    "ø": "o", "đ": "d", "ð": "d", "ł": "l", "ħ": "h", "ŧ": "t", "\u0131": "i",
    "æ": "ae", "œ": "oe", "þ": "th", "ŋ": "n", "ĸ": "k",
}  # fmt: skip
_TRANSLATED = str.maketrans(
    {**dict.fromkeys(_APOSTROPHES, ""), **dict.fromkeys(_DASHES, " "), **_LETTERS}
)


def fold(text: str) -> str:
    """Return ``text`` as searched: no accents, no case, apostrophes dropped, dashes as spaces.

    Marks that make another letter rather than an accent stay: voiced kana, Indic vowels and
    viramas, Thai and Lao signs. Folding twice changes nothing more.

    Examples
    --------
    >>> fold("Piña  Colada"), fold("Harry\u2019s CRÈME"), fold("Öl-Straße"), fold("ΜΎΘΟΣ")
    ('pina colada', 'harrys creme', 'ol strasse', 'μυθοσ')
    """
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    bare = "".join(mark for mark in apart if not _is_accent(mark)).translate(_TRANSLATED)
    return " ".join(unicodedata.normalize("NFKC", bare).split())


def _is_accent(character: str) -> bool:
    # Canonical combining classes: 1 overlays, 10-36 Hebrew, Arabic and Syriac points, 200 and
    # above marks over or under a letter. Those between belong to scripts where they spell.
    # https://www.unicode.org/reports/tr44/#Canonical_Combining_Class_Values
    kind = unicodedata.combining(character)
    return kind == 1 or 10 <= kind <= 36 or kind >= 200


def search_key(name: object) -> str:
    """Return what is kept in ``search_name``; a name of nothing but dashes keeps them."""
    text = "" if name is None else str(name)
    return (fold(text) or " ".join(text.casefold().split()))[:KEY_LENGTH]


def same_name(name: object) -> str:
    """Return what two names share that may not stand side by side: 'gin' and 'Gin '.

    Accents tell names apart here, unlike in a search: Pêche is not Peche.
    """
    return unicodedata.normalize("NFC", str(name)).strip().casefold()


def fold_names(connection: Connection) -> int:
    """Fill every empty ``search_name``; return how many there were."""
    folded = 0
    for table in NAMED_TABLES:
        target = table.c.search_name
        change = (
            update(table)
            .where(table.c.id == bindparam("row"))
            .values({target: bindparam("key", type_=Text())})
        )
        while rows := connection.execute(
            select(table.c.id, table.c.name).where(target.is_(None)).limit(_CHUNK)
        ).all():
            connection.execute(
                change, [{"row": identifier, "key": search_key(name)} for identifier, name in rows]
            )
            folded += len(rows)
    return folded


def folded_column(connection: Connection, shape: TableColumns, table: Table) -> ColumnElement[str]:
    """Return the expression to search and order a table's names by."""
    kept = shape.has(table.name, "search_name")
    if kept and not connection.scalar(
        select(table.c.id).where(table.c.search_name.is_(None)).limit(1)
    ):
        return table.c.search_name
    on_the_way: ColumnElement[Any]
    if connection.dialect.name == "sqlite":
        raw = connection.connection.dbapi_connection
        raw.create_function(_SQL_FUNCTION, 1, search_key, deterministic=True)  # type: ignore[union-attr]
        on_the_way = getattr(func, _SQL_FUNCTION)(table.c.name, type_=Text())
    else:
        # Rows that other hands inserted, until the next write folds them: accents count.
        on_the_way = func.lower(table.c.name, type_=Text()).collate("C")
    return func.coalesce(table.c.search_name, on_the_way) if kept else on_the_way


def contains_words(column: ColumnElement[str], query: str) -> list[ColumnElement[bool]]:
    """Return the conditions for a name that holds every word of ``query``, in any order."""
    words = (fold(query) or search_key(query)).split()
    return [column.contains(word, autoescape=True) for word in dict.fromkeys(words)]


#: For a condition that no row meets, where a table is missing.
NOTHING: ColumnElement[bool] = literal_column("1") == literal_column("0")
