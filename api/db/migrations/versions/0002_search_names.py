"""Names folded for search, indexes for 100,000 recipes, ids of 64 bits on both databases."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_NAMED = ("units", "ingredients", "recipes", "tags")
_INDEXES: dict[str, list[tuple[str, ...]]] = {
    **{table: [("search_name", "id")] for table in _NAMED},
    "recipe_ingredients": [("recipe_id", "ingredient_id"), ("ingredient_id", "recipe_id"),
                           ("unit_id",)],
    "recipe_tags": [("tag_id", "recipe_id")],
}  # fmt: skip
_IDS = {
    "units": ["id"],
    "ingredients": ["id", "parent_id"],
    "recipes": ["id"],
    "recipe_ingredients": ["id", "recipe_id", "ingredient_id", "unit_id"],
    "ratings": ["id", "recipe_id"],
    "tags": ["id"],
    "recipe_tags": ["recipe_id", "tag_id"],
}
#: Replaced by the wider indexes above.
_REPLACED = {
    "ix_recipe_ingredients_recipe_id": "recipe_ingredients",
    "ix_recipe_ingredients_ingredient_id": "recipe_ingredients",
}


def upgrade() -> None:
    bind = op.get_bind()
    postgresql = bind.dialect.name == "postgresql"
    inspector = sa.inspect(bind)
    for table in _NAMED:
        if "search_name" not in {column["name"] for column in inspector.get_columns(table)}:
            # Ordered by code point like SQLite, so that pages are the same on both.
            kind = sa.Text(collation="C") if postgresql else sa.Text()
            op.add_column(table, sa.Column("search_name", kind))
    if postgresql:
        # Makes a subtree an index range; other collations ignore '/'.
        op.alter_column("ingredients", "path", type_=sa.String(500, collation="C"))
        for table, ids in _IDS.items():
            for column in ids:
                op.alter_column(table, column, type_=sa.BigInteger())
            if "id" in ids:
                op.execute(f"ALTER SEQUENCE {table}_id_seq AS bigint")
    for name, table in _REPLACED.items():
        if name in {index["name"] for index in inspector.get_indexes(table)}:
            op.drop_index(name, table)
    for table, indexes in _INDEXES.items():
        present = {index["name"] for index in inspector.get_indexes(table)}
        for columns in indexes:
            name = f"ix_{table}_{'_'.join(columns)}"
            if name not in present:
                op.create_index(name, table, list(columns))
    _clear_when_renamed(postgresql)


def _clear_when_renamed(postgresql: bool) -> None:
    """Clear ``search_name`` whenever any program changes a name."""
    if postgresql:
        op.execute(
            "CREATE FUNCTION forget_search_name() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN NEW.search_name := NULL; RETURN NEW; END $$"
        )
    for table in _NAMED:
        if postgresql:
            op.execute(
                f"CREATE TRIGGER {table}_renamed BEFORE UPDATE OF name ON {table} FOR EACH ROW "
                f"WHEN (OLD.name IS DISTINCT FROM NEW.name) EXECUTE FUNCTION forget_search_name()"
            )
        else:
            forget = f"UPDATE {table} SET search_name = NULL WHERE id = NEW.id"  # noqa: S608
            op.execute(
                f"CREATE TRIGGER {table}_renamed AFTER UPDATE OF name ON {table} FOR EACH ROW "
                f"WHEN OLD.name IS NOT NEW.name BEGIN {forget}; END"
            )
