"""SQLite files: our own tables, or others that are joined by their foreign keys."""

import re
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api.db.exchange.drafts import FIELDS, Collection, RecipeRow, Row, id_key
from api.db.exchange.sources.columns import find_columns, key_of
from api.db.exchange.sources.content import is_ingredient, share
from api.db.exchange.sources.own_csv import RecipesByReference
from api.db.exchange.sources.roles import not_read
from api.db.exchange.sources.table_recipes import read_table
from api.db.exchange.sources.tables import TableRows
from api.db.exchange.time_limit import ImportTimeoutError, check_time
from api.db.schema import CORE_COLUMNS
from api.db.taxonomy.units import find_unit

MAGIC = b"SQLite format 3\0"
_MOST_ROWS = 500_000
_MOST = 0.6
#: SQLite asks whether to go on after this many of its instructions: about a millisecond.
_INSTRUCTIONS = 100_000
#: What the place of a line in its recipe is called.
_ORDER = ("position", "sort", "sortorder", "order", "line", "lineno", "linenumber", "orderindex",
          "ingredientorder", "ingredientnumber", "displayorder", "seq", "sequence")  # fmt: skip


_PLURALS = ("", "s", "es", "e", "en", "n", "i", "y")


def read_sqlite(data: bytes, name: str) -> Collection | None:
    """Return the recipes of a database file; None if no tables look like recipes.

    Raises
    ------
    ValueError
        If the file is damaged.
    """
    with tempfile.TemporaryDirectory(prefix="import-") as directory:
        path = Path(directory) / "source.db"
        path.write_bytes(data)
        try:
            with closing(sqlite3.connect(path)) as connection:
                connection.set_progress_handler(_is_over, _INSTRUCTIONS)
                return _read(connection, name)
        except sqlite3.DatabaseError as error:
            check_time()  # it may have ended the statement
            raise ValueError(f"the database is damaged: {error}") from error


def _is_over() -> bool:
    try:
        check_time()
    except ImportTimeoutError:
        return True
    return False


@dataclass(frozen=True)
class _Table:
    name: str
    columns: list[str]
    references: dict[str, str]
    """Column -> table."""


def _read(connection: sqlite3.Connection, name: str) -> Collection | None:
    tables = _tables(connection)
    present = {table.name.lower(): set(map(str.lower, table.columns)) for table in tables}
    # The number of a line says nothing; all other columns that a database needs are needed here.
    if all(
        set(columns) - {"id"} <= present.get(table, set()) and table in present
        for table, columns in CORE_COLUMNS.items()
    ):
        return _own(connection, tables, name)
    joined, used = _joined(connection, tables)
    if joined is not None:
        collection = read_table(joined, name, "SQLite")
        if collection is not None:
            others = _with_rows(connection, [one for one in tables if one.name not in used])
            collection.notes += not_read(name, "table", others)
            return collection
    candidates = []
    for table in tables:
        try:
            rows = _rows(connection, table.name)
        except sqlite3.OperationalError:
            check_time()
            continue  # a view with a function of another program
        found = read_table(rows, f"{name}, table {table.name}", "SQLite")
        if found is not None:
            candidates.append((found, table))
    if not candidates:
        return None
    best, chosen = max(candidates, key=lambda one: len(one[0].recipes))
    others = _with_rows(connection, [one for one in tables if one is not chosen])
    best.notes += not_read(name, "table", others)
    return best


def _with_rows(connection: sqlite3.Connection, tables: list[_Table]) -> list[str]:
    """Return the names of the tables that hold anything; views repeat what tables hold."""
    views = {one for (one,) in connection.execute("SELECT name FROM sqlite_schema "
                                                  "WHERE type = 'view'")}  # fmt: skip
    return [
        table.name for table in tables
        if table.name not in views
        and connection.execute(f"SELECT 1 FROM {_quoted(table.name)} LIMIT 1")  # noqa: S608
        .fetchone() is not None
    ]  # fmt: skip


def _own(connection: sqlite3.Connection, tables: list[_Table], name: str) -> Collection:
    """Return the rows of a database with our tables; others' columns and orphans are noted."""
    collection = Collection("our own tables (SQLite)", own=True)
    present = {table.name.lower(): table for table in tables}
    rows: dict[str, list[Row]] = {}
    for name_here, fields in FIELDS.items():
        rows[name_here] = []
        if name_here not in present:
            continue
        table = present[name_here]
        columns = [column for column in table.columns if column.lower() in fields]
        ignored = [column for column in table.columns if column.lower() not in fields]
        if unknown := [column for column in ignored if column.lower() != "search_name"]:
            collection.notes.append(f"{name}: ignored {table.name}.{', '.join(unknown)}.")
        if columns:
            select = ", ".join(f"{_quoted(one)} AS {_quoted(one.lower())}" for one in columns)
            query = f"SELECT {select} FROM {_quoted(table.name)}"  # noqa: S608
            if name_here == "tags" and "created_by" in map(str.lower, ignored):
                # Those of another system that belong to one person.
                query += " WHERE created_by IS NULL"
                collection.notes.append(f"{name}: only tags without created_by are public.")
            found = _table_rows(connection, query)
            rows[name_here] = [Row(f"{name_here} {label}", cells) for label, cells in found.rows]
    collection.units, collection.ingredients = rows["units"], rows["ingredients"]
    collection.tags = rows["tags"]
    named = {id_key(row.fields.get("id")): row.text("name") for row in rows["tags"]}
    tags: dict[str, list[str]] = {}
    for row in rows["recipe_tags"]:
        if (tag := named.get(id_key(row.fields.get("tag_id")))) is not None:
            tags.setdefault(id_key(row.fields.get("recipe_id")), []).append(tag)
    collection.recipes = [
        RecipeRow(row.where, row.fields, lines=[], tags=tags.get(id_key(row.fields.get("id")), []))
        for row in rows["recipes"]
    ]
    owners = RecipesByReference(collection)
    known = {id_key(recipe.fields.get("id")) for recipe in collection.recipes}
    for table_name in ("recipe_ingredients", "ratings"):
        orphans = [
            row for row in rows[table_name] if id_key(row.fields.get("recipe_id")) not in known
        ]
        if orphans:
            collection.notes.append(
                f"{name}: ignored {len(orphans)} rows of {table_name} whose recipe does not exist."
            )
        orphaned = {id(row) for row in orphans}
        for row in rows[table_name]:
            if id(row) not in orphaned and (table_name != "ratings" or row.text("user_id")):
                owners.attach(table_name, row)
    return collection


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _tables(connection: sqlite3.Connection) -> list[_Table]:
    """Return tables first, then the views that can be read."""
    names = [
        name
        for (name,) in connection.execute(
            "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') "
            "AND name NOT LIKE 'sqlite_%' ORDER BY type = 'view'"
        )
    ]
    tables = []
    for name in names:
        try:
            info = connection.execute(f"PRAGMA table_xinfo({_quoted(name)})").fetchall()
        except sqlite3.DatabaseError:
            check_time()
            continue  # a view over a table that is gone
        keys = connection.execute(f"PRAGMA foreign_key_list({_quoted(name)})").fetchall()
        references = {row[3]: row[2] for row in keys}
        # Generated columns can be read, too; hidden ones are of virtual tables.
        tables.append(_Table(name, [row[1] for row in info if row[6] != 1], references))
    return [_guess_references(table, tables) for table in tables]


def _guess_references(table: _Table, tables: list[_Table]) -> _Table:
    """Add what ``drink_id`` refers to where no foreign key says so."""
    check_time()
    found = dict(table.references)
    for column in table.columns:
        match = re.fullmatch(r"(.+?)_?id|id_?(.+)", column, re.IGNORECASE)
        if column in found or match is None:
            continue
        stem = key_of(match[1] or match[2])
        for other in tables:
            key = key_of(other.name)
            if other.name != table.name and stem and key.removeprefix(stem) in _PLURALS:
                found[column] = other.name
    return _Table(table.name, table.columns, found)


def _joined(
    connection: sqlite3.Connection, tables: list[_Table]
) -> tuple[TableRows | None, set[str]]:
    """Return the rows of the table that links recipes with ingredients, names for ids.

    With them the names of the tables that they are of.
    """
    by_name = {table.name: table for table in tables}
    for link in tables:
        recipe = ingredient = None
        targets = [(c, by_name[t]) for c, t in link.references.items() if t in by_name]
        kinds = {target.name: _kind(connection, target) for _, target in targets}
        for column, target in targets:
            if kinds[target.name] == "ingredient":
                ingredient = ingredient or (column, target)
            elif kinds[target.name] == "recipe":
                recipe = recipe or (column, target)
        if recipe is None and ingredient is not None:
            # Neither names nor values say what it is: what has ingredients is a recipe.
            others = [one for one in targets if kinds[one[1].name] is None]
            recipe = others[0] if len(others) == 1 else None
        if recipe is None:
            continue
        text = find_columns(link.columns, ["ingredient"]).get("ingredient")
        if ingredient is None and text is None:
            continue
        units = {one.name for _, one in targets if kinds[one.name] == "unit"}
        named = {link.name, recipe[1].name, *units} | (
            {ingredient[1].name} if ingredient else set()
        )
        return _join(connection, link, recipe, ingredient, by_name), named
    return None, set()


def _kind(connection: sqlite3.Connection, table: _Table) -> str | None:
    """Return whether a table holds ingredients, recipes or units: by its name, else by values."""
    key = key_of(table.name)
    for kind, words in (
        ("ingredient", "ingredient|bottle|component|product|zutat|spirit|item"),
        ("recipe", "recipe|drink|cocktail|rezept|receta|recette"),
        ("unit", "unit|measure"),
    ):
        if re.search(words, key):
            return kind
    if _column(connection, table, is_ingredient) is not None:
        return "ingredient"
    return "unit" if _column(connection, table, _is_unit) is not None else None


def _column(
    connection: sqlite3.Connection, table: _Table, test: Callable[[str], bool]
) -> str | None:
    """Return the first column of a table in which most texts pass a test."""
    query = f"SELECT * FROM {_quoted(table.name)} LIMIT 60"  # noqa: S608 - quoted
    rows = connection.execute(query).fetchall()
    for number, column in enumerate(table.columns):
        if share((row[number] for row in rows if isinstance(row[number], str)), test) >= _MOST:
            return column
    return None


def _is_unit(text: str) -> bool:
    return find_unit(text) is not None


def _join(
    connection: sqlite3.Connection,
    link: _Table,
    recipe: tuple[str, _Table],
    ingredient: tuple[str, _Table] | None,
    by_name: dict[str, _Table],
) -> TableRows | None:
    title = find_columns(recipe[1].columns, ["recipe"]).get("recipe") or _column(
        connection, recipe[1], lambda text: True
    )
    if title is None:
        return None
    select = [f"r.{_quoted(title)} AS recipe", f"l.{_quoted(recipe[0])} AS recipe_id"]
    joins = f"JOIN {_quoted(recipe[1].name)} r ON r.{_key(recipe[1])} = l.{_quoted(recipe[0])}"
    taken = {title, recipe[0]}
    if ingredient is not None:
        named = find_columns(ingredient[1].columns, ["ingredient"]).get("ingredient") or _column(
            connection, ingredient[1], is_ingredient
        )
        if named is None:
            return None
        select.append(f"i.{_quoted(named)} AS ingredient")
        joins += (
            f" LEFT JOIN {_quoted(ingredient[1].name)} i"
            f" ON i.{_key(ingredient[1])} = l.{_quoted(ingredient[0])}"
        )
        taken.add(ingredient[0])
    for number, (column, target) in enumerate(link.references.items()):
        unit = by_name.get(target)
        if column in taken or unit is None or _kind(connection, unit) != "unit":
            continue
        named = (
            _column(connection, unit, _is_unit)
            or find_columns(unit.columns, ["ingredient"]).get("ingredient")
            or unit.columns[-1]
        )
        select.append(f"u{number}.{_quoted(named)} AS unit")
        joins += (
            f" LEFT JOIN {_quoted(target)} u{number}"
            f" ON u{number}.{_key(unit)} = l.{_quoted(column)}"
        )
        taken.add(column)
    select += [f"l.{_quoted(c)}" for c in link.columns if c not in taken and key_of(c) != "id"]
    select += [f"r.{_quoted(c)}" for c in recipe[1].columns
               if c not in taken and key_of(c) not in ("id", "name")]  # fmt: skip
    query = (
        f"SELECT {', '.join(select)} FROM {_quoted(link.name)} l {joins} "  # noqa: S608 - quoted
        f"ORDER BY {', '.join(f'l.{_quoted(c)}' for c in (recipe[0], *_order(connection, link)))}"
    )
    return _table_rows(connection, query)


def _order(connection: sqlite3.Connection, link: _Table) -> list[str]:
    """Return the columns in whose order the lines of a recipe come."""
    said = [column for column in link.columns if key_of(column) in _ORDER]
    try:
        connection.execute(f"SELECT rowid FROM {_quoted(link.name)} LIMIT 0")  # noqa: S608 - quoted
    except sqlite3.OperationalError:
        check_time()
        return said  # a view, or a table without such numbers
    return [*said, "rowid"]


def _key(table: _Table) -> str:
    column = next((one for one in table.columns if key_of(one) == "id"), table.columns[0])
    return _quoted(column)


def _rows(connection: sqlite3.Connection, table: str) -> TableRows:
    return _table_rows(connection, f"SELECT * FROM {_quoted(table)}")  # noqa: S608 - quoted


def _table_rows(connection: sqlite3.Connection, query: str) -> TableRows:
    cursor = connection.execute(query)
    header = [column[0] for column in cursor.description]
    rows: list[tuple[str, dict[str, Any]]] = []
    for number, cells in enumerate(cursor.fetchmany(_MOST_ROWS), 1):
        row: dict[str, Any] = {}
        for column, cell in zip(header, cells, strict=True):
            row.setdefault(column, None if isinstance(cell, bytes) else cell)
        rows.append((f"row {number}", row))
    return TableRows(list(dict.fromkeys(header)), rows)
