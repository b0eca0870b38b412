"""Each optional dependency: where it is missing, one sentence says what to install."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from api.db.database import Database
from api.db.frames import Dataset

# A finder in front of all others, which knows the modules of one extra not to be there.
WITHOUT = """
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {missing}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Missing())
from api.cli.main import main
sys.exit(main({arguments}))
"""


@pytest.mark.parametrize(
    ("extra", "modules", "arguments", "environment"),
    [
        ("aws", ["boto3", "botocore"], ["snapshots", "list"], {"ANALYTICS_BUCKET": "bucket"}),
        ("aws", ["boto3", "botocore"], ["trigger", "dev"], {}),
        ("dask", ["distributed", "dask"], ["refresh", "--scheduler", "local"], {}),
        ("postgresql", ["psycopg"], ["db", "check"], {"DATABASE_URL": "postgresql://host/x"}),
    ],
)
def test_missing_extra_is_one_explained_line(
    extra: str,
    modules: list[str],
    arguments: list[str],
    environment: dict[str, str],
    make_database: Callable[[Dataset | None], Database],
    sample: Dataset,
    tmp_path: Path,
) -> None:
    root = Path(__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT.format(missing=modules, arguments=arguments)],
        env={
            "PATH": "/usr/bin:/bin",
            "PYTHONPATH": str(root),
            "DB_PATH": str(make_database(sample).sqlite_path),
            **environment,
        },
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert done.stdout == ""
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("Error: ")
    assert last.endswith(f"pip install 'cocktaildb-analytics[{extra}]'")
    assert "Traceback" not in done.stderr
