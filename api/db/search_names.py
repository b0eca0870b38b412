"""Names as people type them, without accents, case, apostrophes and dashes.

SQLite does not fold accents, and PostgreSQL needs an extension with other rules. So Python folds
every name once and stores the result in ``search_name``:

- A trigger clears it when any program changes a name; rows inserted by other programs have none.
  NULL means *not folded yet*, never *stale*.
- Every catalog write, import and migration fills it in (:func:`fold_names`).
- Until then, and in a database without the column, readers fold on the fly
  (:func:`folded_column`).
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
from api.db.look_alikes import look_alikes, skeleton
from api.db.normalization import normalize
from api.db.schema import NAMED_TABLES

#: Long enough to distinguish names, and within PostgreSQL's limit for index entries (2,704 bytes).
KEY_LENGTH = 400
_CHUNK = 5000
_SQL_FUNCTION = "fold_name"

#: Joiners, variation selectors and fillers: drawn as nothing, alone or within a name.
UNSEEN = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u2800\u3164\uffa0"
    + "".join(map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
)
_APOSTROPHES = "'\u2018\u2019\u201a\u201b\u02bc\u02bb\u0060\u00b4\uff07\u2032"
_DASHES = "-\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"
#: Letters without a Unicode decomposition, as people without them on the keyboard type them.
_LETTERS = {
    "ø": "o", "đ": "d", "ð": "d", "ł": "l", "ħ": "h", "ŧ": "t", "\u0131": "i",
    "æ": "ae", "œ": "oe", "þ": "th", "ŋ": "n", "ĸ": "k",
}  # fmt: skip
_TRANSLATED = str.maketrans(
    {**dict.fromkeys(_APOSTROPHES, ""), **dict.fromkeys(_DASHES, " "), **_LETTERS}
)


def fold(text: str) -> str:
    """Return ``text`` for searching: no accents, no case, no apostrophes, dashes as spaces.

    Marks that form a different letter are kept: voiced kana, Indic vowels and viramas, Thai and
    Lao signs. Folding is idempotent.

    Examples
    --------
    >>> fold("Piña  Colada"), fold("Harry\u2019s CRÈME"), fold("Öl-Straße"), fold("ΜΎΘΟΣ")
    ('pina colada', 'harrys creme', 'ol strasse', 'μυθοσ')
    """
    decomposed = normalize("NFKD", normalize("NFKD", text).casefold())
    bare = "".join(
        mark for mark in decomposed if not (_is_accent(mark) or _is_unseen(mark))
    ).translate(_TRANSLATED)
    return " ".join(normalize("NFKC", bare).split())


def _is_accent(character: str) -> bool:
    # Canonical combining classes: 1 overlays, 10-36 Hebrew, Arabic and Syriac points, 200 and
    # above marks over or under a letter. Those in between are letters of their scripts.
    # https://www.unicode.org/reports/tr44/#Canonical_Combining_Class_Values
    kind = unicodedata.combining(character)
    return kind == 1 or 10 <= kind <= 36 or kind >= 200


def search_key(name: object) -> str:
    """Return the ``search_name`` of a name; a name of only dashes keeps them."""
    text = "" if name is None else str(name)
    return (fold(text) or " ".join(text.casefold().split()))[:KEY_LENGTH]


def same_name(name: object) -> str:
    """Return the key by which names must be unique: 'gin' and 'Gin ' share it.

    Unlike in a search, accents count: Pêche is not Peche. Letters that look like Latin ones do not:
    Cyrillic Сосо is Latin Coco.
    """
    text = str(name)
    if text.isascii():
        return text.strip().casefold()
    visible = "".join(mark for mark in normalize("NFKC", text) if not _is_unseen(mark))
    return skeleton(visible).strip().casefold()


def _is_unseen(mark: str) -> bool:
    return unicodedata.category(mark) == "Cf" or mark in UNSEEN


def keys_of_same_names(name: str) -> set[str]:
    """Return every ``search_name`` that a name with the same :func:`same_name` may have."""
    return {search_key(one) for one in (name, *look_alikes(name))}


def fold_names(connection: Connection) -> int:
    """Fill in every missing ``search_name``; return how many."""
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
    computed: ColumnElement[Any]
    if connection.dialect.name == "sqlite":
        raw = connection.connection.dbapi_connection
        raw.create_function(_SQL_FUNCTION, 1, search_key, deterministic=True)  # type: ignore[union-attr]
        computed = getattr(func, _SQL_FUNCTION)(table.c.name, type_=Text())
    else:
        # Rows that other programs inserted; until the next write folds them, accents count.
        computed = func.lower(table.c.name, type_=Text()).collate("C")
    return func.coalesce(table.c.search_name, computed) if kept else computed


#: A condition that is never true, for a missing table.
NOTHING: ColumnElement[bool] = literal_column("1") == literal_column("0")
