"""Entity maps: a query's findings held for a while, and pages taken from them."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

import msgspec

from mieone.blocks.broker.model import Entity, EntitySelector, Found, Query, Tenant
from mieone.blocks.broker.model.entity_map import HERE, EntityMap
from mieone.blocks.broker.problems import ResourceNotFound, TooManyResults
from mieone.blocks.broker.store import entity_maps as store
from mieone.core.database import Conn

from .reading import list_entities
from .sources import Gathered, Journey, Sources

MOST_ENTRIES: Final = 10_000
MOST_MAPS: Final = 1_000
"""Of one tenant; whoever makes more, ends the oldest."""
USUAL_LIFETIME: Final = timedelta(minutes=10)
LONGEST_LIFETIME: Final = timedelta(days=1)
_AT_ONCE: Final = 1_000


async def find_all(
    sources: Sources, tenant: Tenant, asked: Query, journey: Journey, *, is_batch: bool
) -> Gathered:
    """Everything a query finds. Raises TooManyResults."""
    whole = msgspec.structs.replace(asked, limit=MOST_ENTRIES, offset=0, wants_count=False)
    gathered = await sources.query(tenant, whole, journey, is_batch=is_batch)
    if gathered.found.has_more:
        raise TooManyResults(f"an entity map holds at most {MOST_ENTRIES} entities")
    return gathered


async def record_map(
    conn: Conn, tenant: Tenant, found: Found, now: datetime, lifetime: timedelta
) -> EntityMap:
    ids = [entity.id for entity in found.entities]
    here: set[str] = set()
    for start in range(0, len(ids), _AT_ONCE):
        some = await list_entities(conn, tenant, ids[start : start + _AT_ONCE])
        here.update(entity.id for entity in some)
    made = EntityMap(
        id=f"urn:ngsi-ld:EntityMap:{uuid4()}",
        entries=tuple((one, (HERE,) if one in here else ()) for one in ids),
        expires_at=now + min(lifetime, LONGEST_LIFETIME),
    )
    await store.delete_old_maps(conn, tenant.name, MOST_MAPS)
    await store.record_map(conn, tenant.name, made)
    return made


async def get_map(conn: Conn, tenant: Tenant, map_id: str) -> EntityMap:
    found = await store.find_map(conn, tenant.name, map_id)
    if found is None:
        raise ResourceNotFound(f"there is no entity map {map_id[:200]}")
    return found


async def take_page(
    sources: Sources, tenant: Tenant, held: EntityMap, asked: Query, journey: Journey
) -> Gathered:
    """A page of the map, as its entities are now; those that are gone are left out."""
    end = asked.offset + asked.limit
    ids = tuple(one for one, _ in held.entries[asked.offset : end])
    by_id: Mapping[str, Entity] = {}
    warnings: tuple[str, ...] = ()
    if ids:
        wanted = Query(
            entities=(EntitySelector(ids=ids),),
            limit=len(ids),
            source_condition=asked.source_condition,
        )
        gathered = await sources.query(tenant, wanted, journey)
        by_id = {entity.id: entity for entity in gathered.found.entities}
        warnings = gathered.warnings
    return Gathered(
        found=Found(
            entities=tuple(by_id[one] for one in ids if one in by_id),
            sequences=(),
            count=len(held.entries) if asked.wants_count else None,
            has_more=len(held.entries) > end,
        ),
        warnings=warnings,
    )


async def prolong_map(conn: Conn, tenant: Tenant, map_id: str, until: datetime) -> None:
    if not await store.change_expiry(conn, tenant.name, map_id, until):
        raise ResourceNotFound(f"there is no entity map {map_id[:200]}")


async def delete_map(conn: Conn, tenant: Tenant, map_id: str) -> None:
    if not await store.delete_map(conn, tenant.name, map_id):
        raise ResourceNotFound(f"there is no entity map {map_id[:200]}")
