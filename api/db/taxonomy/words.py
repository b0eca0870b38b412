"""Words that describe an ingredient and name none."""

import functools
from importlib.resources import files

from api.db.search_names import fold


@functools.cache
def descriptions() -> frozenset[str]:
    """Return the folded words of ``descriptions.txt``."""
    text = (files("api.db.taxonomy") / "descriptions.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return frozenset(fold(" ".join(lines)).split())
