"""What other programs read to find and install the site: sitemap, robots.txt, a feed, and more."""

from __future__ import annotations

import json
from collections.abc import Iterator

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from markupsafe import escape
from sqlalchemy import select

from api.db.schema import ingredients, recipes
from api.http.deps import DatabaseDep, Services, ServicesDep
from api.http.snapshot_history import own_snapshots
from api.pages.assets import site_assets

router = APIRouter(include_in_schema=False)

_PAGES = ("/map", "/bar", "/recipes", "/ingredients", "/tree", "/substitutes")
#: A sitemap may not list more (sitemaps.org).
_MAX_URLS = 50_000
_SNAPSHOTS = 20
_SERVICE_WORKER = "js/service-worker.js"
#: Static files that no page needs offline.
_NOT_KEPT = {_SERVICE_WORKER, "sample.zip"}
_HOUR = {"Cache-Control": "public, max-age=3600"}


@router.api_route("/sitemap.xml", methods=["GET", "HEAD"])
def sitemap(request: Request, database: DatabaseDep) -> Response:
    """List the site's pages: at most 50,000."""
    base = _base(request)
    with database.snapshot() as connection:
        paths = list(_PAGES)
        for prefix, table in (("recipes", recipes), ("ingredients", ingredients)):
            query = select(table.c.id).order_by(table.c.id).limit(_MAX_URLS)
            paths += [f"/{prefix}/{identifier}" for identifier in connection.scalars(query)]
    urls = "".join(f"<url><loc>{escape(base + path)}</loc></url>" for path in paths[:_MAX_URLS])
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{urls}</urlset>'
    )
    return Response(body, media_type="application/xml", headers=_HOUR)


@router.api_route("/manifest.webmanifest", methods=["GET", "HEAD"])
def web_manifest() -> JSONResponse:
    """Describe the site to browsers that install it as an application (W3C App Manifest)."""
    icon = {"src": site_assets().url("icon.svg"), "type": "image/svg+xml", "sizes": "any"}
    content = {
        "id": "/",
        "name": "Cocktail atlas",
        "short_name": "Cocktails",
        "description": "A bar's recipes, how they relate, and what replaces each ingredient.",
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "icons": [icon],
    }
    return JSONResponse(content, media_type="application/manifest+json", headers=_HOUR)


@router.api_route("/service-worker.js", methods=["GET", "HEAD"])
def service_worker() -> Response:
    """Return the script that keeps pages for reading offline.

    It is at the root, because a worker serves only what is below its own address.
    """
    assets = site_assets()
    files = [assets.url(path) for path in sorted(assets.paths()) if path not in _NOT_KEPT]
    source = assets.get(_SERVICE_WORKER)
    assert source is not None  # noqa: S101 - a file of this package
    text = source.data.decode()
    text = text.replace("__VERSION__", assets.digest).replace("__FILES__", json.dumps(files))
    return Response(text, media_type="text/javascript", headers={"Cache-Control": "no-cache"})


@router.api_route("/robots.txt", methods=["GET", "HEAD"])
def robots(request: Request) -> Response:
    """Allow everything but editing, and name the sitemap."""
    body = (
        "User-agent: *\nDisallow: /recipes/new\nDisallow: /*/edit\nDisallow: /api/\n"
        f"Sitemap: {_base(request)}/sitemap.xml\n"
    )
    return Response(body, media_type="text/plain", headers=_HOUR)


@router.api_route("/llms.txt", methods=["GET", "HEAD"])
def llms(request: Request) -> Response:
    """Describe the site to language models (llmstxt.org)."""
    base = _base(request)
    body = f"""# Cocktail atlas

> A bar's recipes, how they relate, and what replaces each ingredient, learned from the recipes.

## Data

- [API reference]({base}/api-docs) and [OpenAPI document]({base}/openapi.json)
- [Recipes]({base}/api/v1/recipes): search by name, ingredient, tag and shelf
- [Close relatives]({base}/api/v1/analytics/recipe-similar): add `/ID` for one
- [Substitutes]({base}/api/v1/analytics/ingredient-substitutes): add `/ID` for one
- [Ingredient tree]({base}/api/v1/analytics/ingredient-tree)

## Pages

- [Recipes]({base}/recipes)
- [Ingredients]({base}/ingredients)
- [Sitemap]({base}/sitemap.xml)
"""
    return Response(body, media_type="text/plain; charset=utf-8", headers=_HOUR)


@router.api_route("/feed.atom", methods=["GET", "HEAD"])
def feed(request: Request, services: ServicesDep) -> Response:
    """Return the latest snapshots as an Atom feed (RFC 4287)."""
    return Response(
        "".join(_feed(_base(request), services)),
        media_type="application/atom+xml",
        headers={"Cache-Control": "no-cache"},
    )


def _feed(base: str, services: Services) -> Iterator[str]:
    manifests = own_snapshots(services)[:_SNAPSHOTS]
    updated = manifests[0].created_at.isoformat() if manifests else "1970-01-01T00:00:00+00:00"
    yield '<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom">'
    yield f"<title>Cocktail atlas: snapshots</title><id>{escape(base)}/feed.atom</id>"
    yield f'<link rel="self" href="{escape(base)}/feed.atom"/><updated>{updated}</updated>'
    yield "<author><name>Cocktail atlas</name></author>"
    for manifest in manifests:
        recipes = manifest.counts.get("cocktail_space_count", 0)
        yield (
            f"<entry><title>Analytics of {recipes} recipes</title>"
            f"<id>{escape(base)}/status#{manifest.snapshot_id}</id>"
            f'<link href="{escape(base)}/status"/>'
            f"<updated>{manifest.created_at.isoformat()}</updated>"
            f"<summary>Snapshot {manifest.snapshot_id}</summary></entry>"
        )
    yield "</feed>"


def _base(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}"
