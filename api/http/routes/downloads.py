"""Whole artifacts to take away, of the current snapshot and of those before it."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from api.extras import MissingExtraError
from api.http.deps import PublishedDep, ServicesDep
from api.http.etags import if_none_match, strong_etag
from api.http.models.common import problem_responses
from api.http.models.schemas import ArtifactName, artifact_schema
from api.http.problems import Problem, no_analytics
from api.http.published import LoadedSnapshot
from api.http.responses import IfNoneMatch, artifact_etag, artifact_response, stale_header
from api.http.snapshot_history import own_snapshots
from api.http.tables import to_csv, to_parquet
from api.storage.errors import SnapshotNotFoundError
from api.storage.snapshots import Manifest
from api.utils.analytics_cache import SCHEMA_VERSION

router = APIRouter(prefix="/analytics", tags=["downloads"])

Format = Annotated[
    Literal["json", "csv", "parquet"], Path(description="`atlas` comes as JSON only.")
]
SnapshotId = Annotated[str, Path(max_length=60, description="As the history lists it.")]
PARQUET = "application/vnd.apache.parquet"
SCHEMA = "application/schema+json"
_ETAG = {"ETag": {"description": "Changes with the file.", "schema": {"type": "string"}}}
_FILE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/json": {}, "text/csv": {}, PARQUET: {}}, "headers": _ETAG},
    304: {"description": "The client's copy is still current.", "headers": _ETAG},
}
#: Nothing in a snapshot ever changes.
_FOREVER = "public, max-age=31536000, immutable"


class Snapshot(BaseModel):
    """A published snapshot."""

    snapshot_id: str
    created_at: datetime = Field(description="When it was published (UTC).")
    schema_version: int
    recipes: int
    artifacts: dict[str, int] = Field(
        description="Sizes in bytes by name: what `/analytics/snapshots/{snapshot_id}/` has."
    )


class SnapshotHistory(BaseModel):
    """Snapshots, newest first."""

    snapshots: list[Snapshot]


@router.get("/snapshots", operation_id="list_snapshots", summary="The history of snapshots")
def snapshots(services: ServicesDep) -> SnapshotHistory:
    """Return every kept snapshot of this database, newest first."""
    return SnapshotHistory(snapshots=[_snapshot(one) for one in own_snapshots(services)])


@router.get(
    "/snapshots/{snapshot_id}/{name}.{format}",
    operation_id="download_snapshot_artifact",
    summary="An artifact of an earlier snapshot",
    response_class=Response,
    responses={**_FILE, **problem_responses(404, 410, 501)},
)
def download_of_snapshot(
    snapshot_id: SnapshotId,
    name: ArtifactName,
    format: Format,
    published: PublishedDep,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Return a whole artifact of a kept snapshot; it never changes, and so may be cached."""
    try:
        return published.read_kept(
            snapshot_id,
            lambda loaded: _file(
                loaded, name, format, if_none_match, f"{name}-{snapshot_id}", _FOREVER
            ),
        )
    except SnapshotNotFoundError as error:
        current = published.current()
        gone = current is not None and snapshot_id < current.manifest.snapshot_id
        raise Problem(
            410 if gone else 404,
            "Snapshot not kept" if gone else "Not found",
            f"There is no snapshot {snapshot_id}. New ones replace the oldest; "
            f"/api/v1/analytics/snapshots lists those that are kept.",
        ) from error


@router.get(
    "/downloads/{name}.{format}",
    operation_id="download_artifact",
    summary="An artifact as a file",
    response_class=Response,
    responses={**_FILE, **problem_responses(404, 501)},
)
def download(
    name: ArtifactName,
    format: Format,
    published: PublishedDep,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Return a whole artifact of the current snapshot, as published or as a table."""
    found = published.read(
        lambda loaded: (
            _file(loaded, name, format, if_none_match, name, "no-cache"),
            published.is_stale(loaded),
        )
    )
    if found is None:
        raise no_analytics(f"There is no {name} yet.")
    answer, stale = found
    answer.headers.update(stale_header(stale))
    return answer


@router.get(
    "/schemas/{name}",
    operation_id="get_artifact_schema",
    summary="The JSON Schema of an artifact",
    response_class=Response,
    responses={200: {"content": {SCHEMA: {"schema": {"type": "object"}}}}},
)
def schema(name: ArtifactName) -> JSONResponse:
    """Return the schema that this artifact fits; the API's answers hold the artifact as `data`."""
    return JSONResponse(artifact_schema(name), media_type=SCHEMA)


def _file(
    loaded: LoadedSnapshot,
    name: ArtifactName,
    format: str,
    condition: str | None,
    file_name: str,
    cache_control: str,
) -> Response:
    """Return an artifact as a file; 304 if the client has it.

    Raises
    ------
    Problem
        404 if the snapshot has no such artifact or table, 501 without what writes it.
    """
    if name not in loaded.manifest.artifacts:
        raise no_analytics(f"There is no {name} in snapshot {loaded.manifest.snapshot_id}.")
    headers = {"Cache-Control": cache_control}
    disposition = {"Content-Disposition": f'attachment; filename="{file_name}.{format}"'}
    if format == "json":
        headers["ETag"] = artifact_etag(loaded, name)
        if if_none_match(condition, headers["ETag"]):
            return Response(status_code=304, headers=headers)
        return artifact_response(loaded, name, headers | disposition)
    body, media_type = _table(loaded, name, format)
    headers["ETag"] = strong_etag(body)
    if if_none_match(condition, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=media_type, headers=headers | disposition)


def _table(loaded: LoadedSnapshot, name: ArtifactName, format: str) -> tuple[bytes, str]:
    if name == "atlas":
        raise Problem(404, "Not found", "The atlas is no table. Download atlas.json instead.")
    if loaded.manifest.schema_version != SCHEMA_VERSION:
        raise Problem(
            404, "Not found", f"Another version published this. Download {name}.json instead."
        )
    if format == "csv":
        return to_csv(loaded.value(name)).encode(), "text/csv; charset=utf-8"
    try:
        return to_parquet(loaded.value(name)), PARQUET
    except MissingExtraError as error:
        raise Problem(501, "Not available", f"{error}. Download JSON or CSV instead.") from error


def _snapshot(manifest: Manifest) -> Snapshot:
    return Snapshot(
        snapshot_id=manifest.snapshot_id,
        created_at=manifest.created_at,
        schema_version=manifest.schema_version,
        recipes=int(manifest.counts.get("cocktail_space_count", 0)),
        artifacts={name: entry.size for name, entry in manifest.artifacts.items()},
    )
