"""Events as streams read them: only of transactions that are all over."""

from collections.abc import Collection
from datetime import datetime
from pathlib import Path

import msgspec

from mieone.blocks.broker.model import TenantName
from mieone.core.database import Conn
from mieone.core.queries import load_queries

QUERIES = load_queries(Path(__file__).parent / "queries_streams.sql")


class StoredEvent(msgspec.Struct, frozen=True):
    sequence: int
    tenant: TenantName
    document: str


async def keep_audience(
    conn: Conn, tenants: Collection[TenantName], until: datetime, now: datetime
) -> dict[TenantName, int]:
    """By tenant, since which transaction every change is recorded."""
    rows = await conn.fetch(QUERIES["keep_audience"], sorted(tenants), until, now)
    return {row["tenant"]: row["xact_id"] for row in rows}


async def find_horizon(conn: Conn) -> int:
    """All transactions below are over."""
    return int(await conn.fetchval(QUERIES["find_horizon"]))


async def list_between(
    conn: Conn, low: int, high: int, after: int, tenants: Collection[TenantName], limit: int
) -> list[StoredEvent]:
    """Of transactions from `low` up to, not including, `high`; by number, after `after`."""
    rows = await conn.fetch(
        QUERIES["list_between"], str(low), str(high), after, list(tenants), limit
    )
    return [StoredEvent(row["sequence"], row["tenant"], row["document"]) for row in rows]
