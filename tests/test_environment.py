"""What the machine's environment says must not reach a test."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from api.settings import Settings
from tests.conftest import SETTINGS_VARIABLES

PROBE = "test_no_setting_reaches_a_test"


def test_no_setting_reaches_a_test() -> None:
    assert {name for name in SETTINGS_VARIABLES if name in os.environ} == set()
    assert "AWS_PROFILE" not in os.environ


def test_every_setting_from_outside_is_removed() -> None:
    assert len(SETTINGS_VARIABLES) == len(Settings.model_fields)
    assert {"ANALYTICS_TRIGGER_FUNCTION", "REFRESH_QUEUE"} <= set(SETTINGS_VARIABLES)
    outside = dict.fromkeys([*SETTINGS_VARIABLES, "AWS_PROFILE"], "production")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"{__file__}::{PROBE}"],
        env={**os.environ, **outside},
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", ["DB_PATH", "REFRESH_QUEUE"])
def test_a_test_may_set_its_own(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "own.db")
    assert str(getattr(Settings(), name.lower())) == "own.db"
