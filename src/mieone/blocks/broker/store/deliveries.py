"""What is to be delivered, as the write path puts it down."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from mieone.blocks.broker.model import TenantName
from mieone.core.database import Conn
from mieone.core.queries import load_queries

QUERIES = load_queries(Path(__file__).parent / "queries_deliveries.sql")


class NewDelivery(msgspec.Struct, frozen=True):
    subscription: str
    bucket: int
    order_key: str
    event: int


async def record_events(
    conn: Conn,
    tenant: TenantName,
    at: datetime,
    entity_ids: Sequence[str],
    documents: Sequence[str],
) -> list[int]:
    """Their numbers, in the same order."""
    rows = await conn.fetch(QUERIES["record_events"], tenant, at, entity_ids, documents)
    return [row["sequence"] for row in rows]


async def record_deliveries(
    conn: Conn, tenant: TenantName, at: datetime, deliveries: Sequence[NewDelivery]
) -> None:
    await conn.execute(
        QUERIES["record_deliveries"],
        tenant,
        at,
        [one.subscription for one in deliveries],
        [one.bucket for one in deliveries],
        [one.order_key for one in deliveries],
        [one.event for one in deliveries],
    )


async def record_body(
    conn: Conn,
    tenant: TenantName,
    subscription: str,
    bucket: int,
    order_key: str,
    body: str,
    at: datetime,
) -> None:
    await conn.execute(QUERIES["record_body"], tenant, subscription, bucket, order_key, body, at)


async def supersede_bodies(
    conn: Conn, tenant: TenantName, subscription: str, order_key: str
) -> None:
    await conn.execute(QUERIES["supersede_bodies"], tenant, subscription, order_key)
