"""Recipes: searched, read, written, imported and exported.

Each write asks for a refresh; one that changes nothing that the analytics depend on, such as a
description, is recognised by the refresh itself, which then stops at once.
"""

from collections.abc import Iterator
from typing import IO, Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import AfterValidator, StringConstraints

from api.db.catalog import recipes
from api.db.catalog.drafts import MAX_ID, MAX_LINES, RecipeDraft
from api.db.catalog.search import MAX_TERMS, RecipeSearch
from api.db.catalog.text import clean_line
from api.db.catalog.writing import writing
from api.db.exchange.bulk import import_recipes
from api.db.exchange.bulk_formats import read_csv_rows, read_json_rows
from api.db.exchange.export import write_csv, write_json
from api.http.catalog_routes import (
    LIMIT,
    NOT_MODIFIED,
    WITH_VERSION,
    CatalogRoute,
    Cursor,
    IfMatch,
    IfNoneMatch,
    Limit,
    RowIdPath,
    SearchText,
    expected_versions,
    is_unchanged,
    set_version,
)
from api.http.deps import DatabaseDep, RefreshDep, WriterDep
from api.http.models.common import problem_responses
from api.http.models.recipes import ImportResult, RecipeBody, RecipePage
from api.http.problems import Problem

router = APIRouter(prefix="/recipes", tags=["recipes"], route_class=CatalogRoute)

_Id = Annotated[int, Query(ge=1, le=MAX_ID)]


def _ids(description: str) -> object:
    return Query(max_length=MAX_TERMS, description=f"{description} Repeat it for more than one.")


Holds = Annotated[list[_Id], _ids("Recipes that hold each of these, or something below it.")]
HoldsAny = Annotated[list[_Id], _ids("Recipes that hold at least one of these.")]
HoldsNot = Annotated[list[_Id], _ids("Recipes that hold none of these, nor anything below.")]
Have = Annotated[
    list[_Id],
    _ids(
        "What can I make from these? Tanqueray serves where gin is asked for; where a brand that "
        "allows substitution is asked for, any of its kind serves."
    ),
]
Missing = Annotated[
    int,
    Query(ge=0, le=MAX_LINES, description="With `have`: how many ingredients may be wanting."),
]
TagName = Annotated[
    str, StringConstraints(min_length=1, max_length=100), AfterValidator(clean_line)
]
Tags = Annotated[
    list[TagName],
    Query(max_length=MAX_TERMS, description="Recipes with each of these tags.", alias="tag"),
]


@router.get("", operation_id="search_recipes", summary="Search recipes")
def search_recipes(
    database: DatabaseDep,
    q: SearchText = "",
    ingredient: Holds = [],  # noqa: B006 - FastAPI copies defaults
    any_ingredient: HoldsAny = [],  # noqa: B006
    not_ingredient: HoldsNot = [],  # noqa: B006
    have: Have = [],  # noqa: B006
    missing: Missing = 0,
    tag: Tags = [],  # noqa: B006
    cursor: Cursor = None,
    limit: Limit = LIMIT,
) -> RecipePage:
    """Return a page of the recipes for which every condition holds, ordered by name."""
    search = RecipeSearch(
        q=q,
        ingredient=ingredient,
        any_ingredient=any_ingredient,
        not_ingredient=not_ingredient,
        have=have,
        missing=missing,
        tag=tag,
    )
    with database.snapshot() as connection:
        page = recipes.search_recipes(connection, search, cursor=cursor, limit=limit)
    return RecipePage.model_validate(page)


async def read_body(request: Request) -> bytes:
    """Return the body as it came; its size is bounded before the routes."""
    return await request.body()


Body = Annotated[bytes, Depends(read_body)]
_IMPORT_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "units": {"type": "array", "items": {"type": "object"}},
                        "ingredients": {"type": "array", "items": {"type": "object"}},
                        "tags": {"type": "array", "items": {"type": "object"}},
                        "recipes": {"type": "array", "items": {"type": "object"}},
                    },
                    "example": {
                        "recipes": [
                            {
                                "name": "Negroni",
                                "tags": ["stirred"],
                                "ingredients": [
                                    {"ingredient": "Gin", "amount": 30, "unit": "Milliliter"}
                                ],
                            }
                        ]
                    },
                }
            },
            "text/csv": {
                "schema": {
                    "type": "string",
                    "example": "recipe,ingredient,amount,unit,tags\nNegroni,Gin,30,Milliliter,\n",
                }
            },
        },
    }
}


@router.post(
    "/import",
    operation_id="import_recipes",
    summary="Import many recipes at once",
    responses=problem_responses(409),
    openapi_extra=_IMPORT_BODY,
)
def import_many(
    body: Body,
    request: Request,
    database: DatabaseDep,
    refresh: RefreshDep,
    _writer: WriterDep,
    dry_run: Annotated[
        bool, Query(description="Say what would be done or is wrong, and do nothing.")
    ] = False,
) -> ImportResult:
    """Merge recipes by name, all or none.

    JSON as `GET recipes/export` and `cocktaildb db export` write it, or CSV with a line for each
    ingredient. Names stand for ids. A recipe that is there gets the fields that are given and
    keeps the others; units, ingredients and tags that are new are made, those that are there stay
    as they are. Every fault is named with its row, and then nothing is changed.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "text/csv":
        rows = read_csv_rows(body)
    elif kind in ("application/json", ""):
        rows = read_json_rows(body)
    else:
        raise Problem(
            415,
            "Unknown media type",
            f"The body is {kind[:80]!r}; send application/json or text/csv.",
        )
    with writing(database, dry_run=dry_run) as connection:
        done = import_recipes(connection, rows)
    if not dry_run:
        refresh()
    return ImportResult(dry_run=dry_run, **vars(done))


@router.get(
    "/export",
    operation_id="export_recipes",
    summary="Export every recipe",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "Every recipe, in a form that the import takes back.",
            "content": {
                "application/json": {"schema": {"type": "object"}},
                "text/csv": {"schema": {"type": "string"}},
            },
        }
    },
)
def export_many(
    database: DatabaseDep,
    format: Annotated[
        Literal["json", "csv"],
        Query(description="JSON has units and ingredients with them; CSV is for spreadsheets."),
    ] = "json",
) -> StreamingResponse:
    """Return every recipe as one file.

    CSV text that a spreadsheet would run as a formula has an apostrophe before it, which the
    import takes away again.
    """
    write = write_csv if format == "csv" else write_json
    with database.snapshot() as connection:
        # Written whole before it is sent: a slow client holds no lock on the database.
        file = write(connection)
    return StreamingResponse(
        _chunks(file),
        media_type="text/csv; charset=utf-8" if format == "csv" else "application/json",
        headers={"Content-Disposition": f'attachment; filename="recipes.{format}"'},
    )


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while chunk := file.read(1 << 16):
            yield chunk


@router.post(
    "",
    status_code=201,
    operation_id="create_recipe",
    summary="Add a recipe",
    responses={201: WITH_VERSION, **problem_responses(409)},
)
def create_recipe(
    draft: RecipeDraft,
    database: DatabaseDep,
    refresh: RefreshDep,
    _writer: WriterDep,
    request: Request,
    response: Response,
) -> RecipeBody:
    """Add a recipe; two may have the same name. Tags that do not exist yet are made."""
    with writing(database) as connection:
        made = recipes.create_recipe(connection, draft)
    refresh()
    response.headers["Location"] = f"{request.url.path}/{made.id}"
    set_version(response, made.version)
    return RecipeBody.model_validate(made)


@router.get(
    "/{recipe_id}",
    response_model=RecipeBody,
    operation_id="get_recipe",
    summary="Read a recipe",
    responses={200: WITH_VERSION, **NOT_MODIFIED, **problem_responses(404)},
)
def get_recipe(
    recipe_id: RowIdPath,
    database: DatabaseDep,
    response: Response,
    if_none_match: IfNoneMatch = None,
) -> RecipeBody | Response:
    """Return one recipe with its version."""
    with database.snapshot() as connection:
        found = recipes.get_recipe(connection, recipe_id)
    if is_unchanged(found.version, if_none_match):
        return Response(status_code=304, headers={"ETag": f'"{found.version}"'})
    set_version(response, found.version)
    return RecipeBody.model_validate(found)


@router.put(
    "/{recipe_id}",
    operation_id="replace_recipe",
    summary="Replace a recipe",
    responses={200: WITH_VERSION, **problem_responses(404, 409, 412)},
)
def replace_recipe(
    recipe_id: RowIdPath,
    draft: RecipeDraft,
    database: DatabaseDep,
    refresh: RefreshDep,
    _writer: WriterDep,
    response: Response,
    if_match: IfMatch = None,
) -> RecipeBody:
    """Replace a recipe whole; what the body leaves out is emptied. Its ratings stay."""
    with writing(database) as connection:
        made = recipes.update_recipe(connection, recipe_id, draft, expected_versions(if_match))
    refresh()
    set_version(response, made.version)
    return RecipeBody.model_validate(made)


@router.delete(
    "/{recipe_id}",
    status_code=204,
    operation_id="delete_recipe",
    summary="Delete a recipe",
    responses=problem_responses(404, 409, 412),
)
def delete_recipe(
    recipe_id: RowIdPath,
    database: DatabaseDep,
    refresh: RefreshDep,
    _writer: WriterDep,
    if_match: IfMatch = None,
) -> None:
    """Delete a recipe with its lines and ratings."""
    with writing(database) as connection:
        recipes.delete_recipe(connection, recipe_id, expected_versions(if_match))
    refresh()
