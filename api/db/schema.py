"""The database schema, as SQLAlchemy Core tables shared by SQLite and PostgreSQL.

Ingredients form a forest. It is stored twice, on purpose: ``parent_id`` is the truth, and ``path``
(``/1/12/``: every ancestor's id from the root down, then the ingredient's own) lets a reader take
a whole subtree without recursion. :mod:`api.db.check` reports the two where they disagree.
"""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Float,
    ForeignKey,
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

units = Table(
    "units",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(100), nullable=False, unique=True),
    Column("abbreviation", String(20)),
    # Empty where no fixed volume exists: 'Each', 'to top', 'to rinse'.
    Column("conversion_to_ml", Float),
    CheckConstraint("conversion_to_ml > 0", name="conversion_positive"),
)

ingredients = Table(
    "ingredients",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(200), nullable=False, unique=True),
    Column("description", Text),
    Column("parent_id", Integer, ForeignKey("ingredients.id"), index=True),
    Column("path", String(500), nullable=False, index=True),
    Column("allow_substitution", Boolean, nullable=False, server_default=false()),
)

recipes = Table(
    "recipes",
    metadata,
    Column("id", Integer, primary_key=True),
    # Not unique: two bars may each have their 'Old Fashioned', and both are kept apart.
    Column("name", String(200), nullable=False, index=True),
    Column("instructions", Text),
    Column("description", Text),
    Column("image_url", Text),
    Column("source", Text),
    Column("source_url", Text),
)

recipe_ingredients = Table(
    "recipe_ingredients",
    metadata,
    Column("id", Integer, primary_key=True),
    Column(
        "recipe_id",
        Integer,
        ForeignKey("recipes.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("ingredient_id", Integer, ForeignKey("ingredients.id"), nullable=False, index=True),
    Column("unit_id", Integer, ForeignKey("units.id")),
    Column("amount", Float),
    CheckConstraint("amount >= 0", name="amount_not_negative"),
)

ratings = Table(
    "ratings",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("recipe_id", Integer, ForeignKey("recipes.id", ondelete="CASCADE"), nullable=False),
    Column("user_id", String(200), nullable=False),
    Column("rating", Integer, nullable=False),
    Column("created_at", DateTime(timezone=True), server_default=func.now(), nullable=False),
    CheckConstraint("rating BETWEEN 1 AND 5", name="rating_range"),
    UniqueConstraint("recipe_id", "user_id"),
)

tags = Table(
    "tags",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(100), nullable=False, unique=True),
)

recipe_tags = Table(
    "recipe_tags",
    metadata,
    Column("recipe_id", Integer, ForeignKey("recipes.id", ondelete="CASCADE"), nullable=False),
    Column("tag_id", Integer, ForeignKey("tags.id", ondelete="CASCADE"), nullable=False),
    PrimaryKeyConstraint("recipe_id", "tag_id"),
)

#: What the analytics read; a database without one of these tables is not ours.
CORE_TABLES = (units, ingredients, recipes, recipe_ingredients)
