"""Subscriptions with timeInterval: what fits is told again and again, changed or not."""

import time
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from mieone.blocks.broker.actions.dispatching import enqueue_notification
from mieone.blocks.broker.actions.reading import query
from mieone.blocks.broker.actions.watching import tell_interval
from mieone.blocks.broker.model import (
    Entity,
    JsonValue,
    Query,
    Subscription,
    SubscriptionKind,
    SubscriptionStatus,
    Tenant,
    TenantName,
)
from mieone.blocks.broker.problems import BrokerProblem
from mieone.blocks.broker.store import couriers as store
from mieone.blocks.broker.store.deliveries import supersede_bodies
from mieone.core.database import Conn

from .rendering import Renderer

if TYPE_CHECKING:
    from mieone.blocks.broker.actions.parts import Broker

log = structlog.get_logger()
AT_ONCE = 20
MOST_TOLD = 1_000
SET_BACK = timedelta(seconds=2)
"""A clock that runs a little slow is none that was set back."""


class Intervals:
    def __init__(self, broker: "Broker", renderer: Renderer) -> None:
        self._broker = broker
        self._renderer = renderer
        self._lead = self._measure_lead()

    def _measure_lead(self) -> timedelta:
        """Of the clock on the wall before one that is never set back."""
        now = self._broker.house.clock.now()
        return now - datetime.fromtimestamp(0, UTC) - timedelta(seconds=time.monotonic())

    async def tell_due(self, buckets: Collection[int]) -> int:
        """Puts notifications on record for those whose time has come; returns how many were."""
        now = self._broker.house.clock.now()
        lead = self._measure_lead()
        async with self._broker.house.database.transaction() as conn:
            if self._lead - lead > SET_BACK:
                # Else they were silent until the clock is again where it was.
                await store.shift_intervals(conn, buckets, self._lead - lead)
            due = await store.lock_due_intervals(conn, now, buckets, AT_ONCE)
            for tenant, subscription in due:
                # First of all: whatever becomes of it, the next turn is later.
                next_at = _next(subscription, now)
                await store.set_next_interval(conn, tenant, subscription.id, next_at)
        self._lead = lead
        for tenant, subscription in due:
            if subscription.status_at(now) is SubscriptionStatus.ACTIVE:
                try:
                    await self._tell(tenant, subscription)
                except Exception:
                    # It is told at its next turn; those behind it must not wait for theirs.
                    log.exception("broker_interval_failed", subscription=subscription.id)
        return len(due)

    async def _tell(self, name: TenantName, subscription: Subscription) -> None:
        tenant = await self._broker.tenants.get(name)
        terms = await self._renderer.terms_of(subscription)
        if subscription.kind is SubscriptionKind.SOURCES:
            async with self._broker.house.database.transaction() as conn:
                await supersede_bodies(conn, name, subscription.id, "")
                await tell_interval(self._broker, conn, tenant, subscription, terms)
            return
        entities = await self._find(tenant, subscription)
        data = await self._renderer.write_entities(tenant, subscription, entities, terms)
        if not data:
            return
        body: dict[str, JsonValue] = {
            "type": "Notification",
            "subscriptionId": subscription.id,
            "data": data,
        }
        async with self._broker.house.database.transaction() as conn:
            await self._record(conn, name, subscription, body)

    async def _record(
        self, conn: Conn, name: TenantName, subscription: Subscription, body: dict[str, JsonValue]
    ) -> None:
        await supersede_bodies(conn, name, subscription.id, "")
        at = self._broker.house.clock.now()
        await enqueue_notification(conn, name, subscription, body, at)

    async def _find(self, tenant: Tenant, subscription: Subscription) -> tuple[Entity, ...]:
        kept = subscription.filter
        asked = Query(
            entities=subscription.selectors,
            attributes=subscription.watched,
            condition=None if kept is None else kept.condition,
            metadata_condition=None if kept is None else kept.metadata,
            geo=subscription.geo,
            scope=subscription.scope,
            paths=subscription.paths,
            datasets=subscription.datasets,
            limit=MOST_TOLD,
        )
        try:
            async with self._broker.house.database.transaction() as conn:
                return (await query(conn, tenant, asked)).entities
        except BrokerProblem:
            # Too much for one question: this turn tells nothing.
            return ()


def _next(subscription: Subscription, now: datetime) -> datetime | None:
    if subscription.interval_s is None:
        return None
    if subscription.status_at(now) is not SubscriptionStatus.ACTIVE:
        return None
    return now + timedelta(seconds=subscription.interval_s)
