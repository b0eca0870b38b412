"""The Python interpreters of this machine."""

import shutil
import subprocess
from pathlib import Path


def find_python(version: str) -> str | None:
    """Return a Python of a version, such as 3.12: one on the path, or one that pyenv keeps."""
    kept = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python3"))
    for candidate in [f"python{version}", *map(str, kept)]:
        found = shutil.which(candidate)
        if found and _version(found) == version:
            return found
    return None


def _version(python: str) -> str:
    command = [python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
