"""Routes of the site: one HTML shell a page, and the static files."""

from __future__ import annotations

from functools import cache
from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from api.pages.assets import site_assets
from api.pages.convertors import ROW_ID
from api.pages.documentation_site import documentation_site
from api.pages.rendering import render

#: URL paths of the shells without data and their templates; a page's module reads its parameters
#: from the URL. Pages with data: :mod:`api.pages.rendered`, :mod:`api.pages.analytics_pages`.
PAGES: Final[dict[str, str]] = {
    "/bar": "bar",
    "/recipes/new": "recipe-edit",
    "/recipes/import": "import",
    f"/recipes/{{recipe_id:{ROW_ID}}}/edit": "recipe-change",
    "/phone": "phone",
}

# A shell names its modules by hash; a cached shell would request old modules. The security headers
# come from the middleware, like those of every response.
_PAGE_HEADERS: Final = {"Cache-Control": "no-cache"}
_FOREVER: Final = "public, max-age=31536000, immutable"

router = APIRouter(include_in_schema=False)


@cache
def render_page(template: str) -> str:
    """Render a page's shell; it depends only on the package, so it is rendered once."""
    return render(template)


def _add_page(path: str, template: str) -> None:
    def page() -> HTMLResponse:
        return HTMLResponse(render_page(template), headers=_PAGE_HEADERS)

    router.add_api_route(path, page, methods=["GET", "HEAD"], response_class=HTMLResponse)


for _path, _template in PAGES.items():
    _add_page(_path, _template)


@router.api_route("/complexity", methods=["GET", "HEAD"])
def complexity(size: str = "") -> RedirectResponse:
    """Redirect the former page to the map's histograms, which count the ingredients too."""
    chosen = f"&ingredients={size}" if size.isdecimal() and size.isascii() else ""
    return RedirectResponse(f"/map?color=ingredients&show=filters{chosen}", status_code=301)


@router.api_route("/static/{digest}/{path:path}", methods=["GET", "HEAD"])
def static_file(digest: str, path: str, request: Request) -> Response:
    """Send a static file, compressed if the client accepts gzip.

    While a deployment rolls out, a page of one version may reach a server of another: it then gets
    that server's file with ``no-store``.
    """
    assets = site_assets()
    asset = assets.get(path)
    if asset is None:
        return Response(status_code=404, media_type="text/plain", content="File not found.\n")
    headers = {
        "Cache-Control": _FOREVER if digest == assets.digest else "no-store",
        "Vary": "Accept-Encoding",
    }
    if asset.gzipped is not None and "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return Response(asset.gzipped, media_type=asset.media_type, headers=headers)
    return Response(asset.data, media_type=asset.media_type, headers=headers)


@router.api_route("/docs/{path:path}", methods=["GET", "HEAD"])
def documentation(path: str) -> Response:
    """Send a file of the documentation, if it was built (``make docs``)."""
    site = documentation_site()
    asset = site and site.assets.get(path or "index.html")
    if not site or not asset:
        content = "Page not found.\n" if site else "Build the documentation with: make docs\n"
        return Response(status_code=404, media_type="text/plain", content=content)
    headers = {"Cache-Control": "no-cache", "Content-Security-Policy": site.content_security_policy}
    return Response(asset.data, media_type=asset.media_type, headers=headers)


@router.api_route("/favicon.ico", methods=["GET", "HEAD"])
def favicon() -> RedirectResponse:
    """Redirect the traditional icon path."""
    return RedirectResponse(site_assets().url("icon.svg"))
