"""The recipes as shelf questions need them, read again only when the database has changed."""

import threading
from collections.abc import Hashable

from api.analysis.bar.model import BarModel
from api.db.bar_rows import read_bar_rows
from api.db.database import Database
from api.db.revision import Revisions


class CurrentBar:
    """The model of the present recipes. Safe to use from any thread.

    Parameters
    ----------
    database
        Where they are.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._revisions = Revisions(database)
        self._lock = threading.Lock()
        self._known: tuple[Hashable, BarModel] | None = None

    def get(self) -> BarModel:
        """Return the model of what is committed now.

        Raises
        ------
        DatabaseError
            If the database cannot be read.
        """
        # Who waited for the lock takes what its holder has read, if it still holds.
        with self._lock:
            before = self._revisions.current()
            if self._known is not None and before is not None and self._known[0] == before:
                return self._known[1]
            self._known = None  # two models of a large collection would not fit a small machine
            with self._database.snapshot() as connection:
                model = BarModel.from_rows(read_bar_rows(connection))
            # What was committed meanwhile may be in the model, or not.
            if before is not None and self._revisions.current() == before:
                self._known = before, model
            return model

    def close(self) -> None:
        """Close the connection to the database."""
        self._revisions.close()
