"""The application: services, middleware and routes put together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from api.db.database import get_database
from api.http import problems
from api.http.auth import Authenticator
from api.http.deps import Services
from api.http.routes import health
from api.settings import Settings
from api.utils.analytics_cache import AnalyticsStorage

API_PREFIX = "/api/v1"


def create_app(settings: Settings | None = None) -> FastAPI:
    """Return the application that the environment, or ``settings``, describes.

    Raises
    ------
    DatabaseError
        If the database's URL is not one.
    AuthenticationSettingsError
        If the settings of authentication contradict each other or are unsafe.
    """
    settings = settings or Settings()
    services = Services(
        settings=settings,
        database=get_database(settings),
        storage=AnalyticsStorage.from_settings(settings),
        authenticator=Authenticator(settings),
    )

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        services.database.dispose()

    app = FastAPI(
        title="CocktailDB",
        version="1",
        lifespan=lifespan,
        # The interactive pages load scripts from elsewhere, which the content policy forbids.
        docs_url=None,
        redoc_url=None,
        # A redirect would be built from the Host header, which the client chooses.
        redirect_slashes=False,
    )
    app.state.services = services
    problems.register(app)
    app.include_router(health.router)
    return app
