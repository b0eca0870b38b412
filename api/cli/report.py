"""``cocktaildb report``."""

from pathlib import Path
from typing import Annotated

import typer

from api.cli.console import exit_on_error, stderr
from api.settings import DEFAULT_DATA_DIR
from api.utils.analytics_cache import AnalyticsStorage


def report(
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Where to write the HTML file.")
    ] = DEFAULT_DATA_DIR / "report.html",
) -> None:
    """Write the current snapshot as one HTML file to look at, with no server.

    Its path is printed on stdout.
    """
    # Here, not above: they bring SciPy, for which no other command should wait.
    from api.analytics.artifacts import ARTIFACT_NAMES
    from api.report.render import render_report

    with exit_on_error():
        found = AnalyticsStorage.from_settings().read_current(ARTIFACT_NAMES)
    if found is None:
        stderr.print("There is no snapshot yet. Make one with: cocktaildb refresh")
        raise typer.Exit(1)
    manifest, artifacts = found
    html = render_report(artifacts, manifest.model_dump(mode="json"))
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(html, encoding="utf-8")
    typer.echo(str(output))
