"""The sample that ships: the IBA's official cocktails, as files that ``db import`` reads."""

from importlib.resources import files
from importlib.resources.abc import Traversable


def sample_directory() -> Traversable:
    """Return the directory of the sample's CSV files."""
    return files(__name__)
