"""Whole artifacts to take away, and the history of snapshots."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, Field

from api.http.deps import PublishedDep, StorageDep
from api.http.models.common import problem_responses
from api.http.problems import Problem
from api.http.published import LoadedSnapshot
from api.http.tables import to_csv
from api.storage.snapshots import Manifest

router = APIRouter(prefix="/analytics", tags=["downloads"])

Name = Literal[
    "ingredient-usage",
    "recipe-complexity",
    "cocktail-space",
    "cocktail-space-em",
    "ingredient-tree",
    "recipe-similar",
    "ingredient-substitutes",
    "atlas",
]
Format = Annotated[Literal["json", "csv"], Path(description="`atlas` comes as JSON only.")]


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


@router.get("/snapshots", operation_id="listSnapshots", summary="The history of snapshots")
def snapshots(storage: StorageDep) -> SnapshotHistory:
    """Return every kept snapshot, newest first."""
    return SnapshotHistory(snapshots=[_snapshot(one) for one in storage.snapshots.history()])


@router.get(
    "/downloads/{name}.{format}",
    operation_id="downloadArtifact",
    summary="An artifact as a file",
    response_class=Response,
    responses={
        200: {"content": {"application/json": {}, "text/csv": {}}},
        **problem_responses(404),
    },
)
def download(name: Name, format: Format, published: PublishedDep) -> Response:
    """Return a whole artifact of the current snapshot, as published or as a table."""
    if name == "atlas" and format == "csv":
        raise Problem(404, "Not found", "The atlas is no table. Download atlas.json instead.")

    def render(loaded: LoadedSnapshot) -> tuple[bytes, str] | None:
        if name not in loaded.manifest.artifacts:
            return None
        if format == "json":
            return loaded.artifact(name), "application/json"
        return to_csv(loaded.value(name)).encode(), "text/csv; charset=utf-8"

    found = published.read(render)
    if found is None:
        raise Problem(
            404,
            "No analytics yet",
            f"There is no {name} yet. Request a refresh with POST /api/v1/analytics/refresh, or "
            f"run: cocktaildb refresh",
        )
    body, media_type = found
    return Response(
        body,
        media_type=media_type,
        headers={
            "Cache-Control": "no-cache",
            "Content-Disposition": f'attachment; filename="{name}.{format}"',
        },
    )


def _snapshot(manifest: Manifest) -> Snapshot:
    return Snapshot(
        snapshot_id=manifest.snapshot_id,
        created_at=manifest.created_at,
        schema_version=manifest.schema_version,
        recipes=int(manifest.counts.get("cocktail_space_count", 0)),
        artifacts={name: entry.size for name, entry in manifest.artifacts.items()},
    )
