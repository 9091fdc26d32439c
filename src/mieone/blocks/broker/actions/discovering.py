"""Which types of entities and which attributes are known, and what they look like.

Numbers are exact. Which attributes a type has and which kinds an attribute has is read from the
entities made last, as many as the constants below say: of larger types a rare attribute may be missed.
"""

from collections.abc import Iterable
from typing import Final

import msgspec

from mieone.blocks.broker.model import AttributeKind, Entity, Iri, Tenant
from mieone.blocks.broker.store import kinds as store
from mieone.core.database import Conn

MOST_KINDS: Final = 1_000
"""Types or attributes in one answer."""
LAST_OF_ALL: Final = 1_000
"""Entities looked at for each type or attribute of a list."""
LAST_OF_ONE: Final = 10_000
"""Entities looked at for a single one."""
DOCUMENTS: Final = 200


class TypeDetails(msgspec.Struct, frozen=True, kw_only=True):
    count: int
    attributes: dict[Iri, tuple[AttributeKind, ...]]


class AttributeDetails(msgspec.Struct, frozen=True, kw_only=True):
    count: int
    kinds: tuple[AttributeKind, ...]
    types: tuple[Iri, ...]


async def list_types(conn: Conn, tenant: Tenant) -> list[Iri]:
    return await store.list_types(conn, tenant.name, MOST_KINDS)


async def list_attributes(conn: Conn, tenant: Tenant) -> list[Iri]:
    return await store.list_names(conn, tenant.name, MOST_KINDS)


async def list_types_with_attributes(conn: Conn, tenant: Tenant) -> dict[Iri, list[Iri]]:
    found: dict[Iri, list[Iri]] = {name: [] for name in await list_types(conn, tenant)}
    pairs = await store.list_names_of_types(conn, tenant.name, list(found), LAST_OF_ALL)
    for kind, name in pairs:
        found[kind].append(name)
    return found


async def list_attributes_with_types(conn: Conn, tenant: Tenant) -> dict[Iri, list[Iri]]:
    found: dict[Iri, list[Iri]] = {name: [] for name in await list_attributes(conn, tenant)}
    pairs = await store.list_types_of_names(conn, tenant.name, list(found), LAST_OF_ALL)
    for name, kind in pairs:
        found[name].append(kind)
    return found


async def find_type(conn: Conn, tenant: Tenant, name: Iri) -> TypeDetails | None:
    count = await store.count_type(conn, tenant.name, name)
    if not count:
        return None
    pairs = await store.list_names_of_types(conn, tenant.name, [name], LAST_OF_ONE)
    some = await store.list_last_of_type(conn, tenant.name, name, DOCUMENTS)
    return TypeDetails(
        count=count, attributes={attribute: _kinds(some, attribute) for _, attribute in pairs}
    )


async def find_attribute(conn: Conn, tenant: Tenant, name: Iri) -> AttributeDetails | None:
    count = await store.count_name(conn, tenant.name, name)
    if not count:
        return None
    pairs = await store.list_types_of_names(conn, tenant.name, [name], LAST_OF_ONE)
    some = await store.list_last_of_name(conn, tenant.name, name, DOCUMENTS)
    return AttributeDetails(
        count=count, kinds=_kinds(some, name), types=tuple(kind for _, kind in pairs)
    )


def _kinds(entities: Iterable[Entity], name: Iri) -> tuple[AttributeKind, ...]:
    found = {
        instance.kind
        for entity in entities
        for instance in entity.attributes.get(name, {}).values()
    }
    return tuple(kind for kind in AttributeKind if kind in found)
