"""``cocktaildb snapshots``."""

from contextlib import suppress
from typing import Annotated, Any

import typer

from api.cli.console import print_json, stderr

app = typer.Typer(help="List published snapshots, and go back to one.", no_args_is_help=True)


@app.command("list")
def list_(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """List the snapshots, newest first; * marks the current one."""
    from rich.console import Console
    from rich.table import Table

    from api.cli.own_analytics import DatabaseState
    from api.db.database import get_database
    from api.utils.analytics_cache import AnalyticsStorage

    snapshots = AnalyticsStorage.from_settings().snapshots
    with get_database() as database:
        present = DatabaseState(database)
    current = snapshots.current()
    rows: list[dict[str, Any]] = [
        {
            "snapshot_id": manifest.snapshot_id,
            "current": current is not None and manifest.snapshot_id == current.snapshot_id,
            "created_at": manifest.created_at.isoformat(),
            "artifacts": len(manifest.artifacts),
            "recipes": manifest.counts.get("cocktail_space_count"),
            "foreign": present.of(manifest) == "foreign",
        }
        for manifest in snapshots.history()
    ]
    if as_json:
        print_json(rows)
        return
    if not rows:
        stderr.print("There is no snapshot yet. Create one with: cocktaildb refresh")
        return
    table = Table("", "Snapshot", "Published (UTC)", "Artifacts", "Recipes", box=None)
    for row in rows:
        table.add_row(
            "*" if row["current"] else "",
            row["snapshot_id"],
            row["created_at"][:19].replace("T", " "),
            str(row["artifacts"]),
            "" if row["recipes"] is None else str(row["recipes"]),
        )
    Console(soft_wrap=True, markup=False, emoji=False, highlight=False).print(table)
    if foreign := [row["snapshot_id"] for row in rows if row["foreign"]]:
        stderr.print(f"Computed from another database: {', '.join(foreign)}", soft_wrap=True)


@app.command()
def rollback(
    snapshot_id: Annotated[
        str | None, typer.Argument(help="Its id; by default the one before the current.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Even if it was computed from another database.")
    ] = False,
) -> None:
    """Make an older snapshot the current one.

    The next refresh publishes the database's present data again.
    """
    from api.db.database import get_database
    from api.db.errors import DatabaseError
    from api.db.identity import read_database_id
    from api.utils.analytics_cache import AnalyticsStorage

    database_id = None
    if not force:
        with suppress(DatabaseError), get_database().snapshot() as connection:
            database_id = read_database_id(connection)
    manifest = AnalyticsStorage.from_settings().snapshots.rollback(
        snapshot_id, database_id=database_id
    )
    typer.echo(manifest.snapshot_id)
