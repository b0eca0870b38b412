"""Recipes: searched, read, written, imported and exported.

Each write requests a refresh. One that changes nothing that the analytics read, such as a
description, is recognized by the refresh itself, which then stops at once.
"""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import AfterValidator, StringConstraints

from api.db.catalog import recipes
from api.db.catalog.drafts import RecipeDraft
from api.db.catalog.search import MAX_TERMS, RecipeSearch
from api.db.exchange.report import ImportReport, OnDuplicate
from api.db.rules import MAX_ID, MAX_LINES, clean_line
from api.http.catalog_routes import LIMIT, CatalogRoute, Cursor, Limit, SearchText
from api.http.deps import ServicesDep
from api.http.exports import ExportResponse
from api.http.models.common import problem_responses
from api.http.models.recipes import RecipeBody, RecipeFactsBody, RecipeIds, RecipePage
from api.http.routes.crud import Resource, add_crud
from api.http.transactions import ReadDep, WriteDep

router = APIRouter(prefix="/recipes", tags=["recipes"], route_class=CatalogRoute)

RECIPE = Resource(
    name="recipe",
    draft=RecipeDraft,
    body=RecipeBody,
    create=recipes.create_recipe,
    read=recipes.get_recipe,
    replace=recipes.update_recipe,
    delete=recipes.delete_recipe,
    on_create="Tags that do not exist yet are created.",
    on_replace="Its ratings stay.",
    on_delete="Its lines and ratings are deleted with it.",
)

_Id = Annotated[int, Query(ge=1, le=MAX_ID)]


def _ids(description: str) -> object:
    return Query(
        max_length=MAX_TERMS, description=f"{description} Repeat the parameter for more than one."
    )


Holds = Annotated[list[_Id], _ids("Recipes with each of these, or an ingredient below it.")]
HoldsAny = Annotated[list[_Id], _ids("Recipes with at least one of these.")]
HoldsNot = Annotated[list[_Id], _ids("Recipes with none of these and nothing below them.")]
Have = Annotated[
    list[_Id],
    _ids(
        "What can I make from these? Tanqueray covers gin; where a recipe names a brand that "
        "allows substitution, any ingredient of the same kind covers it."
    ),
]
Missing = Annotated[
    int,
    Query(ge=0, le=MAX_LINES, description="With `have`: how many ingredients may be missing."),
]
TagName = Annotated[
    str, StringConstraints(min_length=1, max_length=100), AfterValidator(clean_line)
]
Tags = Annotated[
    list[TagName],
    Query(max_length=MAX_TERMS, description="Recipes with each of these tags.", alias="tag"),
]


async def recipe_search(
    q: SearchText = "",
    ingredient: Holds = [],  # noqa: B006 - FastAPI copies defaults
    any_ingredient: HoldsAny = [],  # noqa: B006
    not_ingredient: HoldsNot = [],  # noqa: B006
    have: Have = [],  # noqa: B006
    missing: Missing = 0,
    tag: Tags = [],  # noqa: B006
) -> RecipeSearch:
    """Return the search that a query asks for: the API's and the page's are the same."""
    return RecipeSearch(
        q=q,
        ingredient=ingredient,
        any_ingredient=any_ingredient,
        not_ingredient=not_ingredient,
        have=have,
        missing=missing,
        tag=tag,
    )


SearchDep = Annotated[RecipeSearch, Depends(recipe_search)]


@router.get("", operation_id="search_recipes", summary="Search recipes")
async def search_recipes(
    read: ReadDep, search: SearchDep, cursor: Cursor = None, limit: Limit = LIMIT
) -> RecipePage:
    """Return a page of the recipes that meet every condition, ordered by name."""
    return await read(
        lambda connection: RecipePage.model_validate(
            recipes.search_recipes(connection, search, cursor=cursor, limit=limit)
        )
    )


@router.get("/ids", operation_id="list_recipe_ids", summary="List the recipes of a search by id")
async def list_recipe_ids(
    read: ReadDep,
    q: SearchText = "",
    have: Have = [],  # noqa: B006 - FastAPI copies defaults
    missing: Missing = 0,
) -> RecipeIds:
    """Return the ids of every recipe that meets each condition, the best match first.

    For maps and charts that mark all matches at once; it is one page, however many there are.
    """
    search = RecipeSearch(q=q, have=have, missing=missing)
    return await read(lambda connection: RecipeIds(ids=recipes.list_recipe_ids(connection, search)))


@router.get("/facts", operation_id="list_recipe_facts", summary="List ratings and tags")
async def list_recipe_facts(read: ReadDep) -> RecipeFactsBody:
    """Return the mean rating and the tags of every recipe that has any, in columns."""
    return await read(
        lambda connection: RecipeFactsBody.model_validate(recipes.list_recipe_facts(connection))
    )


async def read_body(request: Request) -> bytes:
    """Return the body as received; its size is limited before the routes."""
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
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
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
async def import_many(
    body: Body,
    write: WriteDep,
    services: ServicesDep,
    on_duplicate: Annotated[
        OnDuplicate,
        Query(
            description="What to do with a recipe whose name exists: leave it, give it the fields "
            "that the body has, or keep both."
        ),
    ] = "skip",
    mapping: Annotated[
        str,
        Query(
            max_length=20_000,
            description="A JSON object: names in the source and the ingredients that they mean; "
            "null leaves a name's lines out.",
            examples=['{"House blend": "Aged Rum"}'],
        ),
    ] = "{}",
    dry_run: Annotated[
        bool,
        Query(description="Report what would happen and what is wrong, without changing anything."),
    ] = False,
) -> ImportReport:
    """Merge recipes, all or none.

    The body is a file in any shape that `cocktaildb import` reads, recognized by its content: JSON
    or CSV as the exports write it, other programs' JSON, CSV, YAML, spreadsheets, SQLite files,
    web pages with recipes, or a zip archive of them. Amounts are read as people write them, and
    unknown ingredients are placed in the tree. The report lists what was created, which names
    could not be placed and which amounts were not understood. If anything is wrong, every fault is
    listed with its row and nothing is changed.
    """
    # Here, not above: it brings pandas, which a cold start on Lambda would wait for.
    from api.db.exchange.requests import import_request, read_names, read_request

    names = read_names(mapping)
    source = await services.threads.parse(lambda: read_request(body))
    return await write(
        lambda connection: import_request(connection, source, on_duplicate, names, dry_run=dry_run),
        dry_run=dry_run,
    )


@router.get(
    "/export",
    operation_id="export_recipes",
    summary="Export every recipe",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "Every recipe, in a form that the import accepts.",
            "content": {
                "application/json": {"schema": {"type": "object"}},
                "text/csv": {"schema": {"type": "string"}},
            },
        }
    },
)
async def export_many(
    read: ReadDep,
    services: ServicesDep,
    format: Annotated[
        Literal["json", "csv"],
        Query(description="JSON includes units and ingredients; CSV is for spreadsheets."),
    ] = "json",
) -> ExportResponse:
    """Return every recipe as one file.

    CSV text that a spreadsheet would run as a formula gets a leading apostrophe, which the import
    removes.
    """
    # Here, not above: as in import_many().
    from api.db.exchange.export import write_csv, write_json

    release = services.exports.reserve()
    try:
        # Written completely before it is sent: a slow client holds no lock on the database.
        file = await read(write_csv if format == "csv" else write_json)
    except BaseException:
        release()
        raise
    media_type = "text/csv; charset=utf-8" if format == "csv" else "application/json"
    headers = {"Content-Disposition": f'attachment; filename="recipes.{format}"'}
    return ExportResponse(file, release, media_type, headers)


add_crud(router, RECIPE)
