"""What every command shares: where it talks to people, and how it fails."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer
from rich.console import Console
from rich.text import Text

#: For people: progress, remarks and errors. The result alone goes to stdout. Texts are printed
#: literally: an ingredient may be called "Gin [red]", and an extra is written [dask].
stderr = Console(stderr=True, soft_wrap=True, highlight=False, markup=False, emoji=False)

#: A target of this name means stdout.
STDOUT = Path("-")


def print_error(message: str) -> None:
    """Print a message on stderr, marked as an error."""
    stderr.print(Text.assemble(("Error: ", "bold red"), message))


def print_warning(message: str) -> None:
    """Print a message on stderr, marked as a warning."""
    stderr.print(Text.assemble(("warning: ", "yellow"), message))


def print_json(value: object) -> None:
    """Print a command's result: one line of JSON on stdout; dates and paths become text."""
    typer.echo(json.dumps(value, default=str))


def write_text(target: Path, text: str) -> None:
    """Write a file, making its directory, or stdout where the target is ``-``."""
    if target == STDOUT:
        sys.stdout.write(text)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
    typer.echo(str(target))


@contextmanager
def exit_on_error() -> Iterator[None]:
    """Turn an error that a user can resolve into its message and exit code 1."""
    try:
        yield
    # Evaluated only once something is raised: these modules are slow to import.
    except _explained() as error:
        print_error(_message(error))
        raise SystemExit(1) from error


def _explained() -> tuple[type[Exception], ...]:
    """Return the errors whose message says what to do, and those of which we know what to say."""
    from sqlalchemy.exc import OperationalError

    from api.analytics.scheduler import SchedulerError
    from api.db.errors import DatabaseError
    from api.extras import MissingExtraError
    from api.jobs.errors import CloudError
    from api.jobs.local_queue import QueueError
    from api.settings import SettingsError
    from api.storage.errors import StorageError

    return (
        CloudError,
        DatabaseError,
        MissingExtraError,
        OperationalError,
        OSError,
        QueueError,
        SchedulerError,
        SettingsError,
        StorageError,
    )


def _message(error: Exception) -> str:
    from sqlalchemy.exc import OperationalError

    if isinstance(error, OSError) and error.strerror:
        place = f"{error.filename}: " if error.filename else ""
        return f"{place}{error.strerror}. Check the path, its permissions and the free space."
    if isinstance(error.__cause__, OperationalError) and "locked" in str(error.__cause__):
        error = error.__cause__
    if isinstance(error, OperationalError):
        reason = str(error.orig or error).strip().splitlines()[0]
        if "locked" in reason:
            return (
                f"{reason}: another process is writing to it. Wait until it has finished, "
                "then run the command again."
            )
        return f"The database failed: {reason}. Check DB_PATH or DATABASE_URL."
    return str(error)
