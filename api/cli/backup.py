"""``cocktaildb backup`` and ``cocktaildb restore``."""

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from api.cli.console import STDOUT, stderr

_FORCE = typer.Option("--force", help="Replace what is there.")


def backup(
    file: Annotated[
        Path, typer.Argument(help="The backup to write: one SQLite file; - writes it to stdout.")
    ],
    force: Annotated[bool, _FORCE] = False,
) -> None:
    """Back up the database to a file while others read and write it."""
    from api.db.backup import create_backup
    from api.db.database import get_database

    database = get_database()
    if file != STDOUT:
        create_backup(database, file, overwrite=force)
        typer.echo(str(file))
        return
    if sys.stdout.isatty():
        raise typer.BadParameter("a backup is binary: redirect stdout to a file.")
    with tempfile.TemporaryDirectory() as directory:
        made = Path(directory) / "backup.db"
        create_backup(database, made)
        with made.open("rb") as stream:
            shutil.copyfileobj(stream, sys.stdout.buffer)


def restore(
    file: Annotated[Path, typer.Argument(help="A backup, or another SQLite file.")],
    force: Annotated[bool, _FORCE] = False,
) -> None:
    """Replace the database by a backup, after checking that the backup is complete."""
    from api.cli.imports import follow_up
    from api.db.backup import restore as restore_backup
    from api.db.database import get_database

    database = get_database()
    kept = restore_backup(file, database, overwrite=force)
    database.dispose()
    if kept is not None:
        stderr.print(f"The previous database is kept in {kept}")
    follow_up(refresh=False)
    typer.echo(repr(database) if database.sqlite_path is None else str(database.sqlite_path))
