"""The OpenAPI document: what the routes declare, plus what is true of all of them."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.http.models.common import ProblemBody, problem_responses

DESCRIPTION = """
Cocktail recipes, and analytics computed from all of them.

Reads are open. Writes need `Authorization: Bearer TOKEN`. Each write requests a refresh of the
analytics, which never delays or fails the write. Analytics state in `metadata.stale` whether the
recipes have changed since, and carry an `ETag` for `If-None-Match`.

Errors are problem documents (RFC 9457, `application/problem+json`) that name each invalid field
and what to do about it.
"""

TAGS = [
    {"name": "analytics", "description": "Results computed from all recipes, and their refresh."},
    {"name": "recipes", "description": "Recipes: search, read, write, import, export."},
    {"name": "ingredients", "description": "The tree of ingredients."},
    {"name": "units", "description": "Units of measure."},
    {"name": "tags", "description": "Labels for recipes."},
    {"name": "ratings", "description": "Ratings of recipes."},
    {"name": "downloads", "description": "Artifacts as files, and the history of snapshots."},
    {"name": "bar", "description": "What a shelf of bottles can make."},
    {"name": "sign-in", "description": "One-time codes for this machine's token."},
    {"name": "health", "description": "For load balancers and orchestrators."},
]

_METHODS = {"get", "put", "post", "delete", "patch"}


def install(app: FastAPI) -> None:
    """Make ``app`` use :func:`describe`, computed on the first request."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = describe(app)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign] # as FastAPI documents it


def describe(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document of ``app``."""
    document = get_openapi(
        title=app.title,
        version=app.version,
        summary="Cocktail recipes and their analytics",
        description=DESCRIPTION,
        routes=app.routes,
        tags=TAGS,
        license_info={"name": "MIT", "identifier": "MIT"},
    )
    components = document.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        components.pop(name, None)
    schema = ProblemBody.model_json_schema(ref_template="#/components/schemas/{model}")
    components.update(schema.pop("$defs", {}))
    components["ProblemBody"] = schema
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method in _METHODS:
                _add_common_responses(path, method, operation)
                _declare_security(method, operation)
    return document


def _add_common_responses(path: str, method: str, operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    common = [500]
    if path.startswith("/api/"):
        common += [429, 503]
    if method != "get":
        common += [400, 401, 403, 413, 415]
    if "422" in responses:
        del responses["422"]
        common.append(422)
    for status, response in problem_responses(*common).items():
        responses.setdefault(str(status), response)
    operation["responses"] = dict(sorted(responses.items()))


def _declare_security(method: str, operation: dict[str, Any]) -> None:
    """Declare open operations as open; a read that looks at a token takes it as optional.

    A read that says it may answer 401 needs the token.
    """
    declared = operation.get("security", [])
    if method == "get" and declared and "401" not in operation["responses"]:
        declared = [{}, *declared]
    operation["security"] = declared
