"""``cocktaildb report``."""

from pathlib import Path
from typing import Annotated

import typer

from api.cli.console import write_text


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
    from api.cli.own_analytics import read_own
    from api.report.render import render_report

    manifest, artifacts = read_own(ARTIFACT_NAMES)
    write_text(output, render_report(artifacts, manifest.model_dump(mode="json")))
