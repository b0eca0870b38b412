"""``cocktaildb db``: make, fill, check and empty out the recipe database."""

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.markup import escape
from sqlalchemy import URL

from api.cli.console import exit_on_error, stderr
from api.db.check import check_dataset
from api.db.database import Database, get_database
from api.db.dataset import Dataset, read_dataset
from api.db.errors import DatabaseError, DatasetError, Fault
from api.db.exchange.csv_files import read_csv_directory, write_csv_directory
from api.db.exchange.json_document import read_json_document, to_json_document
from api.db.exchange.resolve import to_dataset
from api.db.migrations import upgrade
from api.db.write import write_dataset
from api.sample import sample_directory

app = typer.Typer(help="Make, fill and check the recipe database.", no_args_is_help=True)

_SHOWN = 50


@app.command()
def init(
    sample: Annotated[
        bool, typer.Option("--sample/--empty", help="With the IBA cocktails, or with no rows.")
    ] = True,
    force: Annotated[
        bool, typer.Option("--force", help="Replace a database that is there.")
    ] = False,
) -> None:
    """Make the database that the environment names (DB_PATH or DATABASE_URL)."""
    with exit_on_error():
        dataset = _parse(Path(str(sample_directory()))) if sample else None
        database = get_database()
        path = database.sqlite_path
        if path is not None:
            _make_file(path, dataset, force)
            typer.echo(str(path))
            return
        with database.engine.connect() as connection:
            occupied = database.engine.dialect.has_table(connection, "recipes")
        if occupied and not force:
            raise DatabaseError(f"{database!r} has recipes. Replace them with --force.")
        _fill(database, dataset)
        typer.echo(repr(database))


def _make_file(path: Path, dataset: Dataset | None, force: bool) -> None:
    if path.exists() and not force:
        raise DatabaseError(f"{path} exists. Replace it with --force.")
    path.parent.mkdir(parents=True, exist_ok=True)
    # Built aside and renamed: a failure half-way leaves what was there.
    with tempfile.TemporaryDirectory(prefix=".cocktaildb-", dir=path.parent) as directory:
        built = Path(directory) / path.name
        _fill(Database(URL.create("sqlite", database=str(built))), dataset)
        for suffix in ("-wal", "-shm", "-journal"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        shutil.move(built, path)


def _fill(database: Database, dataset: Dataset | None) -> None:
    upgrade(database.engine)
    if dataset is not None:
        with database.engine.begin() as connection:
            write_dataset(connection, dataset)
    database.dispose()


@app.command("import")
def import_(
    source: Annotated[Path, typer.Argument(help="A directory of CSV files, or a JSON file.")],
) -> None:
    """Replace the database's rows by those of your files, if they have no errors."""
    with exit_on_error():
        dataset = _parse(source)
        database = get_database()
        if database.sqlite_path is not None:
            database.sqlite_path.parent.mkdir(parents=True, exist_ok=True)
        _fill(database, dataset)
    typer.echo(
        f"{len(dataset.recipes)} recipes, {len(dataset.ingredients)} ingredients, "
        f"{len(dataset.units)} units"
    )


@app.command()
def export(
    target: Annotated[Path, typer.Argument(help="A directory, or a JSON file.")],
    format_: Annotated[
        Literal["csv", "json"] | None,
        typer.Option("--format", help="By default JSON if the target's name ends in .json."),
    ] = None,
) -> None:
    """Write every row to CSV files or to one JSON file, which import takes back."""
    with exit_on_error():
        with get_database().snapshot() as connection:
            dataset = read_dataset(connection)
        try:
            if (format_ or ("json" if target.suffix == ".json" else "csv")) == "json":
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(to_json_document(dataset), encoding="utf-8")
            else:
                write_csv_directory(dataset, target)
        except OSError as error:
            raise DatabaseError(f"{target} cannot be written: {error}.") from error
    typer.echo(str(target))


@app.command()
def check(
    source: Annotated[
        Path | None,
        typer.Argument(help="CSV directory, JSON file or SQLite file; default: the database."),
    ] = None,
) -> None:
    """Say what is wrong with the data, row by row. Exit code 1 if there are errors."""
    with exit_on_error():
        if source is not None and (source.is_dir() or source.suffix == ".json"):
            _, faults = _read(source)
        else:
            database = (
                get_database()
                if source is None
                else Database(URL.create("sqlite", database=str(source)))
            )
            try:
                with database.snapshot() as connection:
                    faults = check_dataset(read_dataset(connection))
            except DatasetError as error:
                faults = list(error.faults)
    for fault in faults:
        typer.echo(f"{fault.severity}: {fault}")
    errors = sum(fault.severity == "error" for fault in faults)
    stderr.print(f"{errors} errors, {len(faults) - errors} warnings")
    raise typer.Exit(1 if errors else 0)


@app.command()
def migrate() -> None:
    """Bring the database's schema up to date, keeping its rows."""
    with exit_on_error():
        database = get_database()
        path = database.sqlite_path
        if path is not None and not path.is_file():
            raise DatabaseError(f"There is no {path}. Make one with: cocktaildb db init")
        upgrade(database.engine)
        database.dispose()


def _read(source: Path) -> tuple[Dataset | None, list[Fault]]:
    if not source.exists():
        raise DatabaseError(f"There is no {source}.")
    raw = read_csv_directory(source) if source.is_dir() else read_json_document(source)
    return to_dataset(raw)


def _parse(source: Path) -> Dataset:
    dataset, faults = _read(source)
    errors = [fault for fault in faults if fault.severity == "error"]
    _warn([fault for fault in faults if fault.severity == "warning"])
    if errors or dataset is None:
        raise DatasetError(errors)
    return dataset


def _warn(faults: Sequence[Fault]) -> None:
    for fault in faults[:_SHOWN]:
        stderr.print("[yellow]warning:[/]", escape(str(fault)))
    if len(faults) > _SHOWN:
        stderr.print(f"... and {len(faults) - _SHOWN} more warnings")
