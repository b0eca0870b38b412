"""Every route of an application, those of included routers too."""

from collections.abc import Iterator
from typing import Any

from fastapi.routing import iter_route_contexts

WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


def operations(app: Any) -> Iterator[tuple[str, str]]:
    """Yield each method with its path, such as ``("GET", "/api/v1/recipes/{recipe_id}")``."""
    for context in iter_route_contexts(app.routes):
        for method in sorted(context.methods or ()):
            yield method, str(context.path)


def writes(app: Any) -> set[tuple[str, str]]:
    """Return the operations that write."""
    return {one for one in operations(app) if one[0] in WRITES}
