"""The ``cocktaildb`` command.

Importing this module imports no command's work: each imports what it needs when it runs, so that
``--help`` and completion answer at once.
"""

import atexit
import gc
from typing import Annotated

import typer

from api.cli import (
    backup,
    bar,
    db,
    imports,
    quality,
    refresh,
    report,
    schema,
    serve,
    snapshots,
    status,
    trigger,
    worker,
)
from api.cli.console import exit_on_error

app = typer.Typer(
    name="cocktaildb",
    help="Analytics of a cocktail-recipe database.",
    no_args_is_help=True,
    # Help is printed literally, too.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.add_typer(db.app, name="db")
app.add_typer(snapshots.app, name="snapshots")
app.add_typer(bar.app, name="bar")
app.command("import")(imports.import_)
app.command("refresh")(refresh.refresh)
app.command("report")(report.report)
app.command("quality")(quality.quality)
app.command("schema")(schema.schema)
app.command("backup")(backup.backup)
app.command("restore")(backup.restore)
app.command("serve")(serve.serve)
app.command("worker")(worker.worker)
app.command("trigger")(trigger.trigger)
app.command("status")(status.status)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        from api.extras import DISTRIBUTION

        typer.echo(f"cocktaildb {version(DISTRIBUTION)}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Analytics of a cocktail-recipe database."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command; an error that a user can resolve ends it in one line and exit code 1."""
    atexit.register(gc.freeze)  # to look for garbage at the exit takes a tenth of a second
    with exit_on_error():
        app(arguments)


if __name__ == "__main__":
    main()
