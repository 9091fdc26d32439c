"""Subscriptions as rows. Whoever changes one raises the tenant's epoch in the same transaction."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import msgspec

from mieone.blocks.broker.model import (
    DeliveryRecord,
    Subscription,
    SubscriptionApi,
    SubscriptionKind,
    SubscriptionRecord,
    TenantName,
    bucket_of,
)
from mieone.blocks.broker.model.filter import decode_filter, encode_filter
from mieone.core.database import Conn
from mieone.core.queries import load_queries

QUERIES = load_queries(Path(__file__).parent / "queries_subscriptions.sql")
_ENCODER = msgspec.json.Encoder(enc_hook=encode_filter)
_DECODER = msgspec.json.Decoder(Subscription, dec_hook=decode_filter)


class Epoch(msgspec.Struct, frozen=True):
    number: int
    is_heard: bool
    """Somebody listens to streams of the tenant."""


async def insert_subscription(
    conn: Conn,
    tenant: TenantName,
    subscription: Subscription,
    next_interval_at: datetime | None,
    at: datetime,
) -> bool:
    """False when the id is taken, by whatever kind of subscription."""
    sequence = await conn.fetchval(
        QUERIES["insert_subscription"],
        tenant,
        subscription.id,
        subscription.kind.value,
        subscription.api.value,
        bucket_of(tenant, subscription.id),
        _ENCODER.encode(subscription).decode(),
        next_interval_at,
        at,
    )
    return sequence is not None


async def lock_subscription(
    conn: Conn,
    tenant: TenantName,
    subscription_id: str,
    kind: SubscriptionKind,
    api: SubscriptionApi,
) -> Subscription | None:
    document = await conn.fetchval(
        QUERIES["lock_subscription"], tenant, subscription_id, kind.value, api.value
    )
    return None if document is None else _DECODER.decode(document)


async def update_subscription(
    conn: Conn,
    tenant: TenantName,
    subscription: Subscription,
    next_interval_at: datetime | None,
    at: datetime,
) -> None:
    await conn.execute(
        QUERIES["update_subscription"],
        tenant,
        subscription.id,
        _ENCODER.encode(subscription).decode(),
        next_interval_at,
        at,
    )


async def delete_subscription(
    conn: Conn,
    tenant: TenantName,
    subscription_id: str,
    kind: SubscriptionKind,
    api: SubscriptionApi,
) -> bool:
    gone = await conn.fetchval(
        QUERIES["delete_subscription"], tenant, subscription_id, kind.value, api.value
    )
    return gone is not None


async def drop_deliveries(conn: Conn, tenant: TenantName, subscription_id: str) -> None:
    await conn.execute(QUERIES["drop_deliveries"], tenant, subscription_id)


async def forgive_failures(conn: Conn, tenant: TenantName, subscription_id: str) -> None:
    """They are counted from here on."""
    await conn.execute(QUERIES["forgive_failures"], tenant, subscription_id)


async def count_subscriptions(
    conn: Conn, tenant: TenantName, kind: SubscriptionKind, api: SubscriptionApi
) -> int:
    return int(
        await conn.fetchval(QUERIES["count_subscriptions"], tenant, kind.value, api.value) or 0
    )


async def count_all_subscriptions(conn: Conn, tenant: TenantName) -> int:
    return int(await conn.fetchval(QUERIES["count_all_subscriptions"], tenant) or 0)


async def list_subscriptions(
    conn: Conn,
    tenant: TenantName,
    kind: SubscriptionKind,
    api: SubscriptionApi,
    *,
    limit: int = 20,
    offset: int = 0,
) -> list[SubscriptionRecord]:
    """By creation."""
    rows = await conn.fetch(
        QUERIES["list_subscriptions"], tenant, kind.value, api.value, None, limit, offset
    )
    return [_record(dict(row)) for row in rows]


async def find_subscription(
    conn: Conn,
    tenant: TenantName,
    subscription_id: str,
    kind: SubscriptionKind,
    api: SubscriptionApi,
) -> SubscriptionRecord | None:
    row = await conn.fetchrow(
        QUERIES["list_subscriptions"], tenant, kind.value, api.value, subscription_id, 1, 0
    )
    return None if row is None else _record(dict(row))


async def list_all_subscriptions(conn: Conn, tenant: TenantName) -> list[Subscription]:
    """Of every kind and API, for those who keep a copy in memory."""
    rows = await conn.fetch(QUERIES["list_all_subscriptions"], tenant)
    return [_DECODER.decode(row["document"]) for row in rows]


async def raise_epoch(conn: Conn, tenant: TenantName) -> None:
    await conn.execute(QUERIES["raise_epoch"], tenant)


async def find_epoch(conn: Conn, tenant: TenantName, at: datetime) -> Epoch:
    row = await conn.fetchrow(QUERIES["find_epoch"], tenant, at)
    return Epoch(0, False) if row is None else Epoch(row["subscriptions_epoch"], row["is_heard"])


async def list_epochs(conn: Conn) -> dict[TenantName, int]:
    rows = await conn.fetch(QUERIES["list_epochs"])
    return {TenantName(row["name"]): row["subscriptions_epoch"] for row in rows}


def _record(row: Mapping[str, object]) -> SubscriptionRecord:
    counted = {name: row[name] for name in DeliveryRecord.__struct_fields__ if name != "due"}
    deliveries = msgspec.convert(counted, DeliveryRecord)
    due = (
        deliveries.delivered
        + deliveries.waiting
        + deliveries.retrying
        + deliveries.dead
        + deliveries.dropped
    )
    document = row["document"]
    assert isinstance(document, str)
    return SubscriptionRecord(
        subscription=_DECODER.decode(document),
        deliveries=msgspec.structs.replace(deliveries, due=due),
    )
