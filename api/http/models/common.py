"""Shapes that all resources share."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from api.db.catalog.errors import FieldFault


class ProblemBody(BaseModel):
    """An error, as RFC 9457 defines it."""

    model_config = ConfigDict(
        title="Problem",
        json_schema_extra={
            "example": {
                "type": "about:blank",
                "title": "Not found",
                "status": 404,
                "detail": "Recipe 4711 does not exist. Look it up in the list.",
                "request_id": "0d3f5c8f4c6f4f0c",
                "errors": [],
            }
        },
    )

    type: str = Field(default="about:blank", description="The kind of problem.")
    title: str = Field(description="The kind of problem, in a few words.")
    status: int = Field(description="The HTTP status.", ge=400, le=599)
    detail: str = Field(description="What is wrong here, and what to do about it.")
    request_id: str | None = Field(
        default=None, description="Identifies this request in the server's log."
    )
    errors: list[FieldFault] = Field(default=[], description="Each invalid field.")


PROBLEM_MEDIA_TYPE = "application/problem+json"

_DESCRIPTIONS = {
    400: "The request is malformed.",
    401: "The bearer token is missing or invalid.",
    403: "Writing is disabled here.",
    404: "Not found.",
    405: "The resource does not support this method.",
    409: "It conflicts with existing data.",
    410: "No longer kept.",
    412: "It has changed since you read it (`If-Match`).",
    413: "The body is too large.",
    415: "The body's media type is not supported.",
    422: "Invalid fields; see `errors`.",
    429: "Too many requests; retry after the seconds in `Retry-After`.",
    500: "The server failed; its log has the details under the request ID.",
    501: "This server lacks an optional part.",
    503: "Something the server depends on is unavailable.",
}


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the error entries of an operation's ``responses``, for the OpenAPI document.

    :mod:`api.http.openapi` adds those that any operation may return (422, 429, 500, 503; for writes
    also 401, 403, 413 and 415); name only the others.
    """
    return {
        status: {
            "description": _DESCRIPTIONS[status],
            "content": {
                PROBLEM_MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemBody"}}
            },
        }
        for status in statuses
    }
