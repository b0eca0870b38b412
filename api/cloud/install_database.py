"""The Lambda that puts a database file on the file system, which nothing outside the VPC reaches.

Imports nothing but the standard library and boto3, which the Lambda runtime brings.
"""

import os
import shutil
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import boto3

_COMPANIONS = ("-wal", "-shm", "-journal")


def lambda_handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """Move an object of the bucket ANALYTICS_BUCKET to DB_PATH, after checking that it is sound.

    Once the database is in place, the version of the object that was installed is deleted, so that
    no copy of the database remains in the versioned bucket. A refused object is kept.

    Parameters
    ----------
    event
        ``{"key": "install/cocktails.db"}``; with ``"replace": true`` a database that is there is
        replaced, and kept beside it with the ending ``.replaced``.
    context
        Not used.

    Returns
    -------
    dict
        ``path``, ``bytes`` and ``recipes``.

    Raises
    ------
    FileExistsError
        If there is a database already and ``replace`` is not given.
    ValueError
        If the object is not a sound recipe database, or the database in place has companion files.
    """
    target = Path(os.environ["DB_PATH"])
    if target.exists() and not event.get("replace"):
        raise FileExistsError(f'{target} exists. Say "replace": true to replace it.')
    in_use = [target.name + end for end in _COMPANIONS if Path(f"{target}{end}").exists()]
    if in_use:
        raise ValueError(f"{in_use[0]} is there: the database is being written to. Try again.")

    # Beside the target, so that the last step is one rename within the file system.
    arriving = target.with_name(f".{target.name}.arriving")
    s3 = boto3.client("s3")
    source = {"Bucket": os.environ["ANALYTICS_BUCKET"], "Key": event["key"]}
    try:
        version = s3.head_object(**source).get("VersionId")
        source |= {"VersionId": version} if version else {}
        with arriving.open("wb") as file:
            shutil.copyfileobj(s3.get_object(**source)["Body"], file)
        recipes = _count_recipes(arriving)
        if target.exists():
            # A second name for it, not a copy: the rename below takes only the first.
            kept = target.with_name(f"{target.name}.replaced")
            kept.unlink(missing_ok=True)
            kept.hardlink_to(target)
        size = arriving.stat().st_size
        arriving.replace(target)
        s3.delete_object(**source)
    finally:
        arriving.unlink(missing_ok=True)
    return {"path": str(target), "bytes": size, "recipes": recipes}


def _count_recipes(path: Path) -> int:
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as connection:
            found = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
            if found != "ok":
                raise ValueError(f"the object is a damaged database: {found}")
            return int(connection.execute("SELECT count(*) FROM recipes").fetchone()[0])
    except sqlite3.DatabaseError as error:
        raise ValueError(f"the object is not a recipe database: {error}") from error
