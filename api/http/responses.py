"""Answers of the analytics: the envelope around an artifact, its entity tag, and 304."""

from collections.abc import Callable, Hashable
from typing import Annotated, Any

from anyio import to_thread
from fastapi import Header, Request, Response

from api.http.compression import GzipHead, accepts_gzip
from api.http.deps import Services
from api.http.etags import if_none_match, strong_etag
from api.http.models.common import problem_responses
from api.http.problems import Problem, no_analytics
from api.http.published import LoadedSnapshot, Rendered
from api.storage.serialization import to_bytes

#: Makes an artifact's JSON from a snapshot.
Body = Callable[[LoadedSnapshot], bytes]

#: Compressing what is larger takes a tenth of a second: it is kept apart from the metadata.
_LARGE_BYTES = 1_000_000

IfNoneMatch = Annotated[
    str | None,
    Header(description="The `ETag` of the client's copy; 304 if it is still current."),
]
_STALE = {
    "X-Analytics-Stale": {
        "description": "Whether recipes have changed since the analytics were computed.",
        "schema": {"type": "string", "enum": ["true", "false"]},
    },
}
_HEADERS = {
    "ETag": {
        "description": "Changes with every byte of the response.",
        "schema": {"type": "string"},
    },
    **_STALE,
}
#: What the OpenAPI document says of other answers from a snapshot.
STALE_HEADER: dict[str, Any] = {"headers": _STALE}
#: What the OpenAPI document says of every answer of the analytics.
ENVELOPE_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"headers": _HEADERS},
    304: {"description": "The client's copy is still current.", "headers": _HEADERS},
    **problem_responses(404),
}


def stale_header(stale: bool) -> dict[str, str]:
    """Return the header by which clients know figures that are older than the recipes."""
    return {"X-Analytics-Stale": "true" if stale else "false"}


def whole_artifact(name: str) -> Body:
    """Return a body that is an artifact as it was published."""
    return lambda loaded: loaded.artifact(name)


async def respond(
    request: Request, services: Services, name: str, parameter: Hashable, body: Body
) -> Response:
    """Answer with ``body`` of the current snapshot, rendered at most once.

    Parameters
    ----------
    name, parameter
        The artifact and what was selected from it: together with the snapshot, the key under which
        the rendered answer is kept.

    Raises
    ------
    Problem
        404 before the first refresh, if the snapshot lacks the artifact, or if it was computed
        from another database.
    """
    published, freshness = services.published, services.freshness
    loaded = published.recent()
    if loaded is not None:
        state = freshness.known(loaded.manifest)
        if state in ("current", "stale"):
            stale = state == "stale"
            finished = loaded.finished((name, parameter, stale))
            if finished is not None:
                return _response(request, finished, stale)

    def render() -> tuple[Rendered, bool] | None:
        def of(loaded: LoadedSnapshot) -> tuple[Rendered, bool]:
            stale = freshness.compare(loaded.manifest) != "current"
            rendered = loaded.rendered(
                (name, parameter, stale), lambda: _render(loaded, name, parameter, stale, body)
            )
            return rendered, stale

        return published.read(of)

    made = await to_thread.run_sync(render)
    if made is None:
        raise no_analytics(
            "Nothing has been computed yet.",
            ". It takes seconds; /api/v1/analytics/status shows its progress.",
        )
    return _response(request, *made)


def _render(
    loaded: LoadedSnapshot, name: str, parameter: Hashable, stale: bool, body: Body
) -> Rendered:
    manifest = loaded.manifest
    try:
        data = body(loaded)
    except KeyError as error:
        raise Problem(
            404,
            "Not in this snapshot",
            f"The current snapshot {manifest.snapshot_id} has no {error}: an older version made "
            f"it. The next refresh adds it.",
        ) from error
    metadata: dict[str, Any] = {
        "snapshot_id": manifest.snapshot_id,
        "generated_at": manifest.created_at.isoformat(),
        "stale": stale,
        "schema_version": manifest.schema_version,
    }
    if name in manifest.details:
        metadata["quality"] = manifest.details[name]
    # The artifact is JSON already: decoding it to encode it again would be most of the work.
    head, tail = b'{"data":' + data, b',"metadata":' + to_bytes(metadata) + b"}"
    whole = head + tail
    if len(head) < _LARGE_BYTES:
        return Rendered.of(whole)
    # Each write changes the metadata alone.
    packed = loaded.derived(("gzip", name, parameter), lambda: GzipHead.of(head))
    return Rendered(whole, packed.complete(tail), strong_etag(whole))


def _response(request: Request, rendered: Rendered, stale: bool) -> Response:
    headers = {
        "ETag": rendered.etag,
        "Cache-Control": "no-cache",
        **stale_header(stale),
    }
    if if_none_match(request.headers.get("if-none-match"), rendered.etag):
        return Response(status_code=304, headers=headers)
    body = rendered.body
    if rendered.compressed is not None and accepts_gzip(request.headers.get("accept-encoding")):
        headers["Content-Encoding"] = "gzip"
        body = rendered.compressed
    return Response(body, headers=headers, media_type="application/json")
