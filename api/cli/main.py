"""The ``cocktaildb`` command."""

import typer

from api.cli import backup, db, refresh, report, serve, snapshots, status, trigger, worker

app = typer.Typer(
    name="cocktaildb",
    help="Analytics of a cocktail-recipe database.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)
app.add_typer(db.app, name="db")
app.add_typer(snapshots.app, name="snapshots")
app.command("refresh")(refresh.refresh)
app.command("report")(report.report)
app.command("backup")(backup.backup)
app.command("restore")(backup.restore)
app.command("serve")(serve.serve)
app.command("worker")(worker.worker)
app.command("trigger")(trigger.trigger)
app.command("status")(status.status)


if __name__ == "__main__":
    app()
