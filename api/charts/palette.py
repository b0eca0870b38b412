"""The groups by which the report colors recipes and ingredients.

Each group has a color *and* a mark shape, so that no reader has to rely on color alone. Two groups
of the same shape stay apart under protanopia, deuteranopia and tritanopia, and every color has a
contrast of at least 3:1 against its theme's paper (WCAG 2.2, success criterion 1.4.11); the tests
compute both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Shape = Literal["circle", "square", "triangle", "diamond", "cross", "ring"]

LIGHT_PAPER: Final = "#fbf8f2"
DARK_PAPER: Final = "#15120f"


@dataclass(frozen=True, slots=True)
class Group:
    """One entry of the legend.

    Parameters
    ----------
    key
        Name used in CSS custom properties and in the page's data; lower-case ASCII.
    label
        What a reader sees.
    shape
        Mark that represents the group on the maps.
    light, dark
        sRGB colors, ``#rrggbb``, for the two themes.
    """

    key: str
    label: str
    shape: Shape
    light: str
    dark: str


GROUPS: Final[tuple[Group, ...]] = (
    Group("whiskey", "Whiskey", "circle", "#c26a00", "#ffa933"),
    Group("gin", "Gin", "square", "#00796b", "#1fb89b"),
    Group("rum", "Rum & cachaça", "triangle", "#6b2a0c", "#c4663a"),
    Group("agave", "Tequila & mezcal", "triangle", "#5a992a", "#c3e84f"),
    Group("brandy", "Brandy & pisco", "diamond", "#c2185b", "#ff7d9c"),
    Group("vodka", "Vodka", "circle", "#2f7de0", "#5b9dff"),
    Group("other-spirit", "Other spirit", "cross", "#4527a0", "#8a6cff"),
    Group("wine", "Wine & vermouth", "square", "#a45bc0", "#e3a6f5"),
    Group("liqueur", "Liqueur & amaro", "diamond", "#2b1026", "#fff0cc"),
    Group("other", "No spirit", "ring", "#8a8379", "#8d857a"),
)

GROUP_KEYS: Final[tuple[str, ...]] = tuple(group.key for group in GROUPS)

#: Colors of ordered classes, from little to much, light and dark theme: lightness changes evenly,
#: which every kind of color vision sees, and each has 3:1 against the paper like the groups.
#: Evenly spaced in OKLCH; a field with fewer classes takes every other one.
STEPS: Final[tuple[tuple[str, str], ...]] = (
    ("#b98403", "#6754af"),
    ("#b87006", "#8559b2"),
    ("#b65b0b", "#a25eaf"),
    ("#b1451e", "#bd65a9"),
    ("#a63432", "#d56e9e"),
    ("#972540", "#e97992"),
    ("#86174b", "#fa8784"),
    ("#730c54", "#ff9e7f"),
    ("#5e035a", "#ffb484"),
    ("#48025a", "#fec98e"),
    ("#330157", "#fedd9a"),
    ("#1e014d", "#fef19e"),
)
