"""``cocktaildb import``: recipes from files in any shape."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from api.cli.console import print_json, stderr

if TYPE_CHECKING:
    from api.db.exchange.drafts import Collection
    from api.db.exchange.mapping import Mapping
    from api.db.exchange.planning import ImportPlan

Sources = Annotated[
    list[Path],
    typer.Argument(metavar="SOURCE...", help="Files, folders, zip archives, or - for stdin."),
]
#: How long reading may take, and then writing: above any collection, below a night.
MAX_SECONDS = 3600.0

DryRun = Annotated[bool, typer.Option("--dry-run", help="Report what would be done, do nothing.")]


def import_(
    sources: Sources,
    on_duplicate: Annotated[
        Literal["skip", "update", "keep-both"],
        typer.Option("--on-duplicate", help="What to do with recipes whose names exist."),
    ] = "skip",
    replace: Annotated[
        bool,
        typer.Option("--replace", help="Replace everything in the database; a backup is kept."),
    ] = False,
    mapping: Annotated[
        Path | None,
        typer.Option(
            "--mapping",
            help="Read what names mean from this YAML file; if there is none, write it.",
        ),
    ] = None,
    dry_run: DryRun = False,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Compute the analytics at once, in this process.")
    ] = False,
    time_limit: Annotated[
        float,
        typer.Option(
            "--time-limit", min=1, help="End the import after this many seconds.", metavar="SECONDS"
        ),
    ] = MAX_SECONDS,
    review: Annotated[
        bool,
        typer.Option("--review/--no-review", help="Ask about unknown names, on a terminal."),
    ] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of lines.")] = False,
) -> None:
    """Import recipes from tables, JSON, YAML, SQLite, texts, web pages or archives.

    The shape is recognized by content. Ingredients are placed in the tree; amounts are read as
    people write them. Nothing that is in the database changes unless you say so.
    """
    from api.cli.review import reviewed
    from api.db.exchange.mapping import Mapping, read_mapping, write_mapping
    from api.db.exchange.report import summary
    from api.db.exchange.sources import read_paths
    from api.db.exchange.time_limit import time_limit as limited

    decided = Mapping()
    if mapping is not None and mapping.exists():
        decided = read_mapping(mapping)
    interactive = review and not as_json and sys.stdin.isatty() and stderr.is_terminal
    with limited(time_limit):
        source = read_paths(sources)
    if interactive:
        with limited(time_limit):
            plan = _run(source, on_duplicate, replace, decided, dry_run=True)
        decided = reviewed(plan, decided)
    with limited(time_limit):
        plan = _run(source, on_duplicate, replace, decided, dry_run=dry_run)
    if mapping is not None and not mapping.exists():
        write_mapping(mapping, plan.names)
        stderr.print(f"Wrote {mapping}: correct it, and import with it again.")
    if as_json:
        print_json(plan.report.model_dump(mode="json"))
    else:
        typer.echo("\n".join(summary(plan.report)))
    if not dry_run:
        follow_up(refresh)


def _run(
    source: "Collection",
    on_duplicate: Literal["skip", "update", "keep-both"],
    replace: bool,
    mapping: "Mapping",
    *,
    dry_run: bool,
) -> "ImportPlan":
    from api.db.catalog.errors import CatalogError
    from api.db.database import get_database
    from api.db.errors import DatabaseError
    from api.db.exchange.importing import import_collection, replace_all

    database = get_database()
    try:
        if replace:
            return replace_all(database, source, mapping=mapping, dry_run=dry_run)
        return import_collection(
            database, source, on_duplicate=on_duplicate, mapping=mapping, dry_run=dry_run
        )
    except CatalogError as error:
        raise DatabaseError(error.detail) from error
    finally:
        database.dispose()


def follow_up(refresh: bool) -> None:
    """Bring the analytics up to date: at once, or when a worker comes to it."""
    if refresh:
        from api.cli.refresh import refresh as refresh_now

        refresh_now()
        return
    from api.jobs.request_refresh import request_refresh

    if request_refresh().via == "none":
        stderr.print("Bring the analytics up to date with: cocktaildb refresh")
    else:
        stderr.print("A refresh of the analytics is queued for: cocktaildb worker")
