"""Metrics of the server and of the analytics, in the text format of Prometheus."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import Scope

from api.http.models.analytics import AnalyticsStatus

_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_STATES = ("idle", "waiting", "running")


class RequestMetrics:
    """Counts and times the requests of this process, by route and not by address."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "http_requests",
            "Requests answered.",
            ["method", "route", "status"],
            registry=self.registry,
        )
        self._seconds = Histogram(
            "http_request_duration_seconds",
            "Seconds from a request to the end of its response.",
            ["route"],
            buckets=_BUCKETS,
            registry=self.registry,
        )

    def observe(self, scope: Scope, *, status: int, seconds: float) -> None:
        """Count one request."""
        route = _template(scope)
        method = scope["method"] if scope["method"] in _METHODS else "(other)"
        self._requests.labels(method, route, str(status or 500)).inc()
        self._seconds.labels(route).observe(seconds)


def _template(scope: Scope) -> str:
    """Return the route's template: addresses would make a new series for each recipe."""
    template = getattr(scope.get("route"), "path_format", None)
    if template is None:
        return "(none)"
    # An included router's route does not know its prefix.
    prefix = "/api/v1" if scope["path"].startswith("/api/v1/") else ""
    return f"{prefix}{template.removeprefix(prefix)}"


def exposition(requests: RequestMetrics, status: AnalyticsStatus) -> bytes:
    """Return the metrics of the requests, and those of the analytics as they are now."""
    registry = CollectorRegistry()

    def gauge(name: str, text: str, value: float) -> None:
        Gauge(f"cocktaildb_{name}", text, registry=registry).set(value)

    if status.snapshot is not None:
        published = status.snapshot.created_at.timestamp()
        gauge("snapshot_timestamp_seconds", "When the current snapshot was published.", published)
        gauge("snapshot_bytes", "Total size of its artifacts.", status.snapshot.bytes)
    gauge("analytics_stale", "1 if the recipes have changed since.", status.stale)
    gauge("analytics_foreign", "1 if it is another database's.", status.foreign)
    state = Gauge("cocktaildb_refresh_state", "The refresh.", ["state"], registry=registry)
    for name in _STATES:
        state.labels(name).set(status.refresh.state == name)
    failed = bool(status.history) and status.history[0].error is not None
    gauge("last_refresh_failed", "1 if the last refresh failed.", failed)
    return generate_latest(requests.registry) + generate_latest(registry)
