"""What an operator sees of the broker, on the page and at /metrics."""

from typing import TYPE_CHECKING

import msgspec
from prometheus_client import Gauge

from mieone.blocks.broker.model import TenantName
from mieone.blocks.broker.rules.subscriptions import name_receiver
from mieone.blocks.broker.store.couriers import (
    Figures,
    count_deliveries,
    find_oldest_due,
    revive,
)
from mieone.blocks.broker.store.feeds import list_feeds
from mieone.blocks.broker.store.operations import (
    Dead,
    Held,
    count_held,
    count_workers,
    list_dead_subscriptions,
)
from mieone.core.database import Conn
from mieone.core.house import House

from .feeds import FeedReport, read_report
from .publishing import DataSetView, list_datasets

if TYPE_CHECKING:
    from .parts import Broker

ENTITIES = Gauge("mieone_broker_entities", "Entities held", ["tenant"])
SUBSCRIPTIONS = Gauge("mieone_broker_subscriptions", "Subscriptions held", ["tenant"])
NOTIFICATIONS = Gauge(
    "mieone_broker_notifications",
    "Notifications: due is always delivered + waiting + retrying + dead + dropped",
    ["tenant", "state"],
)
ATTEMPTS = Gauge(
    "mieone_broker_notification_attempts",
    "Requests made to receivers, repeats included; of these failed",
    ["tenant", "result"],
)
LAG = Gauge("mieone_broker_delivery_lag_seconds", "Age of the oldest notification still to be sent")
WORKERS = Gauge("mieone_broker_delivery_workers", "Workers that deliver notifications")
UNHELD = Gauge(
    "mieone_broker_delivery_parts_unheld", "Parts of the subscriptions nobody delivers for"
)
FEEDS_AWAY = Gauge(
    "mieone_broker_feed_failures", "How often in a row a feed could not be read", ["feed"]
)
STATES = ("due", "delivered", "waiting", "retrying", "dead", "dropped")
REVIVED_AT_ONCE = 5_000


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """Deliveries of one subscription that were given up."""

    dead: Dead
    receiver: str | None
    """Where they were to go, without what its address may give away."""


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    tenants: list[Held]
    deliveries: list[Figures]
    lag_s: float
    given_up: list[Given]
    datasets: list[DataSetView]
    feeds: FeedReport


async def read_overview(broker: "Broker") -> Overview:
    async with broker.house.database.transaction() as conn:
        tenants, deliveries = await count_held(conn), await count_deliveries(conn)
        lag_s = await _oldest_due_s(broker.house, conn)
        dead = await list_dead_subscriptions(conn)
    return Overview(
        tenants=tenants,
        deliveries=deliveries,
        lag_s=lag_s,
        given_up=[
            Given(dead=one, receiver=one.endpoint and name_receiver(one.endpoint)) for one in dead
        ],
        datasets=await list_datasets(broker),
        feeds=await read_report(broker),
    )


async def revive_dead(house: House, conn: Conn, tenant: TenantName, subscription: str) -> int:
    """What was given up is due again, marked as a repeat; returns how many."""
    return await revive(conn, tenant, subscription, house.clock.now(), REVIVED_AT_ONCE)


async def _oldest_due_s(house: House, conn: Conn) -> float:
    oldest = await find_oldest_due(conn)
    return 0.0 if oldest is None else (house.clock.now() - oldest).total_seconds()


async def measure(house: House, conn: Conn) -> None:
    for held in await count_held(conn):
        ENTITIES.labels(held.tenant).set(held.entities)
        SUBSCRIPTIONS.labels(held.tenant).set(held.subscriptions)
    for row in await count_deliveries(conn):
        for state in STATES:
            NOTIFICATIONS.labels(row.tenant, state).set(getattr(row, state))
        ATTEMPTS.labels(row.tenant, "sent").set(row.times_sent)
        ATTEMPTS.labels(row.tenant, "failed").set(row.times_failed)
    LAG.set(await _oldest_due_s(house, conn))
    found = await count_workers(conn)
    WORKERS.set(found.workers)
    UNHELD.set(found.unheld)
    for feed in await list_feeds(conn):
        FEEDS_AWAY.labels(feed.feed).set(feed.failures)
