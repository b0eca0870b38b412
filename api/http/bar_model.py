"""The recipes as shelf questions need them, read again only when the database has changed."""

import logging
import threading
from collections.abc import Hashable
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from api.db.database import Database
from api.db.errors import DatabaseError
from api.db.revision import Revisions

if TYPE_CHECKING:
    from api.analysis.bar.model import BarModel

logger = logging.getLogger(__name__)


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
        self._first: threading.Thread | None = None

    def begin(self) -> None:
        """Begin to read the recipes in the background, so that the first question finds them."""
        self._first = threading.Thread(target=self._try, name="bar", daemon=True)
        self._first.start()

    def get(self) -> "BarModel":
        """Return the model of what is committed now.

        Raises
        ------
        DatabaseError
            If the database cannot be read.
        """
        # Here, not above: they bring NumPy, which a cold start on Lambda would wait for.
        from api.analysis.bar.model import BarModel
        from api.db.bar_rows import read_bar_rows

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
        if self._first is not None:
            self._first.join()
        self._revisions.close()

    def _try(self) -> None:
        try:
            self.get()
        except (DatabaseError, SQLAlchemyError) as error:
            logger.warning("the recipes cannot be read yet: %s", error)
