"""Entities put straight into the store, as the write path leaves them."""

from collections.abc import Sequence
from datetime import UTC, datetime

from mieone.blocks.broker.model import (
    DEFAULT_INSTANCE,
    AttributeKind,
    Attributes,
    Entity,
    Instance,
    JsonValue,
    Tenant,
    TenantName,
)
from mieone.blocks.broker.rules.projection import project
from mieone.blocks.broker.rules.scope_keys import list_keys
from mieone.blocks.broker.store import entities as store
from mieone.core.database import Conn

TENANT = Tenant(name=TenantName("test_town"), title="Test")
MADE_AT = datetime(2026, 4, 1, tzinfo=UTC)


def instance(value: JsonValue, kind: AttributeKind = AttributeKind.PROPERTY) -> Instance:
    return Instance(kind=kind, value=value, created_at=MADE_AT, modified_at=MADE_AT)


def attributes(**values: JsonValue) -> Attributes:
    return {name: {DEFAULT_INSTANCE: instance(value)} for name, value in values.items()}


def place(geometry: dict[str, JsonValue]) -> Attributes:
    held = instance(geometry, AttributeKind.GEO_PROPERTY)
    return {"location": {DEFAULT_INSTANCE: held}}


def entity(number: int, kinds: tuple[str, ...], held: Attributes) -> Entity:
    return Entity(
        id=f"urn:ngsi-ld:Test:{number:06}",
        types=kinds,
        attributes=held,
        created_at=MADE_AT,
        modified_at=MADE_AT,
    )


async def stored(conn: Conn, entities: Sequence[Entity]) -> dict[str, int]:
    """Sequence numbers by id."""
    name = TENANT.name
    sequences = await store.add_entities(conn, name, entities)
    await store.add_types(
        conn, name, [(sequences[one.id], kind) for one in entities for kind in one.types]
    )
    await store.add_scopes(
        conn, name, [(sequences[one.id], key) for one in entities for key in list_keys(one)]
    )
    await store.put_attributes(
        conn,
        name,
        [
            (sequences[one.id], attribute, row)
            for one in entities
            for attribute, instances in one.attributes.items()
            for dataset, held in instances.items()
            for row in project(dataset, held)
        ],
    )
    return sequences
