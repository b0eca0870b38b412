"""``cocktaildb db``: creates, imports, exports, checks and migrates the recipe database."""

import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from api.cli import imports
from api.cli.console import print_json, print_warning, stderr, write_text

if TYPE_CHECKING:
    from api.db.database import Database
    from api.db.errors import Fault
    from api.db.frames import Dataset

app = typer.Typer(
    help="Create, import, export, check and migrate the recipe database.", no_args_is_help=True
)

#: The old name of ``cocktaildb import``.
app.command("import")(imports.import_)

_SHOWN = 50


@app.command()
def init(
    sample: Annotated[
        bool,
        typer.Option("--sample/--empty", help="Start with the IBA cocktails, or with no rows."),
    ] = True,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing database.")] = False,
) -> None:
    """Create the database that DB_PATH or DATABASE_URL names."""
    from sqlalchemy import URL

    from api.db.backup import restore
    from api.db.database import Database, get_database
    from api.db.errors import DatabaseError
    from api.sample import sample_directory

    dataset = _parse(Path(str(sample_directory()))) if sample else None
    database = get_database()
    path = database.sqlite_path
    if path is not None and path.exists() and not force:
        raise DatabaseError(f"{path} exists. Replace it with --force.")
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
    # Built elsewhere, then copied in one transaction: a failure half-way leaves the old rows, and
    # servers that have the database open see the new ones.
    parent = None if path is None else path.parent
    with tempfile.TemporaryDirectory(prefix=".cocktaildb-", dir=parent) as directory:
        built = Path(directory) / "new.db"
        _fill(Database(URL.create("sqlite", database=str(built))), dataset)
        kept = restore(built, database, overwrite=force)
    database.dispose()
    if kept is not None:
        stderr.print(f"The previous database is kept in {kept}", markup=False)
        imports.follow_up(refresh=False)
    typer.echo(repr(database) if path is None else str(path))


def _fill(database: "Database", dataset: "Dataset | None") -> None:
    from api.db.migrations import upgrade
    from api.db.write import write_dataset

    upgrade(database.engine)
    if dataset is not None:
        with database.engine.begin() as connection:
            write_dataset(connection, dataset)
    database.dispose()


@app.command()
def export(
    target: Annotated[Path, typer.Argument(help="A directory, or a JSON file.")],
    format_: Annotated[
        Literal["csv", "json"] | None,
        typer.Option("--format", help="By default JSON if the target's name ends in .json."),
    ] = None,
) -> None:
    """Write every row to CSV files or to one JSON file; import reads either."""
    from api.db.database import get_database
    from api.db.dataset import read_dataset
    from api.db.exchange.export_files import to_json_document, write_csv_directory

    with get_database() as database, database.snapshot() as connection:
        dataset = read_dataset(connection)
    _warn(dataset.faults)
    if (format_ or ("json" if target.suffix == ".json" else "csv")) == "json":
        write_text(target, to_json_document(dataset))
    else:
        write_csv_directory(dataset, target)
        typer.echo(str(target))


@app.command()
def check(
    source: Annotated[
        Path | None,
        typer.Argument(help="CSV directory, JSON file or SQLite file; default: the database."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of lines.")] = False,
) -> None:
    """Report every fault in the data, row by row. The exit code is 1 if there are errors."""
    from sqlalchemy import URL

    from api.db.check import check_dataset
    from api.db.database import Database, get_database
    from api.db.dataset import read_dataset
    from api.db.errors import DatasetError

    if source is not None and (source.is_dir() or source.suffix == ".json"):
        _, faults = _read(source)
    else:
        database = (
            get_database()
            if source is None
            else Database(URL.create("sqlite", database=str(source)))
        )
        try:
            with database, database.snapshot() as connection:
                faults = check_dataset(read_dataset(connection))
        except DatasetError as error:
            faults = list(error.faults)
    if as_json:
        print_json([asdict(fault) for fault in faults])
    else:
        for fault in faults:
            typer.echo(f"{fault.severity}: {fault}")
    errors = sum(fault.severity == "error" for fault in faults)
    stderr.print(f"{_count(errors, 'error')}, {_count(len(faults) - errors, 'warning')}")
    raise typer.Exit(1 if errors else 0)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


@app.command()
def migrate() -> None:
    """Bring the database's schema up to date, keeping its rows."""
    from api.db.database import get_database
    from api.db.errors import DatabaseError
    from api.db.migrations import upgrade

    database = get_database()
    path = database.sqlite_path
    if path is not None and not path.is_file():
        raise DatabaseError(f"There is no database at {path}. Create one with: cocktaildb db init")
    for note in upgrade(database.engine):
        print_warning(note)
    database.dispose()


def _read(source: Path) -> "tuple[Dataset | None, list[Fault]]":
    from api.db.errors import DatabaseError
    from api.db.exchange.resolve import to_dataset
    from api.db.exchange.sources.own_csv import read_csv_directory
    from api.db.exchange.sources.own_json import read_json_document

    if not source.exists():
        raise DatabaseError(f"There is no {source}.")
    raw = read_csv_directory(source) if source.is_dir() else read_json_document(source)
    return to_dataset(raw)


def _parse(source: Path) -> "Dataset":
    from api.db.errors import DatasetError

    dataset, faults = _read(source)
    errors = [fault for fault in faults if fault.severity == "error"]
    _warn([fault for fault in faults if fault.severity == "warning"])
    if errors or dataset is None:
        raise DatasetError(errors)
    return dataset


def _warn(faults: "Sequence[Fault]") -> None:
    for fault in faults[:_SHOWN]:
        print_warning(str(fault))
    if len(faults) > _SHOWN:
        stderr.print(f"... and {len(faults) - _SHOWN} more warnings")
