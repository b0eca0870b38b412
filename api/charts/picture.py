"""The map as a picture for link previews, drawn with NumPy alone: most networks show no SVG."""

import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from api.charts.palette import GROUPS, LIGHT_PAPER

#: Pixels, in the proportion that link previews show uncropped (1.91 to 1).
WIDTH, HEIGHT = 1200, 630
_MARGIN = 60
#: The rest of a large map is not drawn: marks would cover each other.
_MOST_MARKS = 3000
#: How much of the map is shown around a recipe, at least, of the map's width of 2.
_CLOSEST = 0.6

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class MapPoints:
    """The recipes of a map.

    Attributes
    ----------
    places
        (recipes, 2): x and y in [-1, 1], NaN for a recipe that is not on the map.
    groups
        (recipes,): positions in :data:`.palette.GROUPS`.
    """

    places: Floats
    groups: Ints


def draw_picture(points: MapPoints, chosen: Sequence[int], center: int | None = None) -> bytes:
    """Return a PNG of the map on which some recipes stand out.

    Parameters
    ----------
    points
        The map.
    chosen
        Positions of the recipes that stand out.
    center
        A recipe to look at closely, joined to the chosen ones; by default the whole map is shown.
    """
    canvas = _Canvas()
    on_map: Bools = np.logical_and.reduce(np.isfinite(points.places), axis=1)
    shown = [one for one in chosen if on_map[one] and one != center]
    pixels = _to_pixels(points.places, on_map, shown, center)
    colors = np.array([_rgb(group.light) for group in GROUPS])[points.groups]
    faint = 0.35 * colors + 0.65 * _rgb(LIGHT_PAPER)
    inside = on_map & ((pixels > -20) & (pixels < (WIDTH + 20, HEIGHT + 20))).all(axis=1)
    marks = np.flatnonzero(inside)
    for one in marks[:: max(1, len(marks) // _MOST_MARKS)]:
        canvas.disc(pixels[one], 7.0, faint[one])
    if center is not None:
        for one in shown:
            canvas.line(pixels[center], pixels[one], 2.5, colors[center])
    for one in shown:
        canvas.disc(pixels[one], 13.0, colors[one])
    if center is not None:
        canvas.disc(pixels[center], 30.0, colors[center])
        canvas.disc(pixels[center], 23.0, _rgb(LIGHT_PAPER))
        canvas.disc(pixels[center], 17.0, colors[center])
    return _png(canvas.pixels)


def _to_pixels(places: Floats, on_map: Bools, shown: Sequence[int], center: int | None) -> Floats:
    """Return where each place is in the picture: x to the right, y upwards as on the map."""
    free = np.array([WIDTH, HEIGHT]) / 2 - _MARGIN
    if center is None:
        known = places[on_map] if on_map.any() else np.zeros((1, 2))
        middle = (known.min(axis=0) + known.max(axis=0)) / 2
        reach = np.maximum((known.max(axis=0) - known.min(axis=0)) / 2, 1e-9)
    else:
        middle = places[center]
        away = np.abs(places[list(shown)] - middle) if shown else np.zeros((1, 2))
        reach = np.maximum(away.max(axis=0), _CLOSEST / 2)
    scale = (free / reach).min()
    pixels: Floats = (places - middle) * (scale, -scale) + (WIDTH / 2, HEIGHT / 2)
    return pixels


class _Canvas:
    """A picture to draw on, with smooth edges."""

    def __init__(self) -> None:
        self.pixels: Floats = np.tile(_rgb(LIGHT_PAPER), (HEIGHT, WIDTH, 1))

    def disc(self, center: Floats, radius: float, color: Floats) -> None:
        self.line(center, center, 2 * radius, color)

    def line(self, start: Floats, end: Floats, width: float, color: Floats) -> None:
        """Draw a line with round ends."""
        low = np.minimum(start, end) - width / 2 - 1
        high = np.maximum(start, end) + width / 2 + 2
        left, top = np.clip(np.floor(low), 0, (WIDTH, HEIGHT)).astype(int)
        right, bottom = np.clip(np.ceil(high), 0, (WIDTH, HEIGHT)).astype(int)
        if left >= right or top >= bottom:
            return
        x = np.arange(left, right) + 0.5 - start[0]
        y = np.arange(top, bottom)[:, None] + 0.5 - start[1]
        along = end - start
        length = float(along @ along)
        share = np.clip((x * along[0] + y * along[1]) / length, 0, 1) if length else 0.0
        distance = np.hypot(x - share * along[0], y - share * along[1])
        cover = np.clip(width / 2 + 0.5 - distance, 0, 1)[:, :, None]
        part = self.pixels[top:bottom, left:right]
        part += cover * (color - part)


def _rgb(color: str) -> Floats:
    return np.array([int(color[start : start + 2], 16) for start in (1, 3, 5)], dtype=float)


def _png(pixels: Floats) -> bytes:
    """Return a picture as PNG (ISO/IEC 15948): 8 bits a channel, each row unfiltered."""
    height, width = pixels.shape[:2]
    rows = np.zeros((height, 1 + 3 * width), dtype=np.uint8)
    rows[:, 1:] = np.rint(pixels).astype(np.uint8).reshape(height, -1)

    def chunks() -> Iterator[bytes]:
        yield b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
        yield b"IDAT" + zlib.compress(rows.tobytes(), 6)
        yield b"IEND"

    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
        for chunk in chunks()
    )
