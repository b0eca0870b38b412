"""Work beside the main thread."""

import subprocess
import sys

import pytest

from api.analytics.background import in_background


def test_error_is_the_callers() -> None:
    def fail() -> None:
        raise KeyError("gin")

    with pytest.raises(KeyError, match="gin"):
        in_background(fail).result()


def test_process_does_not_wait_for_it() -> None:
    program = (
        "import time; from api.analytics.background import in_background; "
        "in_background(lambda: time.sleep(600))"
    )
    assert subprocess.run([sys.executable, "-c", program], timeout=60).returncode == 0
