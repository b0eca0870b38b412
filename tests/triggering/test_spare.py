"""A refresh that is started in advance and waits for a write."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import text

from api.analytics.analytics_refresh import regenerate_analytics
from api.db.database import Database
from api.db.frames import Dataset
from api.utils.analytics_cache import AnalyticsStorage
from benchmarks.small_database import first_recipes

ROOT = Path(__file__).parents[2]
#: The job, which names on stderr what it imported after its wait.
_JOB = """
import sys
from api.analytics import analytics_refresh

wait = analytics_refresh.wait_for_parent
known = set()

def wait_for_parent():
    known.update(sys.modules)
    return wait()

analytics_refresh.wait_for_parent = wait_for_parent
try:
    analytics_refresh.main()
finally:
    print("imported late:", *sorted(set(sys.modules) - known), file=sys.stderr)
"""
#: Of the `parquet` extra, which pandas uses where it is installed; small.
_ALLOWED = {"pyarrow.pandas_compat", "pyarrow.vendored.version"}


def test_a_spare_imports_nothing_after_waiting(
    tmp_path: Path, make_database: Callable[[Dataset | None], Database]
) -> None:
    database = make_database(first_recipes(40))
    # Maps from scratch need more: most refreshes have one to start from.
    storage = AnalyticsStorage(directory=tmp_path / "analytics")
    regenerate_analytics(database=database, storage=storage)
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE recipe_ingredients SET amount = 7 WHERE id = 1"))
    settings = {"DB_PATH": str(database.sqlite_path), "ANALYTICS_DIR": str(tmp_path / "analytics")}
    with subprocess.Popen(
        [sys.executable, "-c", _JOB, "--watch-stdin"],
        cwd=ROOT,
        env={**os.environ, **settings},
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as spare:
        assert spare.stdin is not None
        assert spare.stderr is not None
        spare.stdin.write("\n")
        spare.stdin.flush()
        *log, late = spare.stderr.read().splitlines()
    assert spare.returncode == 0, log
    assert late.startswith("imported late:")
    assert set(late.split()[2:]) <= _ALLOWED
