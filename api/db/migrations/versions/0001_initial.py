"""Create every table; add missing tables and columns to an existing database."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def _tables() -> dict[str, list[Any]]:
    # Written out, not imported from the schema module: a migration must never change.
    return {
        "units": [
            sa.Column("id", sa.Integer, nullable=False),
            sa.Column("name", sa.String(100), nullable=False),
            sa.Column("abbreviation", sa.String(20)),
            sa.Column("conversion_to_ml", sa.Float),
            sa.CheckConstraint("conversion_to_ml > 0", name=op.f("ck_units_conversion_positive")),
            sa.PrimaryKeyConstraint("id", name=op.f("pk_units")),
            sa.UniqueConstraint("name", name=op.f("uq_units_name")),
        ],
        "ingredients": [
            sa.Column("id", sa.Integer, nullable=False),
            sa.Column("name", sa.String(200), nullable=False),
            sa.Column("description", sa.Text),
            sa.Column("parent_id", sa.Integer),
            sa.Column("path", sa.String(500), nullable=False),
            sa.Column("allow_substitution", sa.Boolean, nullable=False, server_default=sa.false()),
            sa.PrimaryKeyConstraint("id", name=op.f("pk_ingredients")),
            sa.UniqueConstraint("name", name=op.f("uq_ingredients_name")),
            sa.ForeignKeyConstraint(
                ["parent_id"], ["ingredients.id"], name=op.f("fk_ingredients_parent_id")
            ),
        ],
        "recipes": [
            sa.Column("id", sa.Integer, nullable=False),
            sa.Column("name", sa.String(200), nullable=False),
            sa.Column("instructions", sa.Text),
            sa.Column("description", sa.Text),
            sa.Column("image_url", sa.Text),
            sa.Column("source", sa.Text),
            sa.Column("source_url", sa.Text),
            sa.PrimaryKeyConstraint("id", name=op.f("pk_recipes")),
        ],
        "recipe_ingredients": [
            sa.Column("id", sa.Integer, nullable=False),
            sa.Column("recipe_id", sa.Integer, nullable=False),
            sa.Column("ingredient_id", sa.Integer, nullable=False),
            sa.Column("unit_id", sa.Integer),
            sa.Column("amount", sa.Float),
            sa.PrimaryKeyConstraint("id", name=op.f("pk_recipe_ingredients")),
            sa.CheckConstraint(
                "amount >= 0", name=op.f("ck_recipe_ingredients_amount_not_negative")
            ),
            sa.ForeignKeyConstraint(
                ["recipe_id"],
                ["recipes.id"],
                name=op.f("fk_recipe_ingredients_recipe_id"),
                ondelete="CASCADE",
            ),
            sa.ForeignKeyConstraint(
                ["ingredient_id"],
                ["ingredients.id"],
                name=op.f("fk_recipe_ingredients_ingredient_id"),
            ),
            sa.ForeignKeyConstraint(
                ["unit_id"], ["units.id"], name=op.f("fk_recipe_ingredients_unit_id")
            ),
        ],
        "ratings": [
            sa.Column("id", sa.Integer, nullable=False),
            sa.Column("recipe_id", sa.Integer, nullable=False),
            sa.Column("user_id", sa.String(200), nullable=False),
            sa.Column("rating", sa.Integer, nullable=False),
            sa.Column(
                "created_at",
                sa.DateTime(timezone=True),
                server_default=sa.func.now(),
                nullable=False,
            ),
            sa.PrimaryKeyConstraint("id", name=op.f("pk_ratings")),
            sa.CheckConstraint("rating BETWEEN 1 AND 5", name=op.f("ck_ratings_rating_range")),
            sa.UniqueConstraint("recipe_id", "user_id", name=op.f("uq_ratings_recipe_id_user_id")),
            sa.ForeignKeyConstraint(
                ["recipe_id"],
                ["recipes.id"],
                name=op.f("fk_ratings_recipe_id"),
                ondelete="CASCADE",
            ),
        ],
        "tags": [
            sa.Column("id", sa.Integer, nullable=False),
            sa.Column("name", sa.String(100), nullable=False),
            sa.PrimaryKeyConstraint("id", name=op.f("pk_tags")),
            sa.UniqueConstraint("name", name=op.f("uq_tags_name")),
        ],
        "recipe_tags": [
            sa.Column("recipe_id", sa.Integer, nullable=False),
            sa.Column("tag_id", sa.Integer, nullable=False),
            sa.PrimaryKeyConstraint("recipe_id", "tag_id", name=op.f("pk_recipe_tags")),
            sa.ForeignKeyConstraint(
                ["recipe_id"],
                ["recipes.id"],
                name=op.f("fk_recipe_tags_recipe_id"),
                ondelete="CASCADE",
            ),
            sa.ForeignKeyConstraint(
                ["tag_id"], ["tags.id"], name=op.f("fk_recipe_tags_tag_id"), ondelete="CASCADE"
            ),
        ],
    }


_INDEXES = {
    "ingredients": ("parent_id", "path"),
    "recipes": ("name",),
    "recipe_ingredients": ("recipe_id", "ingredient_id"),
}


def upgrade() -> None:
    inspector = sa.inspect(op.get_bind())
    present = set(inspector.get_table_names())
    for table, elements in _tables().items():
        if table not in present:
            op.create_table(table, *elements)
        else:
            have = {column["name"] for column in inspector.get_columns(table)}
            for element in elements:
                if isinstance(element, sa.Column) and element.name not in have:
                    op.add_column(table, element)
        indexed = (
            {index["name"] for index in inspector.get_indexes(table)}
            if (table in present)
            else set()
        )
        for column in _INDEXES.get(table, ()):
            name = f"ix_{table}_{column}"
            if name not in indexed:
                op.create_index(name, table, [column])
