"""The history of the schema as Alembic migrations; :func:`upgrade` applies them."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine

from api.db.columns import read_table_columns
from api.db.search_names import fold_names


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Upgrade a database to ``revision``, keeping its rows.

    A database without Alembic's version table, such as one created by another program, is
    adopted: missing tables and columns are added.
    """
    config = Config()
    # Set here, not in an ini file: an installed package has no project root.
    config.set_main_option("script_location", str(Path(__file__).parent))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        if read_table_columns(connection).has("tags", "search_name"):
            fold_names(connection)
