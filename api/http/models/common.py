"""Shapes that every kind of resource shares."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from api.db.catalog.errors import FieldFault


class ProblemBody(BaseModel):
    """An error, as RFC 9457 has it."""

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
    title: str = Field(description="The kind of problem in a few words.")
    status: int = Field(description="The HTTP status.", ge=400, le=599)
    detail: str = Field(description="This problem, and what to do about it.")
    request_id: str | None = Field(
        default=None, description="Under which the server's log tells of this request."
    )
    errors: list[FieldFault] = Field(default=[], description="Each field that is wrong.")


PROBLEM_MEDIA_TYPE = "application/problem+json"

_DESCRIPTIONS = {
    400: "The request is malformed.",
    401: "The bearer token is missing or not valid.",
    403: "Writing is switched off here, or not allowed to this token.",
    404: "There is no such thing.",
    405: "The resource does not know this method.",
    409: "It would contradict what is there.",
    412: "It has changed since it was read (`If-Match`).",
    413: "The body is too large.",
    415: "The body is of a type that is not understood.",
    422: "A field is wrong; `errors` names each.",
    429: "Too many requests; `Retry-After` says when to come back.",
    500: "The server failed; its log tells why, under the request's id.",
    503: "What the server depends on is out of reach for the moment.",
}


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return what an operation's ``responses`` says of errors, for the OpenAPI document.

    Those that any operation may give (422, 429, 500, 503; 401, 403, 413 and 415 of writes) are
    added to all by :mod:`api.http.openapi`; name only the others.
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
