"""``cocktaildb refresh``."""

import logging
from typing import Annotated, Any

import typer

from api.cli.console import print_json, stderr


def refresh(
    force: Annotated[
        bool, typer.Option("--force", help="Compute even if nothing has changed.")
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

    The result is one JSON object on stdout. On SIGTERM it saves its progress and exits with code
    143; the next refresh of the same data resumes there.
    """
    from api.analytics.interruption import INTERRUPTED_EXIT_CODE, Interrupted, interruptible

    try:
        with interruptible():
            result = _refresh(force, scheduler, verbose)
    except Interrupted as interruption:
        stderr.print(f"Interrupted: {interruption}. The next refresh resumes from here.")
        raise typer.Exit(INTERRUPTED_EXIT_CODE) from None
    if not result["changed"]:
        stderr.print("Nothing has changed: the current snapshot stays (--force recomputes).")
    print_json({"status": "success", **result})


def _refresh(force: bool, scheduler: str | None, verbose: bool) -> dict[str, Any]:
    from api.analytics.analytics_refresh import regenerate_analytics
    from api.analytics.log import configure_logging
    from api.cli.progress_bar import BarReporter

    if verbose or not stderr.is_terminal:
        configure_logging()
        return regenerate_analytics(force=force, scheduler=scheduler)
    configure_logging(logging.WARNING)
    with BarReporter(stderr) as reporter:
        return regenerate_analytics(force=force, reporter=reporter, scheduler=scheduler)
