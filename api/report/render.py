"""Render the analytics as one HTML file that makes no network request.

Tools
-----
The page is drawn by D3 (vendored, unchanged, 280 kB) and a few hundred lines over it, not by
Plotly. Plotly's bundle weighs 4.8 MB, has its own look and legend, and lacks what these maps need:
one selection shared by two maps, names that appear on zooming in, neighborhood labels, keyboard
navigation between recipes. D3 does the parts that are hard to
get right (zoom and pinch, density contours, spatial search, joins); a 2D canvas stamps 20,000
marks in a few milliseconds and needs no WebGL; the tree and the bars are ordinary HTML elements,
so that focus, zoomed text and screen readers work without a second implementation.

Trust
-----
Names come from a database with untrusted content. They travel as JSON with ``<`` escaped and
reach the document by ``textContent`` only, and a Content-Security-Policy in the page names the
SHA-256 of each script and style and forbids everything else, network requests included.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from api.analysis.atlas import build_atlas, complexity_rows
from api.charts.theme import theme_css

DEFAULT_TITLE: Final = "Cocktail atlas"

#: The site serves the drawing modules of `api.charts` below this path.
_CHARTS: Final = "shared/"

# In the order in which they run: later modules use earlier ones. The site's pages load the same
# modules as files.
_MODULES: Final = (
    "shared/elements.js",
    "shared/marks.js",
    "shared/fields.js",
    "shared/atlas-model.js",
    "shared/ranked-search.js",
    "shared/pixel-marks.js",
    "shared/canvas-marks.js",
    "shared/map-labels.js",
    "shared/map-words.js",
    "shared/map-drawing.js",
    "shared/map-gestures.js",
    "shared/map-stage.js",
    "shared/map-view.js",
    "shared/atlas-map.js",
    "shared/atlas-lists.js",
    "shared/legend.js",
    "shared/histogram.js",
    "core.js",
    "atlas.js",
    "shared/treemap.js",
    "tree.js",
    "shared/usage-bars.js",
    "usage.js",
)
_IMPORT: Final = re.compile(r"^import [^;]*;\n", re.MULTILINE)
_EXPORT: Final = re.compile(r"^export (?=function|const|class)", re.MULTILINE)
_SHOWN_IN_HEADER: Final = frozenset({"snapshot_id", "created_at"})


def render_report(
    artifacts: Mapping[str, Any], manifest: Mapping[str, Any], *, title: str = DEFAULT_TITLE
) -> str:
    """Render the artifacts of one snapshot as a self-contained HTML page.

    Parameters
    ----------
    artifacts
        Artifacts by name: ``ingredient-usage``, ``recipe-complexity``, ``cocktail-space``,
        ``cocktail-space-em`` and ``ingredient-tree``. One that is missing counts as empty, and an
        empty one is noted on the page. A published ``atlas``, which arranges them, is used if it
        is there; others are ignored.
    manifest
        The snapshot's manifest. ``snapshot_id`` and ``created_at`` (ISO 8601) are shown in the
        header; everything else is listed at the end of the page.
    title
        Heading and title of the page.

    Returns
    -------
    str
        The page. It depends only on the arguments: the same input gives the same text.

    Raises
    ------
    ValueError
        When a map's row lacks a field, a coordinate is not finite, or a map holds a recipe twice.
    """
    payload = artifacts.get("atlas") or build_atlas(artifacts)
    complexity = complexity_rows(artifacts)
    # Our own package data, all three.
    library = Markup(_asset("shared/d3.min.js"))  # noqa: S704
    script = Markup(_one_module())  # noqa: S704
    sheets = map(_asset, ("shared/base.css", "shared/charts.css", "report.css"))
    style = Markup(theme_css() + "".join(sheets))  # noqa: S704
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            title=title,
            csp=_content_security_policy([library, script], style),
            style=style,
            library=library,
            script=script,
            data=Markup(_json_for_html(payload)),  # noqa: S704 (escaped by _json_for_html)
            recipe_count=len(payload["recipes"]["id"]),
            ingredient_count=len(payload["tree"]) - 1,
            used_count=sum(1 for row in payload["tree"][1:] if row[4] > 0),
            mean_ingredients=_mean(complexity),
            complexity=complexity,
            has_maps=bool(payload["recipes"]["id"]),
            has_tree=len(payload["tree"]) > 1,
            has_usage=bool(payload["usage"]),
            snapshot_id=str(manifest.get("snapshot_id") or ""),
            created_at=str(manifest.get("created_at") or ""),
            created_at_text=_readable_time(str(manifest.get("created_at") or "")),
            details=_details(manifest),
        )
    )


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("api.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _asset(name: str) -> str:
    if name.startswith(_CHARTS):
        return (files("api.charts") / "assets" / name.removeprefix(_CHARTS)).read_text("utf-8")
    return (files("api.report") / "assets" / name).read_text("utf-8")


@cache
def _one_module() -> str:
    """Concatenate the modules: inline modules can't import each other, having no URLs.

    They share one scope here, so top-level names must be unique across them; a browser refuses
    the script otherwise, and the tests check that.
    """
    text = "\n".join(_asset(name) for name in _MODULES)
    return _EXPORT.sub("", _IMPORT.sub("", text))


def _content_security_policy(scripts: list[Markup], style: Markup) -> str:
    """Allow exactly these scripts and this style, and nothing from anywhere else."""

    def source(text: str) -> str:
        digest = hashlib.sha256(text.encode("utf-8")).digest()
        return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"

    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {' '.join(source(script) for script in scripts)}",
            f"style-src {source(style)}",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def _json_for_html(data: Any) -> str:
    """JSON that is safe inside a script element.

    Escaping ``<`` rules out both ``</script`` and ``<!--``; ASCII alone rules out every accident
    with encodings. See the HTML standard, section 4.12.1.3, on restrictions for script contents.
    """
    text = json.dumps(data, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")


def _mean(complexity: list[tuple[int, int]]) -> float | None:
    """Mean number of ingredients in a recipe."""
    recipes = sum(count for _, count in complexity)
    return sum(size * count for size, count in complexity) / recipes if recipes else None


def _readable_time(text: str) -> str:
    """Format an ISO 8601 time in words and UTC; return any other text unchanged."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC)
    zone = " UTC" if moment.tzinfo is not None else ""
    # Not %B and %-d, which depend on the locale and the platform.
    month = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ][moment.month - 1]
    return f"{moment.day} {month} {moment.year}, {moment:%H:%M}{zone}"


def _details(manifest: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Manifest entries not in the header: label and text, nested values by dotted keys."""
    rows: list[tuple[str, str]] = []

    def add(prefix: str, value: Any) -> None:
        if isinstance(value, Mapping):
            for key in value:
                add(f"{prefix}.{key}" if prefix else str(key), value[key])
        elif isinstance(value, list | tuple):
            rows.append((prefix, ", ".join(str(item) for item in value)))
        elif value is not None:
            rows.append((prefix, str(value)))

    add("", {key: value for key, value in manifest.items() if key not in _SHOWN_IN_HEADER})
    return [(label.replace("_", " "), text) for label, text in rows]
