"""The shelf of each user: one row a bottle."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    identifier = sa.Integer().with_variant(sa.BigInteger(), "postgresql")
    op.create_table(
        "shelf_bottles",
        sa.Column("user_id", sa.String(200), nullable=False),
        sa.Column("ingredient_id", identifier, nullable=False),
        sa.ForeignKeyConstraint(
            ["ingredient_id"],
            ["ingredients.id"],
            name=op.f("fk_shelf_bottles_ingredient_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("user_id", "ingredient_id", name=op.f("pk_shelf_bottles")),
        sa.Index(op.f("ix_shelf_bottles_ingredient_id"), "ingredient_id"),
    )
