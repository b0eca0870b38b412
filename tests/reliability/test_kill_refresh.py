"""The campaign of benchmarks/kill_refresh.py in short; docs/reliability.md has the long one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TRIALS = 4


@pytest.mark.parametrize("store", ["local", "s3"])
def test_a_killed_refresh_leaves_readers_unharmed(store: str) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "benchmarks.kill_refresh",
            "--trials",
            str(TRIALS),
            "--store",
            store,
        ],
        cwd=ROOT,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.stdout, done.stderr
    outcome = json.loads(done.stdout.splitlines()[-1])
    assert outcome["faults"] == [], f"replay with --seed {outcome['seed']}"
    assert outcome["reads"] > TRIALS
    assert outcome["versions_read"] > 1
    assert sum(outcome["killed_in"].values()) == TRIALS
    assert outcome["killed_in"]["Publishing"] > 0
