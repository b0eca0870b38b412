"""The operations that units, tags, ingredients and recipes share: create, read, replace, delete."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Annotated, Any, Generic, Protocol, TypeVar

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel
from sqlalchemy import Connection

from api.db.catalog.paging import Page
from api.db.rules import MAX_ID
from api.http.catalog_routes import (
    LIMIT,
    NOT_MODIFIED,
    WITH_VERSION,
    Cursor,
    IfMatch,
    IfNoneMatch,
    Limit,
    SearchText,
    expected_versions,
    is_unchanged,
    set_version,
)
from api.http.models.common import problem_responses
from api.http.transactions import ReadDep, WriteDep


class Row(Protocol):
    """A row of the catalog."""

    @property
    def id(self) -> int:
        """Its number."""

    @property
    def version(self) -> str:
        """Its entity tag without quotes."""


DraftT = TypeVar("DraftT", bound=BaseModel)
RowT = TypeVar("RowT", bound=Row)
BodyT = TypeVar("BodyT", bound=BaseModel)


class ListRows(Protocol):
    """Reads a page of rows by name."""

    def __call__(
        self, connection: Connection, *, q: str | None, cursor: str | None, limit: int
    ) -> Page[Any]:
        """Return the page."""


@dataclass(frozen=True)
class Resource(Generic[DraftT, RowT, BodyT]):
    """A kind of row, as the API offers it.

    Attributes
    ----------
    name
        Of one row, singular; operation ids and summaries are made from it.
    draft, body
        What is written and what is shown.
    create, read, replace, delete
        The catalog's functions.
    on_create, on_replace, on_delete
        What the OpenAPI document adds to the descriptions of these operations.
    affects_analytics
        Whether a write requests a refresh.
    """

    name: str
    draft: type[DraftT]
    body: type[BodyT]
    create: Callable[[Connection, DraftT], RowT]
    read: Callable[[Connection, int], RowT]
    replace: Callable[[Connection, int, DraftT, Collection[str] | None], RowT]
    delete: Callable[[Connection, int, Collection[str] | None], None]
    on_create: str = "Its name must be unique, ignoring case."
    on_replace: str = ""
    on_delete: str = ""
    affects_analytics: bool = True

    @property
    def phrase(self) -> str:
        """The name with its article."""
        return f"{'an' if self.name[0] in 'aeio' else 'a'} {self.name}"


def add_list(
    router: APIRouter, resource: Resource[Any, Any, Any], page: type[BaseModel], rows: ListRows
) -> None:
    """Add the list of a resource's rows, searched by name.

    Parameters
    ----------
    page
        What is shown.
    rows
        The catalog's function.
    """
    name = resource.name

    async def list_rows(
        read: ReadDep, q: SearchText = "", cursor: Cursor = None, limit: Limit = LIMIT
    ) -> Any:
        return await read(
            lambda connection: page.model_validate(
                rows(connection, q=q, cursor=cursor, limit=limit)
            )
        )

    router.add_api_route(
        "",
        _annotated(list_rows, returns=page),
        methods=["GET"],
        operation_id=f"list_{name}s",
        summary=f"List {name}s by name",
        description=f"Return a page of {name}s, ordered by name ignoring accents and case.",
    )


def add_crud(router: APIRouter, resource: Resource[Any, Any, Any]) -> None:
    """Add creating, reading, replacing and deleting a row."""
    _add_create(router, resource)
    _add_read(router, resource)
    _add_replace(router, resource)
    _add_delete(router, resource)


def _add_create(router: APIRouter, resource: Resource[Any, Any, Any]) -> None:
    async def create(draft: Any, write: WriteDep, request: Request, response: Response) -> Any:
        made = await write(
            lambda connection: resource.create(connection, draft),
            affects_analytics=resource.affects_analytics,
        )
        response.headers["Location"] = f"{request.url.path}/{made.id}"
        set_version(response, made.version)
        return resource.body.model_validate(made)

    router.add_api_route(
        "",
        _annotated(create, returns=resource.body, draft=resource.draft),
        methods=["POST"],
        status_code=201,
        operation_id=f"create_{resource.name}",
        summary=f"Add {resource.phrase}",
        description=_sentences(f"Add {resource.phrase}", resource.on_create),
        responses={201: WITH_VERSION, **problem_responses(409)},
    )


def _add_read(router: APIRouter, resource: Resource[Any, Any, Any]) -> None:
    async def get(
        identifier: int, read: ReadDep, response: Response, if_none_match: IfNoneMatch = None
    ) -> Any:
        found = await read(lambda connection: resource.read(connection, identifier))
        if is_unchanged(found.version, if_none_match):
            return Response(status_code=304, headers={"ETag": f'"{found.version}"'})
        set_version(response, found.version)
        return resource.body.model_validate(found)

    router.add_api_route(
        _one(resource),
        _annotated(get, returns=resource.body, identifier=_row_id(resource)),
        methods=["GET"],
        operation_id=f"get_{resource.name}",
        summary=f"Read {resource.phrase}",
        description=f"Return one {resource.name} with its version.",
        responses={200: WITH_VERSION, **NOT_MODIFIED, **problem_responses(404)},
    )


def _add_replace(router: APIRouter, resource: Resource[Any, Any, Any]) -> None:
    async def replace(
        identifier: int, draft: Any, write: WriteDep, response: Response, if_match: IfMatch = None
    ) -> Any:
        expected = expected_versions(if_match)
        made = await write(
            lambda connection: resource.replace(connection, identifier, draft, expected),
            affects_analytics=resource.affects_analytics,
        )
        set_version(response, made.version)
        return resource.body.model_validate(made)

    router.add_api_route(
        _one(resource),
        _annotated(
            replace, returns=resource.body, identifier=_row_id(resource), draft=resource.draft
        ),
        methods=["PUT"],
        operation_id=f"replace_{resource.name}",
        summary=f"Replace {resource.phrase}",
        description=_sentences(
            f"Replace every field of {resource.phrase}; fields that the body omits are cleared",
            resource.on_replace,
        ),
        responses={200: WITH_VERSION, **problem_responses(404, 409, 412)},
    )


def _add_delete(router: APIRouter, resource: Resource[Any, Any, Any]) -> None:
    async def delete(identifier: int, write: WriteDep, if_match: IfMatch = None) -> None:
        expected = expected_versions(if_match)
        await write(
            lambda connection: resource.delete(connection, identifier, expected),
            affects_analytics=resource.affects_analytics,
        )

    router.add_api_route(
        _one(resource),
        _annotated(delete, returns=None, identifier=_row_id(resource)),
        methods=["DELETE"],
        status_code=204,
        operation_id=f"delete_{resource.name}",
        summary=f"Delete {resource.phrase}",
        description=_sentences(f"Delete {resource.phrase}", resource.on_delete),
        responses=problem_responses(404, 409, 412),
    )


def _one(resource: Resource[Any, Any, Any]) -> str:
    return f"/{{{resource.name}_id}}"


def _row_id(resource: Resource[Any, Any, Any]) -> Any:
    """Return the type of the path's parameter, which every resource names after itself."""
    parameter = Path(
        alias=f"{resource.name}_id", ge=1, le=MAX_ID, description="The row's ID.", examples=[1]
    )
    return Annotated[int, parameter]


def _annotated(
    handler: Callable[..., Any], *, returns: type[BaseModel] | None, **parameters: Any
) -> Callable[..., Any]:
    """Give a handler the types of its resource: FastAPI reads them when the route is added."""
    handler.__annotations__.update(parameters)
    handler.__annotations__["return"] = returns
    return handler


def _sentences(*parts: str) -> str:
    return " ".join(f"{part.rstrip('.')}." for part in parts if part)
