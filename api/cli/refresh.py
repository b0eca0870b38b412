"""``cocktaildb refresh``."""

import json
import logging
from typing import Annotated

import typer

from api.analytics.log import configure_logging
from api.analytics.progress import BarReporter
from api.analytics.warmup import umap_warming_up
from api.cli.console import failing_clearly, stderr


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

    The result is one JSON object on stdout.
    """
    with failing_clearly(), umap_warming_up():
        # Here, not above: it brings numba and SciPy, for which no other command should wait.
        from api.analytics.analytics_refresh import regenerate_analytics

        if verbose or not stderr.is_terminal:
            configure_logging()
            result = regenerate_analytics(force=force, scheduler=scheduler)
        else:
            configure_logging(logging.WARNING)
            with BarReporter(stderr) as reporter:
                result = regenerate_analytics(force=force, reporter=reporter, scheduler=scheduler)
    if not result["changed"]:
        stderr.print("Nothing has changed: the current snapshot stays. (--force computes anyway.)")
    typer.echo(json.dumps({"status": "success", **result}))
