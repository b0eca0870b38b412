"""Whole artifacts to take away, and the history of snapshots."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from api.extras import MissingExtraError
from api.http.deps import PublishedDep, StorageDep
from api.http.models.common import problem_responses
from api.http.models.schemas import ArtifactName, artifact_schema
from api.http.problems import Problem, no_analytics
from api.http.published import LoadedSnapshot
from api.http.tables import to_csv, to_parquet
from api.storage.snapshots import Manifest

router = APIRouter(prefix="/analytics", tags=["downloads"])

Format = Annotated[
    Literal["json", "csv", "parquet"], Path(description="`atlas` comes as JSON only.")
]
PARQUET = "application/vnd.apache.parquet"
SCHEMA = "application/schema+json"


class Snapshot(BaseModel):
    """A published snapshot."""

    snapshot_id: str
    created_at: datetime = Field(description="When it was published (UTC).")
    schema_version: int
    recipes: int
    artifacts: dict[str, int] = Field(description="Sizes in bytes by name.")


class SnapshotHistory(BaseModel):
    """Snapshots, newest first."""

    snapshots: list[Snapshot]


@router.get("/snapshots", operation_id="list_snapshots", summary="The history of snapshots")
def snapshots(storage: StorageDep) -> SnapshotHistory:
    """Return every kept snapshot, newest first."""
    return SnapshotHistory(snapshots=[_snapshot(one) for one in storage.snapshots.history()])


@router.get(
    "/downloads/{name}.{format}",
    operation_id="download_artifact",
    summary="An artifact as a file",
    response_class=Response,
    responses={
        200: {"content": {"application/json": {}, "text/csv": {}, PARQUET: {}}},
        **problem_responses(404, 501),
    },
)
def download(name: ArtifactName, format: Format, published: PublishedDep) -> Response:
    """Return a whole artifact of the current snapshot, as published or as a table."""
    if name == "atlas" and format != "json":
        raise Problem(404, "Not found", "The atlas is no table. Download atlas.json instead.")

    def render(loaded: LoadedSnapshot) -> tuple[bytes, str] | None:
        if name not in loaded.manifest.artifacts:
            return None
        if format == "json":
            return loaded.artifact(name), "application/json"
        if format == "parquet":
            return to_parquet(loaded.value(name)), PARQUET
        return to_csv(loaded.value(name)).encode(), "text/csv; charset=utf-8"

    try:
        found = published.read(render)
    except MissingExtraError as error:
        raise Problem(501, "Not available", f"{error}. Download JSON or CSV instead.") from error
    if found is None:
        raise no_analytics(f"There is no {name} yet.")
    body, media_type = found
    return Response(
        body,
        media_type=media_type,
        headers={
            "Cache-Control": "no-cache",
            "Content-Disposition": f'attachment; filename="{name}.{format}"',
        },
    )


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


def _snapshot(manifest: Manifest) -> Snapshot:
    return Snapshot(
        snapshot_id=manifest.snapshot_id,
        created_at=manifest.created_at,
        schema_version=manifest.schema_version,
        recipes=int(manifest.counts.get("cocktail_space_count", 0)),
        artifacts={name: entry.size for name, entry in manifest.artifacts.items()},
    )
