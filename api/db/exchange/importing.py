"""Imports, whole: what a source says, planned against a database, and written by a sink.

Everything happens in one transaction. An import that fails leaves the database as it was.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, func, select

from api.db.backup import aside_path, create_backup
from api.db.catalog.writing import writing
from api.db.columns import read_table_columns
from api.db.database import Database
from api.db.errors import DatasetError
from api.db.exchange.drafts import Collection
from api.db.exchange.mapping import Mapping
from api.db.exchange.merging import merge
from api.db.exchange.placing import KnownIngredient
from api.db.exchange.planning import CatalogNames, ImportPlan, plan_import
from api.db.exchange.report import OnDuplicate
from api.db.exchange.resolve import to_dataset
from api.db.frames import TABLES, Dataset
from api.db.migrations import upgrade
from api.db.schema import ingredients, units
from api.db.write import write_dataset


def import_collection(
    database: Database,
    source: Collection,
    *,
    on_duplicate: OnDuplicate = "skip",
    mapping: Mapping | None = None,
    dry_run: bool = False,
) -> ImportPlan:
    """Merge a source into a database; an embedded one that does not exist is created.

    Parameters
    ----------
    on_duplicate
        What to do with a recipe whose name exists.
    mapping
        What people decided about names and measures.
    dry_run
        Change nothing, and report what would be done.

    Raises
    ------
    DatasetError
        With every fault by row and field.
    DatabaseError, CatalogError
        If the database cannot be written.
    """
    with (
        _existing(database, dry_run=dry_run) as target,
        writing(target, dry_run=dry_run) as connection,
    ):
        if source.own and _is_empty(connection):
            # Nothing to merge with: the source's ids are kept.
            plan = _fill(connection, source, mapping)
        else:
            plan = import_into(connection, source, on_duplicate, mapping)
    plan.report.dry_run = dry_run
    return plan


def import_into(
    connection: Connection,
    source: Collection,
    on_duplicate: OnDuplicate = "skip",
    mapping: Mapping | None = None,
) -> ImportPlan:
    """Merge a source within the caller's transaction, which must be rolled back on an error."""
    plan = plan_import(source, read_names(connection), mapping)
    done = merge(connection, plan.collection, on_duplicate)
    report = plan.report
    report.created, report.updated = done.created, done.updated
    report.unchanged, report.skipped = done.unchanged, done.skipped
    report.tags_created, report.ratings_created = done.tags_created, done.ratings_created
    return plan


def replace_all(
    database: Database,
    source: Collection,
    *,
    mapping: Mapping | None = None,
    dry_run: bool = False,
) -> ImportPlan:
    """Replace every row of a database by those of a source, keeping a backup beside it.

    The backup of an embedded database is ``<name>.before-import-<time>.db``; that of a server lies
    in the working directory.

    Raises
    ------
    DatasetError
        With every fault by row and field; nothing has changed.
    DatabaseError
        If the database cannot be read or written.
    """
    plan, dataset = _planned_dataset(source, mapping)
    report = plan.report
    report.dry_run = dry_run
    present = database.sqlite_path is None or database.sqlite_path.exists()
    report.replaced = _counts(database) if present else {}
    if dry_run:
        return plan
    if any(report.replaced.values()):
        kept = aside_path(database, "import")
        create_backup(database, kept)
        report.backup = str(kept)
    with _existing(database, dry_run=False) as target, writing(target) as connection:
        write_dataset(connection, dataset)
    return plan


def _fill(connection: Connection, source: Collection, mapping: Mapping | None) -> ImportPlan:
    plan, dataset = _planned_dataset(source, mapping)
    write_dataset(connection, dataset)
    return plan


def _planned_dataset(source: Collection, mapping: Mapping | None) -> tuple[ImportPlan, Dataset]:
    plan = plan_import(source, None, mapping)
    dataset, faults = to_dataset(plan.collection)
    errors = [fault for fault in faults if fault.severity == "error"]
    if errors or dataset is None:
        raise DatasetError(errors)
    plan.report.created, plan.report.tags_created = len(dataset.recipes), len(dataset.tags)
    plan.report.ratings_created = len(dataset.ratings)
    return plan, dataset


def _is_empty(connection: Connection) -> bool:
    return not any(connection.scalar(select(func.count()).select_from(t)) for t in TABLES)


def read_names(connection: Connection) -> CatalogNames:
    """Return the ingredients and units that a database has."""
    available = read_table_columns(connection)
    parent = ingredients.alias("parent")
    found = connection.execute(
        select(ingredients.c.name, parent.c.name)
        .join_from(ingredients, parent, ingredients.c.parent_id == parent.c.id, isouter=True)
        .order_by(ingredients.c.id)
    )
    measured = connection.execute(
        select(units.c.name, available.column(units.c.abbreviation)).order_by(units.c.id)
    )
    return CatalogNames(
        [KnownIngredient(name, kind) for name, kind in found],
        [(name, abbreviation) for name, abbreviation in measured],
    )


@contextmanager
def _existing(database: Database, *, dry_run: bool) -> Iterator[Database]:
    """Yield a database to write to; a new file appears only when all is written."""
    path = database.sqlite_path
    if path is None or path.exists():
        if path is None:
            with database.engine.connect() as connection:
                empty = not database.engine.dialect.has_table(connection, "recipes")
            if empty:
                upgrade(database.engine)
        yield database
        return
    if not dry_run:
        path.parent.mkdir(parents=True, exist_ok=True)
    parent = path.parent if path.parent.exists() else None
    with tempfile.TemporaryDirectory(prefix=".import-", dir=parent) as directory:
        made = Database(URL.create("sqlite", database=str(Path(directory) / path.name)))
        upgrade(made.engine)
        yield made
        made.dispose()
        if not dry_run:
            shutil.move(str(made.sqlite_path), path)


def _counts(database: Database) -> dict[str, int]:
    with database.snapshot() as connection:
        available = read_table_columns(connection)
        return {
            table.name: connection.scalar(select(func.count()).select_from(table)) or 0
            for table in TABLES
            if available.has(table.name)
        }
