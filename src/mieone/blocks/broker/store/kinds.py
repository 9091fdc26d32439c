"""Which types and attributes there are. Each statement looks at a bounded part of the tables."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from mieone.blocks.broker.model import Entity, Iri, TenantName
from mieone.core.database import Conn
from mieone.core.queries import load_queries

QUERIES = load_queries(Path(__file__).parent / "queries_kinds.sql")
_DECODER: Final = msgspec.json.Decoder(Entity)


async def list_types(conn: Conn, tenant: TenantName, limit: int) -> list[Iri]:
    return [row["type"] for row in await conn.fetch(QUERIES["list_types"], tenant, limit)]


async def list_names(conn: Conn, tenant: TenantName, limit: int) -> list[Iri]:
    return [row["name"] for row in await conn.fetch(QUERIES["list_names"], tenant, limit)]


async def list_names_of_types(
    conn: Conn, tenant: TenantName, types: Sequence[Iri], entities: int
) -> list[tuple[Iri, Iri]]:
    """Pairs of type and attribute, as the last `entities` of each type have them."""
    rows = await conn.fetch(QUERIES["list_names_of_types"], tenant, types, entities)
    return [(row["type"], row["name"]) for row in rows]


async def list_types_of_names(
    conn: Conn, tenant: TenantName, names: Sequence[Iri], entities: int
) -> list[tuple[Iri, Iri]]:
    """Pairs of attribute and type, as the last `entities` with each attribute are."""
    rows = await conn.fetch(QUERIES["list_types_of_names"], tenant, names, entities)
    return [(row["name"], row["type"]) for row in rows]


async def count_type(conn: Conn, tenant: TenantName, name: Iri) -> int:
    return int(await conn.fetchval(QUERIES["count_type"], tenant, name))


async def count_name(conn: Conn, tenant: TenantName, name: Iri) -> int:
    """Instances, not entities: an attribute may have several."""
    return int(await conn.fetchval(QUERIES["count_name"], tenant, name))


async def list_last_of_type(conn: Conn, tenant: TenantName, name: Iri, limit: int) -> list[Entity]:
    rows = await conn.fetch(QUERIES["list_last_of_type"], tenant, name, limit)
    return [_DECODER.decode(row["document"]) for row in rows]


async def list_last_of_name(conn: Conn, tenant: TenantName, name: Iri, limit: int) -> list[Entity]:
    rows = await conn.fetch(QUERIES["list_last_of_name"], tenant, name, limit)
    return [_DECODER.decode(row["document"]) for row in rows]
