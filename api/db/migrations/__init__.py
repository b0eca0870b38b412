"""The schema's history, as Alembic migrations; :func:`upgrade` brings a database up to date."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine

from api.db.columns import read_table_columns
from api.db.search_names import fold_names


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Bring a database to ``revision``, keeping its rows.

    An older database that Alembic has never seen, such as one made before this project, is
    adopted: the tables and columns that it lacks are added.
    """
    config = Config()
    # The folder, not an ini file: an installed package has no project root to find one in.
    config.set_main_option("script_location", str(Path(__file__).parent))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        if read_table_columns(connection).has("tags", "search_name"):
            fold_names(connection)
