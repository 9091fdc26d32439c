"""NGSI v2 subscriptions, kept among all others."""

import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING

from mieone.blocks.broker.model import (
    Subscription,
    SubscriptionApi,
    SubscriptionKind,
    SubscriptionRecord,
    Tenant,
)
from mieone.blocks.broker.store import subscriptions as store

from . import subscribing

if TYPE_CHECKING:
    from .parts import Broker

_KIND = SubscriptionKind.ENTITIES
_API = SubscriptionApi.NGSI_V2


def make_id() -> str:
    """Twelve bytes, as clients of v2 expect them."""
    return secrets.token_hex(12)


async def change_subscription(
    broker: "Broker",
    tenant: Tenant,
    subscription_id: str,
    apply: Callable[[Subscription], Subscription],
) -> None:
    """Raises ResourceNotFound, and whatever `apply` raises."""
    await subscribing.change_subscription(broker, tenant, subscription_id, apply, _KIND, _API)


async def delete_subscription(broker: "Broker", tenant: Tenant, subscription_id: str) -> None:
    await subscribing.remove_subscription(broker, tenant, subscription_id, _KIND, _API)


async def get_subscription(
    broker: "Broker", tenant: Tenant, subscription_id: str
) -> SubscriptionRecord:
    return await subscribing.get_subscription(broker, tenant, subscription_id, _KIND, _API)


async def list_subscriptions(
    broker: "Broker", tenant: Tenant, limit: int, offset: int, path_header: str | None
) -> tuple[list[SubscriptionRecord], int]:
    """A page, and how many there are in all: of this very service path, when one is named."""
    async with broker.house.database.transaction() as conn:
        if path_header is not None:
            every = await store.list_subscriptions(
                conn, tenant.name, _KIND, _API, limit=tenant.quota.subscriptions
            )
            own = [one for one in every if one.subscription.v2.get("path") == path_header]
            return own[offset : offset + limit], len(own)
        count = await store.count_subscriptions(conn, tenant.name, _KIND, _API)
        found = await store.list_subscriptions(
            conn, tenant.name, _KIND, _API, limit=limit, offset=offset
        )
    return found, count
