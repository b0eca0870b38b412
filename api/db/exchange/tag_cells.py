"""Tags in one cell: separated by ``;``, with ``\\`` before a separator that belongs to a tag."""

import re
from collections.abc import Iterable

_TAG = re.compile(r"((?:[^\\;]|\\.)*)(?:;|$)", re.DOTALL)


def join_tags(names: Iterable[str]) -> str:
    """Return tags as one cell.

    Examples
    --------
    >>> join_tags(["stirred", "a;b"])
    'stirred;a\\\\;b'
    """
    return ";".join(re.sub(r"([\\;])", r"\\\1", name) for name in names)


def split_tags(cell: str) -> list[str]:
    """Return the tags of a cell that :func:`join_tags` made."""
    if cell.endswith("\\") and not cell.endswith("\\\\"):
        cell += "\\"
    found = [re.sub(r"\\(.)", r"\1", part, flags=re.DOTALL).strip() for part in _TAG.findall(cell)]
    return [name for name in found if name]
