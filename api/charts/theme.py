"""Colors of the page itself, light and dark, as CSS custom properties.

One source for the report and the site. The reader's choice (``data-theme`` on the root element)
overrides the system's preference, which applies alone without scripts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from api.charts.palette import DARK_PAPER, GROUPS, LIGHT_PAPER, STEPS

#: Custom property -> (light, dark).
TOKENS: Final[Mapping[str, tuple[str, str]]] = {
    "paper": (LIGHT_PAPER, DARK_PAPER),
    "ink": ("#221c15", "#f0e8dc"),
    "soft": ("#5f564b", "#b3a899"),
    "line": ("#ddd4c5", "#38312a"),
    # Edges of fields and buttons: 3:1 against the paper (WCAG 2.2, 1.4.11).
    "edge": ("#938873", "#7d7264"),
    "raised": ("#ffffff", "#1f1a16"),
    "ground": ("#7a6142", "#a98f6a"),
    "accent": ("#a3271c", "#ff8d6b"),
    "good": ("#2f6b3a", "#8fce93"),
    "warn": ("#8a5300", "#f0b45a"),
    **{f"g-{group.key}": (group.light, group.dark) for group in GROUPS},
    **{f"s-{step}": pair for step, pair in enumerate(STEPS)},
}


def theme_css() -> str:
    """Return the style sheet that defines every token for both themes."""
    light, dark = (
        "".join(f"--{name}:{pair[theme]};" for name, pair in TOKENS.items()) for theme in (0, 1)
    )
    return (
        f":root{{color-scheme:light dark;{light}}}\n"
        # On paper always light.
        f"@media print{{:root{{color-scheme:light}}}}\n"
        f"@media screen and (prefers-color-scheme:dark)"
        f"{{:root:not([data-theme=light]){{{dark}}}}}\n"
        f":root[data-theme=light]{{color-scheme:light}}\n"
        f"@media screen{{:root[data-theme=dark]{{color-scheme:dark;{dark}}}}}\n"
    )
