"""``cocktaildb snapshots``."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from api.cli.console import exit_on_error, stderr
from api.utils.analytics_cache import AnalyticsStorage

app = typer.Typer(help="Look at published snapshots, and go back to one.", no_args_is_help=True)


@app.command("list")
def list_() -> None:
    """List the snapshots, newest first; * marks the one that readers see."""
    with exit_on_error():
        snapshots = AnalyticsStorage.from_settings().snapshots
        current = snapshots.current()
        table = Table("", "Snapshot", "Published (UTC)", "Artifacts", "Recipes", box=None)
        for manifest in snapshots.history():
            is_current = current is not None and manifest.snapshot_id == current.snapshot_id
            table.add_row(
                "*" if is_current else "",
                manifest.snapshot_id,
                manifest.created_at.strftime("%Y-%m-%d %H:%M:%S"),
                str(len(manifest.artifacts)),
                str(manifest.counts.get("cocktail_space_count", "")),
            )
    if table.row_count:
        Console(soft_wrap=True).print(table)
    else:
        stderr.print("There is no snapshot yet. Make one with: cocktaildb refresh")


@app.command()
def rollback(
    snapshot_id: Annotated[
        str | None, typer.Argument(help="Which; by default the one before the current.")
    ] = None,
) -> None:
    """Make an older snapshot the one that readers see.

    The next refresh publishes the database's present data again.
    """
    with exit_on_error():
        manifest = AnalyticsStorage.from_settings().snapshots.rollback(snapshot_id)
    typer.echo(manifest.snapshot_id)
