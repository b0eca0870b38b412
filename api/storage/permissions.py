"""Modes of the files that we create: the umask decides, but never more than 750 and 640."""

from pathlib import Path

DIRECTORY_MODE = 0o750
FILE_MODE = 0o640


def make_directory(path: Path) -> None:
    """Create a directory and its missing parents, each with :data:`DIRECTORY_MODE` at most."""
    missing = []
    while not path.exists():
        missing.append(path)
        path = path.parent
    for directory in reversed(missing):
        directory.mkdir(mode=DIRECTORY_MODE, exist_ok=True)
