"""The text of a recipe's line as its source has it, beside the amount that was read from it."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    columns = sa.inspect(op.get_bind()).get_columns("recipe_ingredients")
    if "original_text" not in {column["name"] for column in columns}:
        op.add_column("recipe_ingredients", sa.Column("original_text", sa.Text))
