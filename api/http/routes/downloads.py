"""Whole artifacts to take away, of the current snapshot and of those before it."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from api.http.artifact_files import PARQUET, artifact_file
from api.http.deps import PublishedDep, ServicesDep
from api.http.models.common import problem_responses
from api.http.models.schemas import ArtifactName, artifact_schema
from api.http.problems import Problem, no_analytics
from api.http.published import LoadedSnapshot
from api.http.responses import IfNoneMatch, stale_header
from api.http.snapshot_history import own_snapshots
from api.storage.errors import SnapshotNotFoundError
from api.storage.snapshots import Manifest

router = APIRouter(prefix="/analytics", tags=["downloads"])

Format = Annotated[
    Literal["json", "csv", "parquet"], Path(description="`atlas` comes as JSON only.")
]
SnapshotId = Annotated[str, Path(max_length=60, description="As the history lists it.")]
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
    responses={**_FILE, **problem_responses(404, 410, 501, 503)},
)
def download_of_snapshot(
    snapshot_id: SnapshotId,
    name: ArtifactName,
    format: Format,
    services: ServicesDep,
    published: PublishedDep,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Return a whole artifact of a kept snapshot; it never changes, and so may be cached."""
    headers = _headers(f"{name}-{snapshot_id}.{format}", _FOREVER)
    try:
        return published.read_kept(
            snapshot_id,
            lambda loaded: artifact_file(
                loaded, name, format, services.exports, headers, if_none_match
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
    responses={**_FILE, **problem_responses(404, 501, 503)},
)
def download(
    name: ArtifactName,
    format: Format,
    services: ServicesDep,
    published: PublishedDep,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Return a whole artifact of the current snapshot, as published or as a table."""
    headers = _headers(f"{name}.{format}", "no-cache")

    def file(loaded: LoadedSnapshot) -> Response:
        about = headers | stale_header(published.is_stale(loaded))
        return artifact_file(loaded, name, format, services.exports, about, if_none_match)

    found = published.read(file)
    if found is None:
        raise no_analytics(f"There is no {name} yet.")
    return found


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


def _headers(file_name: str, cache_control: str) -> dict[str, str]:
    return {
        "Cache-Control": cache_control,
        "Content-Disposition": f'attachment; filename="{file_name}"',
    }


def _snapshot(manifest: Manifest) -> Snapshot:
    return Snapshot(
        snapshot_id=manifest.snapshot_id,
        created_at=manifest.created_at,
        schema_version=manifest.schema_version,
        recipes=int(manifest.counts.get("cocktail_space_count", 0)),
        artifacts={name: entry.size for name, entry in manifest.artifacts.items()},
    )
