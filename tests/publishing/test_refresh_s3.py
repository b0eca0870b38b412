"""The job publishes to a bucket as it does to a directory."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from api.db.database import Database
from api.db.frames import Dataset
from api.utils.analytics_cache import AnalyticsStorage


def test_the_job_publishes_to_s3(
    make_database: Callable[[Dataset | None], Database], sample: Dataset, bucket: str
) -> None:
    database = make_database(sample)
    done = subprocess.run(
        [sys.executable, "-m", "api.analytics.analytics_refresh"],
        env={
            **os.environ,
            "DB_PATH": str(database.sqlite_path),
            "DB_NAME": "cocktails",
            "ANALYTICS_BUCKET": bucket,
        },
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["location"] == f"s3://{bucket}/analytics/"
    points = AnalyticsStorage(bucket).get_analytics("cocktail-space-em")
    assert points is not None
    assert len(points) == len(sample.recipes)
