"""Liveness, readiness and metrics."""

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field
from sqlalchemy import text

from api.db.writability import require_writable
from api.http.deps import DatabaseDep, PublishedDep, ServicesDep, StorageDep, WriterDep
from api.http.metrics import exposition
from api.http.models.common import problem_responses
from api.http.refresh_state import analytics_status

router = APIRouter(tags=["health"])

METRICS = "text/plain; version=0.0.4; charset=utf-8"


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


@router.get("/health", operation_id="get_health", summary="Liveness")
async def health() -> Health:
    """Respond whatever the state of the database and the store."""
    return Health(status="ok")


@router.get(
    "/ready",
    operation_id="get_readiness",
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


@router.get(
    "/metrics",
    operation_id="get_metrics",
    summary="Metrics for Prometheus",
    response_class=Response,
    responses={200: {"content": {METRICS: {}}}, **problem_responses(401, 403)},
)
def metrics(services: ServicesDep, published: PublishedDep, _reader: WriterDep) -> Response:
    """Return counts and durations of this process's requests, and the state of the analytics.

    Needs a token: behind a proxy on the same machine, every visitor comes from loopback.
    """
    status = analytics_status(
        services.settings, services.storage, published, services.freshness, with_details=True
    )
    return Response(exposition(services.metrics, status), media_type=METRICS)
