"""Analytics of a database: :class:`~api.analysis.analysis.Analysis` of its current rows."""

import logging

from api.analysis.analysis import Analysis
from api.analysis.ground_metric import Checkpoints, PairEngine
from api.db.check import check_dataset
from api.db.database import Database
from api.db.dataset import read_dataset
from api.db.errors import DatasetError
from api.db.frames import Dataset

logger = logging.getLogger(__name__)

_LOGGED = 20


def read_checked_dataset(db: Database) -> Dataset:
    """Read the whole dataset in one snapshot.

    Raises
    ------
    DatabaseError
        If the database cannot be read.
    DatasetError
        If rows have errors that prevent a correct result; lists each.
    """
    with db.snapshot() as connection:
        dataset = read_dataset(connection)
    errors = [f for f in check_dataset(dataset, texts=False) if f.severity == "error"]
    if errors:
        raise DatasetError(errors)
    for fault in dataset.faults[:_LOGGED]:
        logger.warning("%s", fault)
    if len(dataset.faults) > _LOGGED:
        logger.warning("... and %d more; see: cocktaildb db check", len(dataset.faults) - _LOGGED)
    return dataset


class AnalyticsQueries(Analysis):
    """The analytics of one state of the database.

    Reads the database once, on construction; create a new instance to see new data.

    Parameters
    ----------
    db
        The recipe database.
    engine, checkpoints
        See :class:`~api.analysis.analysis.Analysis`.

    Raises
    ------
    DatabaseError
        If the database cannot be read, or :class:`~api.db.errors.DatasetError` if its rows have
        errors.
    """

    def __init__(
        self,
        db: Database,
        engine: PairEngine | None = None,
        checkpoints: Checkpoints | None = None,
    ) -> None:
        super().__init__(read_checked_dataset(db), engine, checkpoints)
        self.db = db
