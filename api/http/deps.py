"""The dependencies of routes: one instance of each for the whole application.

All are coroutines although none awaits anything: FastAPI runs plain functions in a thread, which
would cost a read more than everything else it does.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import HTTPBearer

from api.db.database import Database
from api.db.errors import DatabaseError
from api.http.auth import Authenticator, Principal
from api.http.bar_model import CurrentBar
from api.http.exports import Exports
from api.http.freshness import Freshness
from api.http.metrics import RequestMetrics
from api.http.published import Published
from api.http.sign_in import SignInCodes
from api.http.threads import CatalogThreads
from api.jobs.request_refresh import RefreshRequest, request_refresh
from api.settings import Settings
from api.utils.analytics_cache import AnalyticsStorage


@dataclass
class Services:
    """The parts of an application, created once by :func:`api.http.app.create_app`."""

    settings: Settings
    database: Database
    storage: AnalyticsStorage
    authenticator: Authenticator
    published: Published
    freshness: Freshness
    bar: CurrentBar
    threads: CatalogThreads = field(default_factory=CatalogThreads)
    exports: Exports = field(default_factory=Exports)
    sign_in_codes: SignInCodes = field(default_factory=SignInCodes)
    metrics: RequestMetrics = field(default_factory=RequestMetrics)


async def get_services(request: Request) -> Services:
    """Return the application's services."""
    services: Services = request.app.state.services
    return services


ServicesDep = Annotated[Services, Depends(get_services)]


async def get_app_database(services: ServicesDep) -> Database:
    """Return the recipe database.

    Raises
    ------
    DatabaseError
        If an embedded database's file is missing: connecting would create an empty one.
    """
    path = services.database.sqlite_path
    if path is not None and not path.is_file():
        raise DatabaseError(
            f"No database at {path}. Set DB_PATH to an existing SQLite file, "
            f"or create one with: cocktaildb db init"
        )
    return services.database


DatabaseDep = Annotated[Database, Depends(get_app_database)]


async def get_storage(services: ServicesDep) -> AnalyticsStorage:
    """Return the published analytics."""
    return services.storage


_bearer = HTTPBearer(
    auto_error=False,
    scheme_name="bearer",
    description=("On AWS a JWT of the Cognito user pool; locally the token of `cocktaildb serve`."),
)


async def require_writer(
    request: Request, services: ServicesDep, _credentials: Annotated[object, Security(_bearer)]
) -> Principal:
    """Return who is writing.

    The guard before the routes has already verified every write below ``/api``; a read that needs
    a principal is verified here.
    """
    known = request.scope.get("state", {}).get("principal")
    if isinstance(known, Principal):
        return known
    return await services.authenticator.authenticate(request.headers.get("authorization"))


async def recognize_reader(
    request: Request, services: ServicesDep, _credentials: Annotated[object, Security(_bearer)]
) -> Principal | None:
    """Return who is reading; None for the public, which an invalid token belongs to."""
    return await services.authenticator.recognize(request.headers.get("authorization"))


async def get_refresh(services: ServicesDep) -> Callable[[], RefreshRequest]:
    """Return a function that requests a refresh. Call it after the commit; it never raises."""

    def ask() -> RefreshRequest:
        services.freshness.note_write()
        return request_refresh(services.settings)

    return ask


async def get_bar(services: ServicesDep, _database: DatabaseDep) -> CurrentBar:
    """Return the recipes as shelf questions need them."""
    return services.bar


async def get_published(services: ServicesDep) -> Published:
    """Return the published analytics as readers see them."""
    return services.published


StorageDep = Annotated[AnalyticsStorage, Depends(get_storage)]
WriterDep = Annotated[Principal, Depends(require_writer)]
ReaderDep = Annotated[Principal | None, Depends(recognize_reader)]
RefreshDep = Annotated[Callable[[], RefreshRequest], Depends(get_refresh)]
PublishedDep = Annotated[Published, Depends(get_published)]
BarDep = Annotated[CurrentBar, Depends(get_bar)]
