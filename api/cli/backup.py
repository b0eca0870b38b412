"""``cocktaildb backup`` and ``cocktaildb restore``."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from api.cli.console import exit_on_error, stderr
from api.db.backup import create_backup
from api.db.backup import restore as restore_backup
from api.db.database import get_database

_FORCE = typer.Option("--force", help="Replace what is there.")


def backup(
    file: Annotated[Path, typer.Argument(help="The backup to write: one SQLite file.")],
    force: Annotated[bool, _FORCE] = False,
) -> None:
    """Back up the database to a file, while others go on reading and writing it."""
    with exit_on_error():
        create_backup(get_database(), file, overwrite=force)
    typer.echo(str(file))


def restore(
    file: Annotated[Path, typer.Argument(help="A backup, or another SQLite file.")],
    force: Annotated[bool, _FORCE] = False,
) -> None:
    """Replace the database by a backup, after checking that the backup is whole."""
    with exit_on_error():
        database = get_database()
        kept = restore_backup(file, database, overwrite=force)
        database.dispose()
    if kept is not None:
        stderr.print(f"What was there before is kept in {escape(str(kept))}")
    stderr.print("Bring the analytics up to date with: cocktaildb refresh")
    typer.echo(repr(database) if database.sqlite_path is None else str(database.sqlite_path))
