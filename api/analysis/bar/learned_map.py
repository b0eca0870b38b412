"""Where recipes lie on the learned map, and its neighborhoods, in arrays.

A large `atlas` is published with them beside it, so that a menu is checked without reading it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import Any

import numpy as np

from api.analysis.arrays import Floats, Ids

#: How the bytes of a map begin; another form begins otherwise.
_FORM = b"map 1\n\n\n"


@dataclass(frozen=True)
class Region:
    """A neighborhood of the map: its name, size and center."""

    name: str
    size: int
    x: float
    y: float


@dataclass(frozen=True)
class LearnedMap:
    """The learned map.

    Attributes
    ----------
    ids
        Shape (n,), ascending: the recipes on it.
    x, y
        Shape (n,).
    """

    ids: Ids
    x: Floats
    y: Floats
    regions: Sequence[Region]

    @classmethod
    def from_atlas(cls, atlas: Mapping[str, Any]) -> "LearnedMap":
        """Return the map of `atlas`."""
        drawn = next(one for one in atlas["maps"] if one["key"] == "em")
        x, y = np.array(drawn["x"], np.float64), np.array(drawn["y"], np.float64)
        placed = ~np.isnan(x)  # None, where a recipe is not on this map
        ids = np.array(atlas["recipes"]["id"], np.int64)
        regions = [Region(one["name"], one["size"], one["x"], one["y"]) for one in drawn["regions"]]
        return cls(ids[placed], x[placed], y[placed], regions)

    @classmethod
    def from_bytes(cls, data: bytes) -> "LearnedMap | None":
        """Return what :meth:`to_bytes` wrote; None for what another release wrote in its form."""
        if not data.startswith(_FORM):
            return None
        begin = len(_FORM) + 8
        count = int(np.frombuffer(data, "<i8", 1, len(_FORM))[0])
        ids = np.frombuffer(data, "<i8", count, begin)
        x, y = np.frombuffer(data, "<f8", 2 * count, begin + ids.nbytes).reshape(2, count)
        regions = json.loads(data[begin + 3 * ids.nbytes :])
        return cls(ids, x, y, [Region(*one) for one in regions])

    def to_bytes(self) -> bytes:
        """Return the form's name, the number of recipes, the arrays, and the regions as JSON."""
        arrays = (
            np.array(len(self.ids), "<i8"),
            self.ids.astype("<i8"),
            self.x.astype("<f8"),
            self.y.astype("<f8"),
        )
        regions = json.dumps([astuple(one) for one in self.regions])
        return _FORM + b"".join(one.tobytes() for one in arrays) + regions.encode()
