"""``cocktaildb schema``."""

from typing import Annotated

import typer

from api.cli.console import print_json


def schema(
    name: Annotated[
        str | None, typer.Argument(help="An artifact, such as cocktail-space; all by default.")
    ] = None,
) -> None:
    """Print the JSON Schema of an artifact, or of every artifact by name."""
    from api.http.models.schemas import ARTIFACTS, artifact_schema

    schemas = {one: artifact_schema(one) for one in ARTIFACTS if name in (None, one)}
    if not schemas:
        raise typer.BadParameter(
            f"There is no artifact {name}. Choose one of {', '.join(ARTIFACTS)}."
        )
    print_json(schemas if name is None else schemas.popitem()[1])
