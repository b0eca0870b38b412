"""Which refreshes a command acts on: this machine's, or those of a stack on AWS."""

from typing import Annotated, Literal

import typer

Environment = Literal["dev", "prod"]

Target = Annotated[
    Environment | None,
    typer.Argument(metavar="[dev|prod]", help="The stack on AWS; by default this machine."),
]
LocalFlag = Annotated[bool, typer.Option("--local", help="This machine (the default).")]


def target_of(target: Environment | None, local: bool) -> Environment | None:
    """Return the stack's environment, or None for this machine."""
    if local and target is not None:
        raise typer.BadParameter(f"use either {target} or --local, not both.")
    return target
