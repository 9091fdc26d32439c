"""Entity maps as rows."""

from datetime import datetime
from pathlib import Path

import msgspec

from mieone.blocks.broker.model import TenantName
from mieone.blocks.broker.model.entity_map import EntityMap
from mieone.core.database import Conn
from mieone.core.queries import load_queries

QUERIES = load_queries(Path(__file__).parent / "queries_entity_maps.sql")


async def delete_old_maps(conn: Conn, tenant: TenantName, kept: int) -> None:
    await conn.execute(QUERIES["delete_old_maps"], tenant, kept)


async def record_map(conn: Conn, tenant: TenantName, made: EntityMap) -> None:
    await conn.execute(QUERIES["record_map"], tenant, made.id, made.entries, made.expires_at)


async def find_map(conn: Conn, tenant: TenantName, map_id: str) -> EntityMap | None:
    row = await conn.fetchrow(QUERIES["find_map"], tenant, map_id)
    if row is None:
        return None
    entries = msgspec.convert(row["entries"], tuple[tuple[str, tuple[str, ...]], ...])
    return EntityMap(id=map_id, entries=entries, expires_at=row["expires_at"])


async def change_expiry(conn: Conn, tenant: TenantName, map_id: str, at: datetime) -> bool:
    return await conn.fetchval(QUERIES["change_expiry"], tenant, map_id, at) is not None


async def delete_map(conn: Conn, tenant: TenantName, map_id: str) -> bool:
    return await conn.fetchval(QUERIES["delete_map"], tenant, map_id) is not None
