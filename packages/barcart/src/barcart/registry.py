"""What the rows or columns of a matrix represent."""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from numbers import Integral
from typing import Any

import numpy as np
import numpy.typing as npt


def normalize_id(value: Any) -> str:
    """Write an identifier as text, the same for every type a table may carry it in.

    Integers become their decimal digits. So do whole floats, because pandas turns a column of
    integers with a gap into floats. Text is kept as it is.

    Raises
    ------
    ValueError
        If the value is missing, empty, or no identifier (a fraction, a boolean, a list, ...).
    """
    if type(value) is int:  # nearly all: the checks below take ten times as long
        return str(value)
    if isinstance(value, str) and value:
        return value
    if isinstance(value, Integral) and not isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float | np.floating) and math.isfinite(value) and value == int(value):
        return str(int(value))
    raise ValueError(f"{value!r} is no identifier; use text or an integer")


@dataclass(frozen=True)
class Registry:
    """Immutable register of the ids and names along one axis of a matrix.

    Parameters
    ----------
    ids
        Unique identifiers as text; position i names row (or column) i.
    names
        Names shown to people, as many as ids. They need not be unique.

    Raises
    ------
    ValueError
        If the lengths differ, an id occurs twice, or an id is no text.
    """

    ids: tuple[str, ...]
    names: tuple[str, ...]
    _positions: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "ids", tuple(self.ids))
        object.__setattr__(self, "names", tuple(self.names))
        if len(self.ids) != len(self.names):
            raise ValueError(
                f"ids has {len(self.ids)} entries but names has {len(self.names)}; "
                "give every id one name"
            )
        positions: dict[str, int] = {}
        for position, identifier in enumerate(self.ids):
            if not isinstance(identifier, str):
                raise ValueError(
                    f"ids entry {position}: {identifier!r} is no text; use str(id) or "
                    "Registry.from_pairs"
                )
            if identifier in positions:
                raise ValueError(
                    f"ids entries {positions[identifier]} and {position} are both "
                    f"{identifier!r}; ids must be unique"
                )
            positions[identifier] = position
        object.__setattr__(self, "_positions", positions)

    @classmethod
    def from_pairs(cls, pairs: Iterable[tuple[Any, Any]] | Mapping[Any, Any]) -> "Registry":
        """Build a register of (id, name) pairs, ids given as text or integers."""
        items: Iterable[tuple[Any, Any]] = pairs.items() if isinstance(pairs, Mapping) else pairs
        listed = [(normalize_id(identifier), str(name)) for identifier, name in items]
        return cls(tuple(entry[0] for entry in listed), tuple(entry[1] for entry in listed))

    def __len__(self) -> int:
        return len(self.ids)

    def __iter__(self) -> Iterator[str]:
        """Iterate over the ids in order."""
        return iter(self.ids)

    def __contains__(self, identifier: object) -> bool:
        try:
            return normalize_id(identifier) in self._positions
        except ValueError:
            return False

    def index_of(self, identifier: Any) -> int:
        """Return the position of an id.

        Raises
        ------
        KeyError
            If the id isn't registered.
        """
        return self._positions[normalize_id(identifier)]

    def id_at(self, index: int) -> str:
        """Return the id at a position; IndexError outside 0 ... len - 1."""
        return self.ids[self._within(index)]

    def name_at(self, index: int) -> str:
        """Return the name at a position; IndexError outside 0 ... len - 1."""
        return self.names[self._within(index)]

    def indices_of(self, identifiers: Iterable[Any]) -> npt.NDArray[np.int64]:
        """Return the positions of many ids, -1 for those that aren't registered."""
        positions = self._positions
        return np.fromiter(
            (positions.get(normalize_id(identifier), -1) for identifier in identifiers),
            dtype=np.int64,
        )

    def _within(self, index: int) -> int:
        # Python's negative indices would turn the -1 of `indices_of` into the last entry.
        if not 0 <= index < len(self.ids):
            raise IndexError(f"position {index} is not within the {len(self.ids)} entries")
        return index
