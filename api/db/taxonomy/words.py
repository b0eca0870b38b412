"""Lists of words that the matcher treats alike, from ``words.ini``."""

import configparser
import functools
from collections.abc import Mapping
from importlib.resources import files

from api.db.search_names import fold


@functools.cache
def word_lists() -> Mapping[str, frozenset[str]]:
    """Return the folded words of each section."""
    parser = configparser.ConfigParser()
    parser.read_string((files("api.db.taxonomy") / "words.ini").read_text(encoding="utf-8"))
    return {name: frozenset(fold(parser[name]["words"]).split()) for name in parser.sections()}


def descriptions() -> frozenset[str]:
    """Return the words that describe an ingredient and name none."""
    return word_lists()["descriptions"]
