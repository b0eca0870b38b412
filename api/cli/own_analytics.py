"""The published analytics for a command that shows them: of this database, or refused."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from api.cli.console import print_warning
from api.db.database import Database, get_database
from api.db.errors import DatabaseError
from api.db.fingerprint import database_fingerprint
from api.db.identity import read_database_id
from api.storage.errors import ForeignSnapshotError, StorageError
from api.storage.snapshots import Manifest, State
from api.utils.analytics_cache import AnalyticsStorage


class DatabaseState:
    """The present recipes, to compare snapshots with.

    Parameters
    ----------
    database
        Where they are. Without a readable database there is nothing to compare with, and every
        snapshot counts as current.
    """

    def __init__(self, database: Database) -> None:
        self._compared: tuple[str, str] | None = None
        if database.sqlite_path is not None and not database.sqlite_path.is_file():
            return
        try:
            with database.snapshot() as connection:
                fingerprint = database_fingerprint(connection)
                self._compared = read_database_id(connection), fingerprint
        except (DatabaseError, SQLAlchemyError) as error:
            print_warning(f"The analytics cannot be compared with the recipes: {error}")

    def of(self, manifest: Manifest) -> State:
        """Return whether a snapshot is of these recipes."""
        return "current" if self._compared is None else manifest.state(*self._compared)


def read_own(names: Iterable[str]) -> tuple[Manifest, dict[str, Any]]:
    """Return artifacts of the current snapshot with its manifest; warn if it is stale.

    Raises
    ------
    StorageError
        If there is no snapshot.
    ForeignSnapshotError
        If it was computed from another database.
    """
    found = AnalyticsStorage.from_settings().read_current(names)
    if found is None:
        raise StorageError("There is no snapshot yet. Create one with: cocktaildb refresh")
    with get_database() as database:
        state = DatabaseState(database).of(found[0])
    if state == "foreign":
        raise ForeignSnapshotError(
            "The published analytics were computed from another database. Compute those of this "
            "one with: cocktaildb refresh"
        )
    if state == "stale":
        print_warning(
            "Recipes have changed since the analytics were computed. Update them with: "
            "cocktaildb refresh"
        )
    return found
