"""Tenants as rows."""

from collections.abc import Sequence
from pathlib import Path

import asyncpg
import msgspec

from mieone.blocks.broker.model import Quota, Tenant, TenantName
from mieone.core.database import Conn
from mieone.core.queries import load_queries

QUERIES = load_queries(Path(__file__).parent / "queries_tenants.sql")


async def list_tenants(conn: Conn) -> list[Tenant]:
    return [_read(row) for row in await conn.fetch(QUERIES["list_tenants"])]


async def find_tenant(conn: Conn, name: str) -> Tenant | None:
    row = await conn.fetchrow(QUERIES["find_tenant"], name)
    return None if row is None else _read(row)


def _read(row: asyncpg.Record) -> Tenant:
    return Tenant(
        name=TenantName(row["name"]),
        title=row["title"],
        is_default=row["is_default"],
        quota=msgspec.convert(row["quota"], Quota),
        context_url=row["context_url"],
    )


async def declare_tenants(conn: Conn, tenants: Sequence[Tenant]) -> None:
    """Adds what is new; a declared tenant keeps the quota an operator gave it."""
    await conn.executemany(
        QUERIES["declare_tenant"],
        [
            (t.name, t.title, t.is_default, msgspec.to_builtins(t.quota), t.context_url)
            for t in tenants
        ],
    )


async def set_quota(conn: Conn, name: TenantName, quota: Quota) -> None:
    await conn.execute(QUERIES["set_quota"], name, msgspec.to_builtins(quota))
