"""``cocktaildb report``."""

from pathlib import Path
from typing import Annotated

import typer

from api.cli.console import stderr, write_text


def report(
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help="Where to write the HTML file; - writes to stdout."),
    ] = Path("var/report.html"),
) -> None:
    """Write the current snapshot as one HTML file that needs no server.

    Its path is printed on stdout.
    """
    from api.analytics.artifacts import ARTIFACT_NAMES
    from api.report.render import render_report
    from api.utils.analytics_cache import AnalyticsStorage

    found = AnalyticsStorage.from_settings().read_current(ARTIFACT_NAMES)
    if found is None:
        stderr.print("There is no snapshot yet. Create one with: cocktaildb refresh")
        raise typer.Exit(1)
    manifest, artifacts = found
    write_text(output, render_report(artifacts, manifest.model_dump(mode="json")))
