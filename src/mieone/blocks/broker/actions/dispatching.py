"""Which subscriptions a change concerns, put on record in the transaction of the change."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from mieone.blocks.broker.model import (
    Happening,
    JsonValue,
    Outcome,
    Subscription,
    SubscriptionApi,
    SubscriptionId,
    Tenant,
    TenantName,
    bucket_of,
)
from mieone.blocks.broker.rules.matching import SubscriptionIndex, decide_due
from mieone.blocks.broker.store import deliveries as store
from mieone.blocks.broker.store.subscriptions import find_epoch, list_all_subscriptions
from mieone.core.database import Conn
from mieone.core.house import House

_ENCODER = msgspec.json.Encoder()


class Dispatcher:
    def __init__(self, house: House) -> None:
        self._house = house
        self._indexes: dict[TenantName, tuple[int, SubscriptionIndex]] = {}

    async def record_due(
        self, conn: Conn, tenant: Tenant, outcomes: Sequence[Outcome], at: datetime
    ) -> None:
        """Called by the write path only, with outcomes that have no problem."""
        epoch = await find_epoch(conn, tenant.name, at)
        index = await self._index(conn, tenant.name, epoch.number)
        if not index.subscriptions and not epoch.is_heard:
            return
        told = [
            (outcome, due)
            for outcome in outcomes
            if (due := decide_due(index, outcome, at)) or epoch.is_heard
        ]
        if not told:
            return
        events = await store.record_events(
            conn,
            tenant.name,
            at,
            [outcome.change.entity_id for outcome, _ in told],
            [_document(index, outcome, due, at) for outcome, due in told],
        )
        deliveries = [
            store.NewDelivery(
                subscription_id,
                bucket_of(tenant.name, subscription_id),
                outcome.change.entity_id,
                event,
            )
            for event, (outcome, due) in zip(events, told, strict=True)
            for subscription_id in due
        ]
        if deliveries:
            await store.record_deliveries(conn, tenant.name, at, deliveries)

    async def _index(self, conn: Conn, tenant: TenantName, epoch: int) -> SubscriptionIndex:
        held = self._indexes.get(tenant)
        if held is not None and held[0] == epoch:
            return held[1]
        index = SubscriptionIndex(await list_all_subscriptions(conn, tenant))
        self._indexes[tenant] = (epoch, index)
        return index


def _document(
    index: SubscriptionIndex, outcome: Outcome, due: Sequence[SubscriptionId], at: datetime
) -> str:
    keeps_previous = any(_asks_previous(index.subscriptions[one]) for one in due)
    happening = Happening.of(outcome, at, keeps_previous=keeps_previous)
    return _ENCODER.encode(happening).decode()


def _asks_previous(subscription: Subscription) -> bool:
    return bool(subscription.show_changes) or subscription.api is SubscriptionApi.NGSI_V2


async def enqueue_notification(
    conn: Conn,
    tenant: TenantName,
    subscription: Subscription,
    body: Mapping[str, JsonValue],
    at: datetime,
    *,
    order_key: str = "",
) -> None:
    """A notification that is written already: `body` has all but id and notifiedAt, which come
    with each sending. It goes to the endpoint of `subscription`, which is in the store."""
    await store.record_body(
        conn,
        tenant,
        subscription.id,
        bucket_of(tenant, subscription.id),
        order_key,
        _ENCODER.encode(body).decode(),
        at,
    )
