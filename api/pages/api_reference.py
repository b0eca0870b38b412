"""The API's reference as a page: rendered from the OpenAPI document, readable without scripts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import HTMLResponse
from markupsafe import Markup, escape

from api.pages.rendering import render

router = APIRouter(include_in_schema=False)

_METHODS = ("get", "post", "put", "delete")
_LIMITS = {
    "minimum": "≥ {}",
    "maximum": "≤ {}",
    "minLength": "{} or more characters",
    "maxLength": "up to {} characters",
    "maxItems": "up to {}",
    "default": "default {}",
}
#: JavaScript's and the databases' largest integers: every ID has one of them as a limit.
_LARGE = 2**53 - 1
_rendered: WeakKeyDictionary[FastAPI, str] = WeakKeyDictionary()


@dataclass(frozen=True)
class Field:
    """A parameter of an operation, or a field of a schema."""

    name: str
    place: str
    kind: Markup
    required: bool
    description: Markup


@dataclass(frozen=True)
class Operation:
    """One method of a path.

    Attributes
    ----------
    access
        Who may send it, in words.
    example
        An address that answers a plain GET, if the path needs no parameter.
    bodies, answers
        Media types of the body, and statuses of the answers, with their types.
    """

    name: str
    method: str
    path: str
    summary: str
    description: Markup
    access: str
    example: str | None
    parameters: list[Field]
    bodies: list[tuple[str, Markup]]
    answers: list[tuple[str, str, Markup]]


@router.api_route("/api-docs", methods=["GET", "HEAD"])
def api_docs(request: Request) -> HTMLResponse:
    """Return the reference of every operation and schema."""
    app: FastAPI = request.app
    if app not in _rendered:
        _rendered[app] = _render(app.openapi())
    return HTMLResponse(_rendered[app], headers={"Cache-Control": "no-cache"})


def _render(document: dict[str, Any]) -> str:
    found = list(operations(document))
    schemas = document["components"]["schemas"]
    return render(
        "api-docs",
        intro=[_text(part) for part in document["info"]["description"].strip().split("\n\n")],
        groups=[
            (tag["name"], _text(tag["description"]), chosen)
            for tag in document["tags"]
            if (chosen := [one for name, one in found if name == tag["name"]])
        ],
        schemas=[
            (name, _text(schema.get("description", "")), _fields(schema), _kind(schema))
            for name, schema in sorted(schemas.items())
        ],
    )


def operations(document: Mapping[str, Any]) -> Iterator[tuple[str, Operation]]:
    """Yield each operation of an OpenAPI document, below its tag."""
    for path, item in document["paths"].items():
        for method in _METHODS:
            if method in item:
                yield item[method]["tags"][0], _operation(method, path, item[method])


def _operation(method: str, path: str, declared: Mapping[str, Any]) -> Operation:
    parameters = [
        Field(
            one["name"],
            one["in"],
            _kind(one["schema"]),
            one.get("required", False),
            _text(one.get("description", "")),
        )
        for one in declared.get("parameters", [])
    ]
    simple = method == "get" and not any(one.required for one in parameters)
    access = _access(declared["security"])
    return Operation(
        name=declared["operationId"],
        method=method.upper(),
        path=path,
        summary=declared["summary"],
        description=_text(declared["description"]),
        access=access,
        example=path if simple and access != "needs the token" else None,
        parameters=parameters,
        bodies=_media_types(declared.get("requestBody", {})),
        answers=[
            (status, answer["description"], _answer_kind(answer))
            for status, answer in declared["responses"].items()
        ],
    )


def _access(security: list[Any]) -> str:
    if not security:
        return "open"
    return "open; the token is optional" if {} in security else "needs the token"


def _media_types(holder: Mapping[str, Any]) -> list[tuple[str, Markup]]:
    content = holder.get("content", {})
    return [(media, _kind(one.get("schema", {}))) for media, one in content.items()]


def _answer_kind(answer: Mapping[str, Any]) -> Markup:
    return Markup(", ").join(
        kind if media.endswith("json") and kind else escape(media)
        for media, kind in _media_types(answer)
    )


def _fields(schema: Mapping[str, Any]) -> list[Field]:
    required = schema.get("required", [])
    return [
        Field(name, "", _kind(one), name in required, _text(one.get("description", "")))
        for name, one in schema.get("properties", {}).items()
    ]


def _kind(schema: Mapping[str, Any]) -> Markup:
    """Return the type of a value in words, schemas linked."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        return Markup('<a href="#{0}">{0}</a>').format(name)
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return Markup(" or ").join(_kind(one) for one in schema[key])
    if "enum" in schema or "const" in schema:
        values = schema.get("enum", [schema.get("const")])
        return Markup(" | ").join(Markup("<code>{}</code>").format(one) for one in values)
    if schema.get("type") == "array":
        return Markup("list of {}").format(_kind(schema.get("items", {}))) + _limits(schema)
    if schema.get("type") == "object" and isinstance(schema.get("additionalProperties"), dict):
        return Markup("{} by name").format(_kind(schema["additionalProperties"]))
    return escape(schema.get("format") or schema.get("type", "")) + _limits(schema)


def _limits(schema: Mapping[str, Any]) -> Markup:
    found = [
        text.format(schema[name])
        for name, text in _LIMITS.items()
        if schema.get(name) not in (None, "", [])
        and not (name == "maximum" and schema[name] >= _LARGE)
    ]
    return Markup("").join(Markup(", {}").format(one) for one in found)


def _text(text: str) -> Markup:
    """Return a description as HTML; it marks code with backticks."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704
