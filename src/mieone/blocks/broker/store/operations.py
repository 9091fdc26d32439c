"""What operators look at: counts by tenant, and what was given up."""

from datetime import datetime
from pathlib import Path

import msgspec

from mieone.blocks.broker.model import Quota
from mieone.core.database import Conn
from mieone.core.queries import load_queries

QUERIES = load_queries(Path(__file__).parent / "queries_operations.sql")


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """What one tenant keeps here."""

    tenant: str
    title: str
    quota: Quota
    entities: int
    subscriptions: int
    registrations: int


class Dead(msgspec.Struct, frozen=True, kw_only=True):
    """Deliveries of one subscription that were given up."""

    tenant: str
    subscription: str
    deliveries: int
    oldest_at: datetime
    last_error: str | None


async def count_held(conn: Conn) -> list[Held]:
    rows = await conn.fetch(QUERIES["count_held"])
    return [msgspec.convert(dict(row), Held) for row in rows]


async def list_dead_subscriptions(conn: Conn) -> list[Dead]:
    rows = await conn.fetch(QUERIES["list_dead_subscriptions"])
    return [Dead(**dict(row)) for row in rows]
