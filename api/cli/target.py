"""Which refreshes a command means: this machine's, or those of a stack on AWS."""

from typing import Annotated, Literal

import typer

Environment = Literal["dev", "prod"]

Target = Annotated[
    Environment | None,
    typer.Argument(metavar="[dev|prod]", help="The stack on AWS; by default this machine."),
]
LocalFlag = Annotated[bool, typer.Option("--local", help="This machine, as by default.")]


def target_of(target: Environment | None, local: bool) -> Environment | None:
    """Return the stack's environment, or None for this machine."""
    if local and target is not None:
        raise typer.BadParameter(f"it cannot be {target} and --local at once.")
    return target
