"""``cocktaildb refresh``."""

import json
import logging
from typing import Annotated, Any

import typer

from api.analytics.interruption import INTERRUPTED_EXIT_CODE, Interrupted, interruptible
from api.analytics.log import configure_logging
from api.analytics.progress import BarReporter
from api.cli.console import exit_on_error, stderr


def refresh(
    force: Annotated[
        bool, typer.Option("--force", help="Compute although nothing has changed.")
    ] = False,
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS|local",
            help="Compute distances on a Dask cluster: a scheduler's address, or 'local'.",
        ),
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show the log instead of a bar.")
    ] = False,
) -> None:
    """Recompute the analytics and publish them.

    The result is one JSON object on stdout. Told to end by SIGTERM, it keeps how far it came and
    exits with code 143; the next refresh of the same data goes on from there.
    """
    try:
        with exit_on_error(), interruptible():
            result = _refresh(force, scheduler, verbose)
    except Interrupted as interruption:
        stderr.print(f"Interrupted: {interruption}. The next refresh goes on from here.")
        raise typer.Exit(INTERRUPTED_EXIT_CODE) from None
    if not result["changed"]:
        stderr.print("Nothing has changed: the current snapshot stays. (--force computes anyway.)")
    typer.echo(json.dumps({"status": "success", **result}))


def _refresh(force: bool, scheduler: str | None, verbose: bool) -> dict[str, Any]:
    # Here, not above: it brings numba and SciPy, for which no other command should wait.
    from api.analytics.analytics_refresh import regenerate_analytics

    if verbose or not stderr.is_terminal:
        configure_logging()
        return regenerate_analytics(force=force, scheduler=scheduler)
    configure_logging(logging.WARNING)
    with BarReporter(stderr) as reporter:
        return regenerate_analytics(force=force, reporter=reporter, scheduler=scheduler)
