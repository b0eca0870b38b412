"""What every command shares: where it talks to people, and how it fails."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer
from rich.console import Console

from api.analytics.scheduler import SchedulerError
from api.db.errors import DatabaseError
from api.jobs.errors import CloudError
from api.jobs.local_queue import QueueError
from api.storage.errors import StorageError

#: For people: progress, remarks and errors. The result alone goes to stdout.
stderr = Console(stderr=True, soft_wrap=True, highlight=False)


@contextmanager
def exit_on_error() -> Iterator[None]:
    """Turn an error that a user can mend into its message and exit code 1."""
    try:
        yield
    except (CloudError, DatabaseError, QueueError, SchedulerError, StorageError) as error:
        stderr.print("[bold red]Error:[/]", str(error), markup=True)
        raise typer.Exit(1) from error
