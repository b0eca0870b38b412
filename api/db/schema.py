"""The database schema, as SQLAlchemy Core tables shared by SQLite and PostgreSQL.

Ingredients form a forest. It is stored twice, on purpose: ``parent_id`` is authoritative, and
``path`` (``/1/12/``: every ancestor's id from the root down, then the ingredient's own) lets a
reader select a whole subtree without recursion. :mod:`api.db.check` reports where they disagree.

Tables that people search by name have a ``search_name`` beside the ``name``, with accents and case
folded (:mod:`api.db.search_names`), so that search and order are the same on both databases. It is
derived: imports do not set it, exports omit it, and a trigger clears it when a name changes.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    func,
)

from api.db.rules import (
    MAX_ABBREVIATION,
    MAX_NAME,
    MAX_PATH,
    MAX_SHORT_NAME,
    MAX_USER_ID,
)

# Fixed names, so that a migration can drop a constraint on either database.
metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

#: 64 bits on both databases; SQLite's integers always are.
_ID = Integer().with_variant(BigInteger(), "postgresql")
#: Ordered by code point on both databases, so that a range of texts is an index range.
_BY_CODE_POINT = Text().with_variant(Text(collation="C"), "postgresql")
_PATH = String(MAX_PATH).with_variant(String(MAX_PATH, collation="C"), "postgresql")


def _search_name() -> Column[str]:
    return Column("search_name", _BY_CODE_POINT, info={"derived": True})


def stored_columns(table: Table) -> tuple[Column[Any], ...]:
    """Return the columns of a table that are not derived from others."""
    return tuple(column for column in table.columns if not column.info.get("derived"))


units = Table(
    "units",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("name", String(MAX_SHORT_NAME), nullable=False, unique=True),
    Column("abbreviation", String(MAX_ABBREVIATION)),
    # NULL for units without a fixed volume: 'Each', 'to top', 'to rinse'.
    Column("conversion_to_ml", Float),
    CheckConstraint("conversion_to_ml > 0", name="conversion_positive"),
    _search_name(),
    Index(None, "search_name", "id"),
)

ingredients = Table(
    "ingredients",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("name", String(MAX_NAME), nullable=False, unique=True),
    Column("description", Text),
    Column("parent_id", _ID, ForeignKey("ingredients.id"), index=True),
    Column("path", _PATH, nullable=False, index=True),
    Column("allow_substitution", Boolean, nullable=False, server_default=false()),
    _search_name(),
    Index(None, "search_name", "id"),
)

recipes = Table(
    "recipes",
    metadata,
    Column("id", _ID, primary_key=True),
    # Not unique: two bars may each have an 'Old Fashioned'.
    Column("name", String(MAX_NAME), nullable=False, index=True),
    Column("instructions", Text),
    Column("description", Text),
    Column("image_url", Text),
    Column("source", Text),
    Column("source_url", Text),
    _search_name(),
    Index(None, "search_name", "id"),
)

recipe_ingredients = Table(
    "recipe_ingredients",
    metadata,
    Column("id", _ID, primary_key=True),
    Column(
        "recipe_id",
        _ID,
        ForeignKey("recipes.id", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("ingredient_id", _ID, ForeignKey("ingredients.id"), nullable=False),
    Column("unit_id", _ID, ForeignKey("units.id"), index=True),
    Column("amount", Float),
    # As an import found it: '1 1/2 oz fresh', 'Juice of 1/2'.
    Column("original_text", Text),
    CheckConstraint("amount >= 0", name="amount_not_negative"),
    # Both orders: either lookup is answered from an index alone.
    Index(None, "recipe_id", "ingredient_id"),
    Index(None, "ingredient_id", "recipe_id"),
)

ratings = Table(
    "ratings",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("recipe_id", _ID, ForeignKey("recipes.id", ondelete="CASCADE"), nullable=False),
    Column("user_id", String(MAX_USER_ID), nullable=False),
    Column("rating", Integer, nullable=False),
    Column("created_at", DateTime(timezone=True), server_default=func.now(), nullable=False),
    CheckConstraint("rating BETWEEN 1 AND 5", name="rating_range"),
    UniqueConstraint("recipe_id", "user_id"),
)

tags = Table(
    "tags",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("name", String(MAX_SHORT_NAME), nullable=False, unique=True),
    _search_name(),
    Index(None, "search_name", "id"),
)

recipe_tags = Table(
    "recipe_tags",
    metadata,
    Column("recipe_id", _ID, ForeignKey("recipes.id", ondelete="CASCADE"), nullable=False),
    Column("tag_id", _ID, ForeignKey("tags.id", ondelete="CASCADE"), nullable=False),
    PrimaryKeyConstraint("recipe_id", "tag_id"),
    Index(None, "tag_id", "recipe_id"),
)

shelf_bottles = Table(
    "shelf_bottles",
    metadata,
    Column("user_id", String(MAX_USER_ID), nullable=False),
    Column(
        "ingredient_id",
        _ID,
        ForeignKey("ingredients.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    PrimaryKeyConstraint("user_id", "ingredient_id"),
)

#: One row, see :mod:`api.db.identity`.
database_identity = Table(
    "database_identity", metadata, Column("id", String(100), primary_key=True)
)

#: Tables with a ``search_name``.
NAMED_TABLES = (units, ingredients, recipes, tags)

#: The tables that analytics read; a cocktail database has all of them.
CORE_TABLES = (units, ingredients, recipes, recipe_ingredients)

#: Columns without which a database cannot be read; every other column is optional.
CORE_COLUMNS: dict[str, tuple[str, ...]] = {
    "units": ("id", "name"),
    "ingredients": ("id", "name", "parent_id"),
    "recipes": ("id", "name"),
    "recipe_ingredients": ("id", "recipe_id", "ingredient_id", "unit_id", "amount"),
}
