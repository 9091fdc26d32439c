"""Subscriptions made, changed and ended. Each act raises the tenant's epoch in its transaction."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import msgspec

from mieone.blocks.broker.model import (
    JsonValue,
    Subscription,
    SubscriptionApi,
    SubscriptionKind,
    SubscriptionRecord,
    SubscriptionStatus,
    Tenant,
    Terms,
)
from mieone.blocks.broker.problems import AlreadyExists, OverQuota, ResourceNotFound
from mieone.blocks.broker.rules.reading import check_uri
from mieone.blocks.broker.store import subscriptions as store
from mieone.core.ids import uuid7

from .outbound import check_target

if TYPE_CHECKING:
    from .parts import Broker


LOOKS: Final = 5
LOOK_AGAIN_S: Final = 0.02


def make_id() -> str:
    return f"urn:ngsi-ld:Subscription:{uuid7()}"


async def add_subscription(broker: "Broker", tenant: Tenant, subscription: Subscription) -> None:
    """Raises BadRequestData for an endpoint we must not call, AlreadyExists, OverQuota."""
    await _check_endpoint(broker, subscription)
    at = broker.house.clock.now()
    async with broker.house.database.transaction() as conn:
        if await store.count_all_subscriptions(conn, tenant.name) >= tenant.quota.subscriptions:
            raise OverQuota("this tenant has as many subscriptions as it may")
        is_new = await store.insert_subscription(
            conn, tenant.name, subscription, _next_interval(subscription, at), at
        )
        if not is_new:
            raise AlreadyExists(f"there is a subscription {subscription.id}")
        # Of an earlier one of this id: what was recorded or counted while it was being deleted.
        await store.drop_deliveries(conn, tenant.name, subscription.id)
        await store.raise_epoch(conn, tenant.name)


async def change_subscription(
    broker: "Broker",
    tenant: Tenant,
    subscription_id: str,
    change: Callable[[Subscription], Subscription],
    kind: SubscriptionKind = SubscriptionKind.ENTITIES,
    api: SubscriptionApi = SubscriptionApi.NGSI_LD,
) -> Subscription:
    """`change` is pure and may raise; the target it names is looked at before anything is written.

    Raises ResourceNotFound.
    """
    known = (await get_subscription(broker, tenant, subscription_id, kind, api)).subscription
    asked = change(known)
    if asked.endpoint.uri != known.endpoint.uri:
        await _check_endpoint(broker, asked)
    at = broker.house.clock.now()
    async with broker.house.database.transaction() as conn:
        existing = await store.lock_subscription(conn, tenant.name, subscription_id, kind, api)
        if existing is None:
            raise _not_found(subscription_id)
        changed = change(existing)
        if existing.is_active is False and changed.is_active:
            await store.forgive_failures(conn, tenant.name, subscription_id)
        await store.update_subscription(conn, tenant.name, changed, _next_interval(changed, at), at)
        await store.raise_epoch(conn, tenant.name)
    return changed


async def remove_subscription(
    broker: "Broker",
    tenant: Tenant,
    subscription_id: str,
    kind: SubscriptionKind = SubscriptionKind.ENTITIES,
    api: SubscriptionApi = SubscriptionApi.NGSI_LD,
) -> None:
    """What was still to be delivered is dropped. Raises ResourceNotFound."""
    async with broker.house.database.transaction() as conn:
        if not await store.delete_subscription(conn, tenant.name, subscription_id, kind, api):
            raise _not_found(subscription_id)
        await store.drop_deliveries(conn, tenant.name, subscription_id)
        await store.raise_epoch(conn, tenant.name)


async def get_subscription(
    broker: "Broker",
    tenant: Tenant,
    subscription_id: str,
    kind: SubscriptionKind = SubscriptionKind.ENTITIES,
    api: SubscriptionApi = SubscriptionApi.NGSI_LD,
) -> SubscriptionRecord:
    """Raises ResourceNotFound.

    Who has just been told and asks at once finds it counted: what is under way is waited for a little.
    """
    found = await _look_up(broker, tenant, subscription_id, kind, api)
    for _ in range(LOOKS):
        if not found.deliveries.under_way:
            break
        await asyncio.sleep(LOOK_AGAIN_S)
        found = await _look_up(broker, tenant, subscription_id, kind, api)
    return found


async def _look_up(
    broker: "Broker",
    tenant: Tenant,
    subscription_id: str,
    kind: SubscriptionKind,
    api: SubscriptionApi,
) -> SubscriptionRecord:
    async with broker.house.database.transaction() as conn:
        found = await store.find_subscription(conn, tenant.name, subscription_id, kind, api)
    if found is None:
        raise _not_found(subscription_id)
    return found


async def list_subscriptions(
    broker: "Broker",
    tenant: Tenant,
    kind: SubscriptionKind = SubscriptionKind.ENTITIES,
    api: SubscriptionApi = SubscriptionApi.NGSI_LD,
    *,
    limit: int = 20,
    offset: int = 0,
) -> tuple[list[SubscriptionRecord], int]:
    """A page by creation, and how many there are in all."""
    async with broker.house.database.transaction() as conn:
        count = await store.count_subscriptions(conn, tenant.name, kind, api)
        records = await store.list_subscriptions(
            conn, tenant.name, kind, api, limit=limit, offset=offset
        )
    return records, count


async def with_context(
    broker: "Broker", subscription: Subscription, terms: Terms, jsonld_context: JsonValue
) -> Subscription:
    """Which context notifications are written with: `jsonldContext`, else the subscriber's own.

    Raises BadRequestData, LdContextNotAvailable. Never called inside a transaction.
    """
    if jsonld_context is not None:
        url = check_uri(jsonld_context, "jsonldContext")
        await broker.contexts.terms(url)
        return msgspec.structs.replace(subscription, context_url=url, shows_context=True)
    link = await broker.contexts.publish(terms)
    return msgspec.structs.replace(
        subscription,
        context_url=link,
        # Made of several, it got a URL that the subscriber cannot know.
        shows_context=link not in terms.urls and link != terms.inline,
    )


def take_context(subscription: Subscription, named: Subscription) -> Subscription:
    return msgspec.structs.replace(
        subscription, context_url=named.context_url, shows_context=named.shows_context
    )


def take_tenant(subscription: Subscription, header: str | None) -> Subscription:
    return msgspec.structs.replace(subscription, tenant_header=header)


async def _check_endpoint(broker: "Broker", subscription: Subscription) -> None:
    """A URL of NGSI v2 with macros is looked at when it is filled."""
    uri = subscription.endpoint.uri
    if subscription.api is SubscriptionApi.NGSI_LD or "${" not in uri:
        await check_target(broker.house, uri)


def _next_interval(subscription: Subscription, at: datetime) -> datetime | None:
    if subscription.interval_s is None:
        return None
    if subscription.status_at(at) is not SubscriptionStatus.ACTIVE:
        return None
    return at + timedelta(seconds=subscription.interval_s)


def _not_found(subscription_id: str) -> ResourceNotFound:
    return ResourceNotFound(f"there is no subscription {subscription_id[:200]}")
