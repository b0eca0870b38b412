"""Units of measure."""

from fastapi import APIRouter

from api.db.catalog import units
from api.db.catalog.drafts import UnitDraft
from api.http.catalog_routes import CatalogRoute
from api.http.models.units import UnitBody, UnitPage
from api.http.routes.crud import Resource, add_crud, add_list

router = APIRouter(prefix="/units", tags=["units"], route_class=CatalogRoute)

UNIT = Resource(
    name="unit",
    draft=UnitDraft,
    body=UnitBody,
    create=units.create_unit,
    read=units.get_unit,
    replace=units.update_unit,
    delete=units.delete_unit,
    on_delete="Refused while a recipe uses it.",
)
add_list(router, UNIT, UnitPage, units.list_units)
add_crud(router, UNIT)
