"""Things that stand somewhere, out of every tenant: what the portal's map shows."""

from collections.abc import Collection
from datetime import datetime

import msgspec

from mieone.blocks.broker.model import (
    DEFAULT_INSTANCE,
    AttributeKind,
    Entity,
    EntitySelector,
    JsonValue,
    OneType,
    Query,
    Tenant,
)
from mieone.blocks.broker.rules.importing import expand
from mieone.blocks.broker.store.tenants import list_tenants
from mieone.core.house import House

from . import reading

PAGE = 1000
MOST = 5000
"""Of one type and tenant: a map with more points says nothing to anybody."""


class OpenPlace(msgspec.Struct, frozen=True, kw_only=True):
    tenant: str
    id: str
    type: str
    """Short, as the region's data sets name it."""
    lon: float
    lat: float
    values: dict[str, JsonValue]
    """The plain values by their short names."""
    modified_at: datetime | None


async def list_open_places(house: House, types: Collection[str]) -> list[OpenPlace]:
    """Entities of these types that have a point, in the order in which they were made."""
    found: list[OpenPlace] = []
    async with house.database.transaction() as conn:
        for tenant in await list_tenants(conn):
            for name in types:
                after: int | None = None
                held: list[OpenPlace] = []
                while len(held) < MOST:
                    asked = Query(
                        entities=(EntitySelector(types=OneType(expand(name))),),
                        limit=PAGE,
                        after=after,
                    )
                    page = await reading.query(conn, tenant, asked)
                    held += [
                        place
                        for entity in page.entities
                        if (place := _place(tenant, name, entity)) is not None
                    ]
                    if not page.has_more:
                        break
                    after = page.sequences[-1]
                found += held
    return found


def _place(tenant: Tenant, type_name: str, entity: Entity) -> OpenPlace | None:
    where = entity.attributes.get(expand("location"), {}).get(DEFAULT_INSTANCE)
    if where is None or not isinstance(where.value, dict) or where.value.get("type") != "Point":
        return None
    match where.value.get("coordinates"):
        case [float() | int() as lon, float() | int() as lat, *_]:
            pass
        case _:
            return None
    values = {
        name.rpartition("/")[2]: instances[DEFAULT_INSTANCE].value
        for name, instances in entity.attributes.items()
        if DEFAULT_INSTANCE in instances
        and instances[DEFAULT_INSTANCE].kind is AttributeKind.PROPERTY
    }
    return OpenPlace(
        tenant=tenant.name,
        id=entity.id,
        type=type_name,
        lon=lon,
        lat=lat,
        values=values,
        modified_at=entity.modified_at,
    )
