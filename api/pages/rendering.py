"""The site's templates."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from importlib.util import find_spec
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from api.pages.assets import site_assets


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("api.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["moment"] = _moment
    environment.globals["static"] = site_assets().url
    environment.globals["imports"] = site_assets().imports
    environment.globals["parquet"] = find_spec("pyarrow") is not None
    return environment


def _moment(time: datetime) -> str:
    at = time.astimezone(UTC)
    return f"{at:%B} {at.day}, {at.year}, {at:%H:%M} UTC"


def render(template: str, **values: Any) -> str:
    """Render a page; ``page``, the template's name, marks the current entry of the menu."""
    return _environment().get_template(f"{template}.html.j2").render(page=template, **values)
