"""``cocktaildb quality``."""

import csv
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.console import print_json, stderr

if TYPE_CHECKING:
    from rich.table import Table

    from api.analysis.quality import KnownExchange, Quality

#: Where a checkout has the two lists, and where an installed package has them.
_LISTS = (
    Path(__file__).parents[2] / "benchmarks",
    Path(__file__).parents[1] / "analysis" / "quality_lists",
)
_SEPARATOR = "|"

Lists = Annotated[
    Path | None,
    typer.Option(
        "--lists",
        metavar="FOLDER",
        help="Folder with families.csv and known_exchanges.csv; by default those of the package.",
        exists=True,
        file_okay=False,
    ),
]


def quality(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    lists: Lists = None,
) -> None:
    """Measure the learned distance against simpler ones, on the database.

    Families: recipes whose names share a word are near each other. Hidden ingredient: a recipe's
    relatives show what was taken out of it. Known exchanges: what bartenders exchange ranks high.
    Held-out exchanges: so does what distinguishes two recipes, learned without them.
    """
    from api.analysis.ground_metric import ground_problem
    from api.analysis.quality import measure_quality
    from api.analysis.recipe_volumes import recipe_volumes
    from api.db.database import get_database
    from api.db.db_analytics import AnalyticsQueries

    dataset = AnalyticsQueries(get_database()).dataset
    folder = lists if lists is not None else _default_lists()
    problem = ground_problem(recipe_volumes(dataset), dataset.ingredients)
    with stderr.status("Measuring") as status:
        found = measure_quality(
            problem,
            dataset.ingredients,
            _read_families(folder),
            _read_known(folder),
            lambda line: status.update(f"Measuring {line}"),
        )
    if as_json:
        print_json(asdict(found))
        return
    from rich.console import Console

    console = Console(width=120)
    console.print(
        f"{found.recipes:,} recipes, {found.ingredients:,} ingredients; {found.known_matched} of "
        f"{found.known_listed} known exchanges have both ingredients here"
    )
    console.print(_scores_table(found))
    console.print(_differences_table(found))


def _default_lists() -> Path:
    for folder in _LISTS:
        if (folder / "families.csv").exists():
            return folder
    raise typer.BadParameter("families.csv is not installed: name its folder with --lists.")


def _read_families(folder: Path) -> list[tuple[str, ...]]:
    with (folder / "families.csv").open(encoding="utf-8", newline="") as file:
        return [tuple(row["words"].split(_SEPARATOR)) for row in csv.DictReader(file)]


def _read_known(folder: Path) -> "list[KnownExchange]":
    from api.analysis.quality import KnownExchange

    with (folder / "known_exchanges.csv").open(encoding="utf-8", newline="") as file:
        return [
            KnownExchange(
                tuple(row["ingredient"].split(_SEPARATOR)),
                tuple(row["substitute"].split(_SEPARATOR)),
            )
            for row in csv.DictReader(file)
        ]


def _scores_table(found: "Quality") -> "Table":
    from rich.table import Table

    methods = list(dict.fromkeys(score.method for score in found.scores))
    table = Table("measure (queries)", *methods)
    for measure in dict.fromkeys(score.measure for score in found.scores):
        rows = {score.method: score for score in found.scores if score.measure == measure}
        queries = next(iter(rows.values())).queries
        table.add_row(
            f"{measure} ({queries:,})",
            *[f"{rows[name].estimate.value:.3f}" if name in rows else "" for name in methods],
        )
    return table


def _differences_table(found: "Quality") -> "Table":
    from rich.table import Table

    rivals = list(dict.fromkeys(difference.rival for difference in found.differences))
    table = Table("learned minus", *rivals, title="95 % bootstrap intervals")
    for measure in dict.fromkeys(difference.measure for difference in found.differences):
        cells = {d.rival: d.estimate for d in found.differences if d.measure == measure}
        table.add_row(
            measure,
            *[
                f"{cells[rival].value:+.3f} [{cells[rival].low:+.3f}, {cells[rival].high:+.3f}]"
                if rival in cells
                else ""
                for rival in rivals
            ],
        )
    return table
