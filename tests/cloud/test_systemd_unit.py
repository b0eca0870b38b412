"""The systemd unit, read by systemd itself; nothing is installed or started."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cloud.transformed import ROOT

UNIT = ROOT / "deploy" / "cocktaildb.service"
#: Of 10. systemd calls everything below 2.0 "OK"; an unrestricted service has 9.6.
_EXPOSURE = 2.0


def _analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = shutil.which("systemd-analyze")
    if command is None:
        pytest.skip("systemd-analyze is not installed: apt install systemd")
    return subprocess.run([command, *arguments], capture_output=True, text=True, timeout=60)


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """Return the unit with this environment's command instead of the installed one."""
    command = Path(sys.executable).parent / "cocktaildb"
    text, found = re.subn(r"(?m)^ExecStart=\S+", f"ExecStart={command}", UNIT.read_text())
    assert found == 1
    path = tmp_path / UNIT.name
    path.write_text(text)
    return path


def test_systemd_accepts_every_line(unit: Path) -> None:
    result = _analyze("verify", "--man=no", str(unit))
    # Unknown settings are warnings, with exit code 0.
    assert (result.returncode, result.stderr) == (0, "")


def test_unit_is_hardened(unit: Path) -> None:
    result = _analyze("security", "--offline=true", "--no-pager", str(unit))
    if "--offline" in result.stderr:
        pytest.skip("systemd-analyze security --offline needs systemd 250")
    level = re.search(r"Overall exposure level for .*?: ([\d.]+)", result.stdout)
    assert level, result.stderr
    assert float(level[1]) < _EXPOSURE
