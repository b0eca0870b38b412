"""Whether the current snapshot is what a refresh would publish now; ``python -m`` prints it.

Imports no mathematics, so that asking takes a second and a small part of a refresh's memory.
"""

import json
import logging
import sys
from dataclasses import asdict, dataclass

from api.analytics.code_version import code_version
from api.analytics.log import configure_logging
from api.db.database import Database, get_database
from api.db.dataset import read_dataset
from api.db.errors import DatabaseError
from api.db.fingerprint import dataset_fingerprint
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
    """

    reason: str | None
    foreign: bool
    database_id: str | None


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
        dataset = read_dataset(connection)
    own = dataset.database_id
    try:
        current = storage.snapshots.current()
        if current is None:
            reason = None if dataset.recipes.empty else "there is no snapshot yet"
            return Comparison(reason, foreign=False, database_id=own)
        if current.database_fingerprint != dataset_fingerprint(dataset):
            if None not in (own, current.database_id) and own != current.database_id:
                reason = f"snapshot {current.snapshot_id} was computed from another database"
                return Comparison(reason, foreign=True, database_id=own)
            reason = f"the database has changed since snapshot {current.snapshot_id}"
            return Comparison(reason, foreign=False, database_id=own)
        if current.code_version != code_version():
            reason = f"snapshot {current.snapshot_id} was made by other code"
            return Comparison(reason, foreign=False, database_id=own)
        storage.snapshots.check(current)
    except (CorruptSnapshotError, UnsupportedSnapshotError) as error:
        return Comparison(str(error), foreign=False, database_id=own)
    return Comparison(None, foreign=False, database_id=own)


def main() -> None:
    """Print ``stale``, ``reason``, ``foreign`` and ``database_id``; exit code 1 if unknown."""
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
