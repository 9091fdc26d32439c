"""Many entities deleted at once, or attributes of many: page by page, each page a batch of its own."""

from collections.abc import Collection
from typing import Final

import msgspec

from mieone.blocks.broker.model import (
    Change,
    DatasetId,
    Entity,
    Fragment,
    Instance,
    Iri,
    Null,
    Operation,
    Query,
    Tenant,
)

from . import reading
from .parts import Broker

PAGE: Final = 1000


async def purge(
    broker: Broker,
    tenant: Tenant,
    asked: Query,
    keep: Collection[Iri] | None = None,
    drop: Collection[Iri] | None = None,
) -> None:
    """What fits here: deleted, or left without the attributes of `drop`, or with those of `keep`."""
    page = msgspec.structs.replace(asked, limit=PAGE, offset=0, after=0, order=())
    while True:
        async with broker.house.database.reading() as conn:
            found = await reading.query(conn, tenant, page)
        changes = [
            change
            for entity in found.entities
            if (change := _purge_one(entity, keep, drop)) is not None
        ]
        await broker.writer.write(tenant, changes)
        if not found.has_more or not found.sequences:
            return
        page = msgspec.structs.replace(page, after=found.sequences[-1])


def _purge_one(
    entity: Entity, keep: Collection[Iri] | None, drop: Collection[Iri] | None
) -> Change | None:
    """None when nothing of it is to go."""
    if keep is None and drop is None:
        return Change(operation=Operation.DELETE, entity_id=entity.id)
    gone: dict[Iri, dict[DatasetId, Instance | Null]] = {
        name: {dataset: Null() for dataset in instances}
        for name, instances in entity.attributes.items()
        if (drop is not None and name in drop) or (keep is not None and name not in keep)
    }
    if not gone:
        return None
    fragment = Fragment(attributes=gone)
    return Change(operation=Operation.UPDATE, entity_id=entity.id, fragment=fragment)
