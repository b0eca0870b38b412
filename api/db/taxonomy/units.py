"""Units of measure and the words that people write for them."""

import csv
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

from api.db.search_names import fold


@dataclass(frozen=True)
class Unit:
    """A unit of measure.

    Attributes
    ----------
    name, abbreviation
        As the database stores them.
    conversion_to_ml
        Milliliters in one; None where no fixed volume exists.
    """

    name: str
    abbreviation: str | None
    conversion_to_ml: float | None


def unit_key(text: str) -> str:
    """Return ``text`` as unit words are compared: folded, without dots.

    Examples
    --------
    >>> unit_key("Fl. Oz."), unit_key("cuillère à café")
    ('fl oz', 'cuillere a cafe')
    """
    return " ".join(fold(text).replace(".", " ").replace("_", " ").split())


@functools.cache
def known_units() -> Mapping[str, Unit]:
    """Return the shipped units by name."""
    return {unit.name: unit for unit, _ in _rows()}


@functools.cache
def unit_words() -> Mapping[str, Unit]:
    """Return the shipped units by every key that means them, plurals included."""
    found: dict[str, Unit] = {}
    plurals: dict[str, Unit] = {}
    for unit, aliases in _rows():
        for word in (unit.name, unit.abbreviation or unit.name, *aliases):
            key = unit_key(word)
            found.setdefault(key, unit)
            # 'bar spoons', and 'cuilleres a cafe'.
            first, space, others = key.partition(" ")
            for plural in _plurals(key) + tuple(f"{x} {others}" for x in _plurals(first) if space):
                plurals.setdefault(plural, unit)
    return {**plurals, **found}


def find_unit(text: str) -> Unit | None:
    """Return the shipped unit that ``text`` names.

    Examples
    --------
    >>> find_unit("Ounces").name, find_unit("tblsp").name, find_unit("furlong")
    ('Ounce', 'Tablespoon', None)
    """
    # 'T' is a tablespoon and 't' a teaspoon: the one place where case counts.
    single = {"T": "Tablespoon", "t": "Teaspoon", "c": "Cup", "C": "Cup"}.get(text.strip(" ."))
    return known_units()[single] if single else unit_words().get(unit_key(text))


def _plurals(word: str) -> tuple[str, ...]:
    if len(word) < 3 or not word.replace(" ", "").isalpha():
        return ()
    if word.endswith(("sh", "ch", "x", "s", "z")):
        return (f"{word}es",)
    return (f"{word}s", f"{word}n") if word.endswith("e") else (f"{word}s",)


def _rows() -> list[tuple[Unit, list[str]]]:
    text = (files("api.db.taxonomy") / "units.csv").read_text(encoding="utf-8")
    return [
        (
            Unit(
                row["name"],
                row["abbreviation"] or None,
                float(row["conversion_to_ml"]) if row["conversion_to_ml"] else None,
            ),
            [alias for alias in row["aliases"].split("|") if alias],
        )
        for row in csv.DictReader(text.splitlines())
    ]
