"""Tags. The analytics do not depend on them, so no write requests a refresh."""

from fastapi import APIRouter

from api.db.catalog import tags
from api.db.catalog.drafts import TagDraft
from api.http.catalog_routes import CatalogRoute
from api.http.models.tags import TagBody, TagPage
from api.http.routes.crud import Resource, add_crud, add_list

router = APIRouter(prefix="/tags", tags=["tags"], route_class=CatalogRoute)

TAG = Resource(
    name="tag",
    draft=TagDraft,
    body=TagBody,
    create=tags.create_tag,
    read=tags.get_tag,
    replace=tags.update_tag,
    delete=tags.delete_tag,
    on_delete="It is removed from every recipe.",
    affects_analytics=False,
)
add_list(router, TAG, TagPage, tags.list_tags)
add_crud(router, TAG)
