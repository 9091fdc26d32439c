"""What an operator sees of the broker, on the page and at /metrics."""

from typing import TYPE_CHECKING

import msgspec
from prometheus_client import Gauge

from mieone.blocks.broker.store.couriers import Figures
from mieone.blocks.broker.store.operations import (
    Dead,
    Held,
    count_held,
    list_dead_subscriptions,
)
from mieone.core.database import Conn
from mieone.core.house import House

from .delivery.figures import figures, oldest_due_s
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
LAG = Gauge("mieone_broker_delivery_lag_seconds", "Age of the oldest notification still to be sent")


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    tenants: list[Held]
    deliveries: list[Figures]
    lag_s: float
    dead: list[Dead]
    datasets: list[DataSetView]


async def read_overview(broker: "Broker") -> Overview:
    async with broker.house.database.transaction() as conn:
        tenants, deliveries = await count_held(conn), await figures(conn)
        lag_s = await oldest_due_s(broker.house, conn)
        dead = await list_dead_subscriptions(conn)
    return Overview(
        tenants=tenants,
        deliveries=deliveries,
        lag_s=lag_s,
        dead=dead,
        datasets=await list_datasets(broker),
    )


async def measure(house: House, conn: Conn) -> None:
    for held in await count_held(conn):
        ENTITIES.labels(held.tenant).set(held.entities)
        SUBSCRIPTIONS.labels(held.tenant).set(held.subscriptions)
    for row in await figures(conn):
        for state in ("due", "delivered", "waiting", "retrying", "dead", "dropped"):
            NOTIFICATIONS.labels(row.tenant, state).set(getattr(row, state))
    LAG.set(await oldest_due_s(house, conn))
