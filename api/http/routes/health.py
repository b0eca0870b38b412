"""Liveness and readiness."""

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy import text

from api.db.writability import require_writable
from api.http.deps import DatabaseDep, ServicesDep, StorageDep
from api.http.models.common import problem_responses

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """The process responds."""

    status: str = Field(examples=["ok"])


class Readiness(BaseModel):
    """The database and the store are usable."""

    status: str = Field(examples=["ready"])
    snapshot_id: str | None = Field(
        description="The current snapshot; null before the first refresh.",
        examples=["20260101T120000.000000Z-0a1b2c3d"],
    )


@router.get("/health", operation_id="health", summary="Liveness")
async def health() -> Health:
    """Respond whatever the state of the database and the store."""
    return Health(status="ok")


@router.get(
    "/ready",
    operation_id="ready",
    summary="Readiness",
    responses=problem_responses(503),
)
def ready(services: ServicesDep, database: DatabaseDep, storage: StorageDep) -> Readiness:
    """Read from the database and from the store; where writes are enabled, check for them too."""
    if not services.authenticator.closed:
        require_writable(database)
    with database.snapshot() as connection:
        connection.execute(text("SELECT count(*) FROM recipes")).scalar_one()
    current = storage.snapshots.current()
    return Readiness(status="ready", snapshot_id=current.snapshot_id if current else None)
