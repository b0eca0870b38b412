"""The application: services, middleware and routes combined."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache

from fastapi import APIRouter, FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import BaseRoute

from api.db.database import get_database
from api.http import openapi, problems
from api.http.auth import Authenticator
from api.http.bar_model import CurrentBar
from api.http.compression import GzipMiddleware
from api.http.deps import Services
from api.http.freshness import Freshness
from api.http.guard import ApiGuard, RequestGuard
from api.http.hosts import AllowedHosts
from api.http.middleware import HeadAsGet, RequestContext
from api.http.published import Published
from api.http.rate_limits import RateLimits
from api.http.routes import (
    analytics,
    bar,
    downloads,
    health,
    ingredients,
    ratings,
    recipes,
    shelf,
    sign_in,
    tags,
    units,
)
from api.pages import analytics_pages, api_reference, discovery, lists, pictures, rendered
from api.pages import router as pages
from api.settings import Settings
from api.utils.analytics_cache import AnalyticsStorage

API_PREFIX = "/api/v1"

#: Response headers that scripts of other sites may read, where CORS_ORIGINS allows them.
_EXPOSED_HEADERS = ("ETag", "Location", "Retry-After", "X-Analytics-Stale", "X-Request-Id")


def create_app(settings: Settings | None = None) -> FastAPI:
    """Return the application for ``settings``, by default those of the environment.

    Raises
    ------
    DatabaseError
        If the database's URL is invalid.
    AuthenticationSettingsError
        If the authentication settings contradict each other or are unsafe.
    RateLimitSettingsError
        If a rate limit is invalid.
    """
    settings = settings or Settings()
    database = get_database(settings)
    storage = AnalyticsStorage.from_settings(settings)
    freshness = Freshness(database)
    services = Services(
        settings=settings,
        database=database,
        storage=storage,
        authenticator=Authenticator(settings),
        published=Published(storage, guard=freshness.require_own),
        freshness=freshness,
        bar=CurrentBar(database),
    )

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        if services.freshness.takes_long():
            services.freshness.begin()
            services.bar.begin()
        yield
        services.freshness.close()
        services.bar.close()
        services.database.dispose()

    app = FastAPI(
        title="CocktailDB",
        version="1",
        lifespan=lifespan,
        # The interactive pages load scripts from other sites, which the content policy forbids.
        docs_url=None,
        redoc_url=None,
        # A redirect would be built from the Host header, which the client chooses.
        redirect_slashes=False,
    )
    app.state.services = services
    problems.register(app)
    app.add_exception_handler(HTTPException, _http_error)
    app.router.routes.extend(_routes())
    _add_middleware(app, services)
    openapi.install(app)
    return app


def _http_error(request: Request, error: Exception) -> Response:
    """Show people a page where they reach nothing; programs get a problem document."""
    is_page = not request.url.path.startswith(("/api/", "/static/", "/docs/"))
    is_missing = getattr(error, "status_code", None) == 404
    if is_page and is_missing and rendered.wants_page(request):
        message = "There is nothing at this address."
        return rendered.not_found(request, message, "/", "Go to the start")
    return problems.http_error(request, error)


@cache
def _routes() -> list[BaseRoute]:
    """Return the routes of every application; their validators are built once, when first used."""
    router = APIRouter(redirect_slashes=False)
    # Each one directly: routes of a router within a router are built once more.
    for resource in (
        analytics,
        bar,
        downloads,
        recipes,
        ingredients,
        units,
        tags,
        ratings,
        shelf,
        sign_in,
    ):
        router.include_router(resource.router, prefix=API_PREFIX)
    router.include_router(health.router)
    for site in (
        pages,
        analytics_pages,
        rendered,
        discovery,
        api_reference,
        pictures,
        lists,
    ):
        router.include_router(site.router)
    return router.routes


def _add_middleware(app: FastAPI, services: Services) -> None:
    """Wrap the routes; the layer added last is outermost."""
    settings = services.settings
    app.add_middleware(GzipMiddleware)
    app.add_middleware(
        ApiGuard,
        authenticator=services.authenticator,
        rate_limits=RateLimits(settings),
        max_body_bytes=settings.max_body_bytes,
    )
    app.add_middleware(HeadAsGet)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "HEAD", "POST", "PUT", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "If-Match", "If-None-Match"],
            expose_headers=_EXPOSED_HEADERS,
            max_age=600,
        )
    app.add_middleware(RequestGuard, hosts=AllowedHosts(settings.allowed_hosts))
    app.add_middleware(RequestContext, metrics=services.metrics)
