"""Whether the current snapshot is what a refresh would publish now; ``python -m`` prints it.

Imports no mathematics, so that asking takes a second and a small part of a refresh's memory.
"""

import json
import logging
import sys

from api.analytics.code_version import code_version
from api.analytics.log import configure_logging
from api.db.database import Database, get_database
from api.db.dataset import read_dataset
from api.db.errors import DatabaseError
from api.db.fingerprint import dataset_fingerprint
from api.storage.errors import CorruptSnapshotError, StorageError, UnsupportedSnapshotError
from api.utils.analytics_cache import AnalyticsStorage


def why_stale(database: Database, storage: AnalyticsStorage) -> str | None:
    """Return why a refresh is needed; None if the current snapshot is whole and up to date.

    An empty database without a snapshot needs none.

    Raises
    ------
    DatabaseError
        If the database cannot be read.
    StorageError
        If the snapshots cannot be read.
    """
    with database.snapshot() as connection:
        dataset = read_dataset(connection)
    try:
        current = storage.snapshots.current()
        if current is None:
            return None if dataset.recipes.empty else "there is no snapshot yet"
        if current.database_fingerprint != dataset_fingerprint(dataset):
            return f"the database has changed since snapshot {current.snapshot_id}"
        if current.code_version != code_version():
            return f"snapshot {current.snapshot_id} was made by other code"
        storage.snapshots.check(current)
    except (CorruptSnapshotError, UnsupportedSnapshotError) as error:
        return str(error)
    return None


def main() -> None:
    """Print ``{"stale": bool, "reason": str | null}``; exit code 1 if it cannot be determined."""
    configure_logging(logging.WARNING)
    try:
        reason = why_stale(get_database(), AnalyticsStorage.from_settings())
    except (DatabaseError, StorageError) as error:
        logging.getLogger(__name__).warning("%s", error)
        sys.exit(1)
    sys.stdout.write(json.dumps({"stale": reason is not None, "reason": reason}) + "\n")


if __name__ == "__main__":
    main()
