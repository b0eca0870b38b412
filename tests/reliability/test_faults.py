"""The campaign of benchmarks/faults.py in short; docs/reliability.md has the long one."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc")
def test_random_faults_lose_no_write() -> None:
    """One sequence of each kind of database and store."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.faults", "--sequences", "4", "--seed", "2"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    assert done.stdout, done.stderr
    outcome = json.loads(done.stdout.splitlines()[-1])
    assert outcome["violations"] == []
    assert sum(outcome["sequences"].values()) == 4
    assert outcome["acknowledged"] > 0
    assert outcome["readings"] > 0
