"""Errors of the database, each with its remedy."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

_SHOWN = 5


class DatabaseError(Exception):
    """The database cannot be opened, read or written. The message states the remedy."""


class DatabaseFullError(DatabaseError):
    """There is no room for what is to be written; nothing was changed."""


#: The remedy of a database that cannot be written.
MAKE_WRITABLE = "Allow writing to the file and to its folder, or use a copy of it."


def is_read_only(error: Exception) -> bool:
    """Return whether a write failed because the file, its folder or the session is read-only."""
    cause = getattr(error, "orig", None) or error
    code = getattr(cause, "sqlite_errorcode", 0) & 0xFF
    return code == sqlite3.SQLITE_READONLY or getattr(cause, "sqlstate", None) == "25006"


def write_error(name: str, error: Exception) -> DatabaseError:
    """Return why the database of this name cannot be written, without statements and their values.

    Examples
    --------
    >>> from sqlalchemy.exc import OperationalError
    >>> write_error("bar.db", OperationalError("INSERT", {}, sqlite3.OperationalError("is locked")))
    DatabaseError('bar.db cannot be written: is locked.')
    """
    # SQLAlchemy's errors keep the driver's. They are not imported: `--help` needs neither.
    cause = getattr(error, "orig", None) or error
    code = getattr(cause, "sqlite_errorcode", 0) & 0xFF
    # disk_full: https://www.postgresql.org/docs/current/errcodes-appendix.html
    if code == sqlite3.SQLITE_FULL or getattr(cause, "sqlstate", None) == "53100":
        return DatabaseFullError(f"{name} cannot be written: its disk is full. Make room on it.")
    if is_read_only(error):
        return DatabaseError(f"{name} cannot be written: it is read-only. {MAKE_WRITABLE}")
    return DatabaseError(f"{name} cannot be written: {str(cause).strip().rstrip('.')}.")


@dataclass(frozen=True, order=True)
class Fault:
    """One thing wrong with the data.

    Attributes
    ----------
    table, row, field
        Where: the table or file, the row's id or line, the column.
    message, remedy
        What is wrong, and what to do about it.
    severity
        An 'error' prevents a correct result; a 'warning' does not.
    """

    table: str
    row: str
    field: str
    message: str
    remedy: str
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        return f"{self.table}, {self.row}, {self.field}: {self.message} {self.remedy}"


class DatasetError(DatabaseError):
    """Rows have errors that prevent a correct result.

    Attributes
    ----------
    faults
        All faults; the message shows the first few.
    """

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        lines = [f"The data has {len(faults)} fault{'' if len(faults) == 1 else 's'}:"]
        lines += [f"  {fault}" for fault in self.faults[:_SHOWN]]
        if len(faults) > _SHOWN:
            lines.append(f"  ... and {len(faults) - _SHOWN} more; see: cocktaildb db check")
        super().__init__("\n".join(lines))
