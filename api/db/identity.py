"""Which database this is: analytics of one database are never shown beside recipes of another.

A migrated database has a random id, which stays with it through backups and moves. It is renewed
when every row is replaced, because ids of recipes then mean other recipes. A database that was
never migrated is only read, so its id is derived from its first rows: those rarely change, and
they are the same wherever the file is mounted. If one does change, the published analytics count
as another database's until the next refresh.
"""

import hashlib
import json
import uuid

from sqlalchemy import Connection, delete, insert, select

from api.db.columns import read_table_columns
from api.db.schema import database_identity, ingredients, recipes, units

#: Rows of each table that a derived id depends on.
_FIRST_ROWS = 8


def read_database_id(connection: Connection) -> str:
    """Return the id of a database.

    Raises
    ------
    DatabaseError
        If it is not a cocktail database.
    """
    if read_table_columns(connection).has(database_identity.name, database_identity.c.id.name):
        found = connection.scalar(select(database_identity.c.id))
        if found is not None:
            return str(found)
    first_rows = []
    for table in (units, ingredients, recipes):
        query = select(table.c.id, table.c.name).order_by(table.c.id).limit(_FIRST_ROWS)
        first_rows.append([[row.id, row.name] for row in connection.execute(query)])
    digest = hashlib.sha256(json.dumps(first_rows, default=str).encode("utf-8", "replace"))
    return f"derived-{digest.hexdigest()[:32]}"


def write_database_id(connection: Connection, identifier: str | None = None) -> None:
    """Set the id of a migrated database; a new one by default."""
    connection.execute(delete(database_identity))
    connection.execute(insert(database_identity).values(id=identifier or str(uuid.uuid4())))


def ensure_database_id(connection: Connection) -> None:
    """Give a migrated database an id if it has none."""
    if connection.scalar(select(database_identity.c.id)) is None:
        write_database_id(connection)
