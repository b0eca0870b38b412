"""Whether the process lives, and whether it can do its work."""

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy import text

from api.http.deps import DatabaseDep, StorageDep
from api.http.models.common import problem_responses

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """The process answers."""

    status: str = Field(examples=["ok"])


class Readiness(BaseModel):
    """Database and store can be read."""

    status: str = Field(examples=["ready"])
    snapshot_id: str | None = Field(
        description="What analytics are published; null before the first refresh.",
        examples=["20260101T120000.000000Z-0a1b2c3d"],
    )


@router.get("/health", operation_id="health", summary="Does the process live?")
async def health() -> Health:
    """Answer, whatever state the database and the store are in."""
    return Health(status="ok")


@router.get(
    "/ready",
    operation_id="ready",
    summary="Can it do its work?",
    responses=problem_responses(503),
)
def ready(database: DatabaseDep, storage: StorageDep) -> Readiness:
    """Read from the database and from the store."""
    with database.snapshot() as connection:
        connection.execute(text("SELECT count(*) FROM recipes")).scalar_one()
    current = storage.snapshots.current()
    return Readiness(status="ready", snapshot_id=current.snapshot_id if current else None)
