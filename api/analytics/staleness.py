"""Whether the current snapshot is what a refresh would publish now; ``python -m`` prints it.

Imports no mathematics and no data frames, so that asking takes half a second and a small part of a
refresh's memory.
"""

import gc
import json
import logging
import sys
from dataclasses import asdict, dataclass

if __name__ == "__main__":
    gc.disable()  # until all is imported

from sqlalchemy import select

from api.analytics.code_version import code_version
from api.analytics.log import configure_logging
from api.analytics.memory import collect_garbage_after_imports
from api.db.database import Database, get_database
from api.db.errors import DatabaseError
from api.db.fingerprint import database_fingerprint
from api.db.identity import read_database_id
from api.db.schema import recipes
from api.storage.errors import CorruptSnapshotError, StorageError, UnsupportedSnapshotError
from api.utils.analytics_cache import AnalyticsStorage


@dataclass(frozen=True)
class Comparison:
    """The current snapshot beside the database.

    Attributes
    ----------
    reason
        Why a refresh is needed; None if the snapshot is whole and up to date.
    foreign
        Whether it was computed from another database.
    database_id
        The id of the database.
    fingerprint
        Of its present data.
    """

    reason: str | None
    foreign: bool
    database_id: str | None
    fingerprint: str


def compare(database: Database, storage: AnalyticsStorage) -> Comparison:
    """Compare the current snapshot with the database.

    An empty database without a snapshot needs no refresh. A snapshot of the same recipes is never
    foreign, whichever database it came from.

    Raises
    ------
    DatabaseError
        If the database cannot be read.
    StorageError
        If the snapshots cannot be read.
    """
    with database.snapshot() as connection:
        fingerprint = database_fingerprint(connection)
        database_id = read_database_id(connection)
        empty = connection.execute(select(recipes.c.id).limit(1)).first() is None

    def found(reason: str | None, *, foreign: bool = False) -> Comparison:
        return Comparison(reason, foreign, database_id, fingerprint)

    try:
        current = storage.snapshots.current()
        if current is None:
            return found(None if empty else "there is no snapshot yet")
        named = f"snapshot {current.snapshot_id}"
        state = current.state(database_id, fingerprint)
        if state == "foreign":
            return found(f"{named} was computed from another database", foreign=True)
        if state == "stale":
            return found(f"the database has changed since {named}")
        if current.code_version != code_version():
            return found(f"{named} was made by other code")
        storage.snapshots.check(current)
    except (CorruptSnapshotError, UnsupportedSnapshotError) as error:
        return found(str(error))
    return found(None)


def main() -> None:
    """Print ``stale`` and the fields of :class:`Comparison`; exit code 1 if that is unknown."""
    collect_garbage_after_imports()
    configure_logging(logging.WARNING)
    try:
        found = compare(get_database(), AnalyticsStorage.from_settings())
    except (DatabaseError, StorageError) as error:
        logging.getLogger(__name__).warning("%s", error)
        sys.exit(1)
    answer = {"stale": found.reason is not None, **asdict(found)}
    sys.stdout.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
