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
from mieone.blocks.broker.problems import OverQuota, ResourceNotFound
from mieone.blocks.broker.store import subscriptions as store

from .outbound import check_target

if TYPE_CHECKING:
    from .parts import Broker

_KIND = SubscriptionKind.ENTITIES
_API = SubscriptionApi.NGSI_V2


def make_id() -> str:
    """Twelve bytes, as clients of v2 expect them."""
    return secrets.token_hex(12)


async def add_subscription(broker: "Broker", tenant: Tenant, subscription: Subscription) -> None:
    await _check_endpoint(broker, subscription)
    at = broker.house.clock.now()
    async with broker.house.database.transaction() as conn:
        if await store.count_all_subscriptions(conn, tenant.name) >= tenant.quota.subscriptions:
            raise OverQuota("this tenant has as many subscriptions as it may")
        await store.insert_subscription(conn, tenant.name, subscription, None, at)
        await store.raise_epoch(conn, tenant.name)


async def change_subscription(
    broker: "Broker",
    tenant: Tenant,
    subscription_id: str,
    apply: Callable[[Subscription], Subscription],
) -> None:
    """Raises ResourceNotFound, and whatever `apply` raises."""
    at = broker.house.clock.now()
    record = await get_subscription(broker, tenant, subscription_id)
    await _check_endpoint(broker, apply(record.subscription))
    async with broker.house.database.transaction() as conn:
        held = await store.lock_subscription(conn, tenant.name, subscription_id, _KIND, _API)
        if held is None:
            raise ResourceNotFound("no subscription of this id is here")
        await store.update_subscription(conn, tenant.name, apply(held), None, at)
        await store.raise_epoch(conn, tenant.name)


async def delete_subscription(broker: "Broker", tenant: Tenant, subscription_id: str) -> None:
    async with broker.house.database.transaction() as conn:
        await store.drop_deliveries(conn, tenant.name, subscription_id)
        gone = await store.delete_subscription(conn, tenant.name, subscription_id, _KIND, _API)
        if not gone:
            raise ResourceNotFound("no subscription of this id is here")
        await store.raise_epoch(conn, tenant.name)


async def get_subscription(
    broker: "Broker", tenant: Tenant, subscription_id: str
) -> SubscriptionRecord:
    async with broker.house.database.transaction() as conn:
        found = await store.find_subscription(conn, tenant.name, subscription_id, _KIND, _API)
    if found is None:
        raise ResourceNotFound("no subscription of this id is here")
    return found


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


async def _check_endpoint(broker: "Broker", subscription: Subscription) -> None:
    """A URL with macros is looked at when it is filled."""
    if "${" not in subscription.endpoint.uri:
        await check_target(broker.house, subscription.endpoint.uri)
