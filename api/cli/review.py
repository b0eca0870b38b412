"""The questions that ``cocktaildb import`` asks on a terminal about names it does not know."""

from typing import TYPE_CHECKING

import typer

from api.cli.console import stderr

if TYPE_CHECKING:
    from api.db.exchange.mapping import Mapping
    from api.db.exchange.planning import ImportPlan
    from api.db.exchange.report import PlacedName


def reviewed(plan: "ImportPlan", mapping: "Mapping") -> "Mapping":
    """Ask where each unsorted name belongs; return the mapping with the answers."""
    from api.db.exchange.mapping import Mapping

    unsorted = plan.report.unsorted
    if not unsorted:
        return mapping
    stderr.print(
        f"{len(unsorted)} names are unknown. Answer each with an ingredient or a number, - to "
        f"leave its lines out, or Enter to put it below Unsorted."
    )
    answers = Mapping(dict(mapping.ingredients), dict(mapping.measures))
    for name in unsorted:
        _ask(name, answers)
    return answers


def _ask(name: "PlacedName", answers: "Mapping") -> None:
    from api.db.exchange.mapping import Target
    from api.db.search_names import same_name

    stderr.print(f"{name.written} ({name.lines} line{'' if name.lines == 1 else 's'})")
    for number, suggestion in enumerate(name.suggestions, 1):
        stderr.print(f"  {number}  {suggestion}")
    answer = typer.prompt(">", default="", show_default=False, err=True).strip()
    if not answer:
        return
    if answer.isdigit() and 0 < int(answer) <= len(name.suggestions):
        answer = name.suggestions[int(answer) - 1]
    key = same_name(name.written)
    answers.ingredients[key] = None if answer == "-" else Target(answer)
