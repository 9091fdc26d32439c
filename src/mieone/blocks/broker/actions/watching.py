"""Subscriptions to context sources: kept and delivered like all others, told of registrations."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import msgspec

from mieone.blocks.broker.model import (
    Absent,
    Exists,
    JsonValue,
    Registration,
    RegistrationInfo,
    Subscription,
    SubscriptionApi,
    SubscriptionKind,
    SubscriptionRecord,
    SubscriptionStatus,
    Tenant,
    Terms,
    TriggerReason,
)
from mieone.blocks.broker.model.filter import Filter
from mieone.blocks.broker.problems import (
    AlreadyExists,
    BadRequestData,
    OverQuota,
    ResourceNotFound,
)
from mieone.blocks.broker.rules.q import parse_q
from mieone.blocks.broker.rules.registrations import is_expired
from mieone.blocks.broker.rules.registrations.watching import list_fitting, query_of
from mieone.blocks.broker.rules.subscriptions import read_subscription, read_subscription_patch
from mieone.blocks.broker.store import subscriptions as store
from mieone.blocks.broker.store.registrations import list_registrations
from mieone.core.database import Conn

from .outbound import check_target
from .registering import notify

if TYPE_CHECKING:
    from .parts import Broker

SOURCES: Final = SubscriptionKind.SOURCES
LD: Final = SubscriptionApi.NGSI_LD
_LONG_AGO: Final = datetime(1, 1, 1, tzinfo=UTC)


async def watch(
    broker: "Broker",
    tenant: Tenant,
    document: JsonValue,
    terms: Terms,
    make_id: Callable[[], str],
    tenant_header: str | None,
) -> Subscription:
    """Makes a subscription; what fits already is told at once.

    One with an interval is told even that nothing fits.
    """
    at = broker.house.clock.now()
    read = read_subscription(document, terms, at, make_id, SOURCES)
    subscription = msgspec.structs.replace(
        _with_filter(read, terms),
        **await _context_of(broker, document, terms),
        tenant_header=tenant_header,
    )
    query_of(subscription)
    await check_target(broker.house, subscription.endpoint.uri)
    async with broker.house.database.transaction() as conn:
        if await store.count_all_subscriptions(conn, tenant.name) >= tenant.quota.subscriptions:
            raise OverQuota("there is no room for another subscription", wait_s=3600)
        next_at = _next_interval(subscription, at)
        if not await store.insert_subscription(conn, tenant.name, subscription, next_at, at):
            raise AlreadyExists(f"a subscription {subscription.id} is there already")
        await store.raise_epoch(conn, tenant.name)
        await _tell_all(broker, conn, tenant, subscription, terms, TriggerReason.NEWLY_MATCHING)
    return subscription


async def change_watch(
    broker: "Broker", tenant: Tenant, identifier: str, fragment: JsonValue, terms: Terms
) -> None:
    """PATCH; afterwards everything that fits is told. Raises ResourceNotFound, BadRequestData."""
    at = broker.house.clock.now()
    context = await _context_of(broker, fragment, terms, is_patch=True)
    record = await get_watch(broker, tenant, identifier)
    known = record.subscription.context_url
    own = terms if known is None else await broker.contexts.terms([known])
    if not terms.urls:
        # A patch that names no context speaks as its subscription does (047_16).
        terms = own
    # A past expiresAt ends it: the conformance suite changes it so (047_07).
    draft = read_subscription_patch(record.subscription, fragment, terms, _LONG_AGO)
    await check_target(broker.house, draft.endpoint.uri)
    async with broker.house.database.transaction() as conn:
        held = await store.lock_subscription(conn, tenant.name, identifier, SOURCES, LD)
        if held is None:
            raise not_there(identifier)
        read = read_subscription_patch(held, fragment, terms, _LONG_AGO)
        changed = msgspec.structs.replace(_with_filter(read, terms), modified_at=at, **context)
        query_of(changed)
        next_at = _next_interval(changed, at)
        await store.update_subscription(conn, tenant.name, changed, next_at, at)
        await store.raise_epoch(conn, tenant.name)
        await _tell_all(broker, conn, tenant, changed, own, TriggerReason.NEWLY_MATCHING)


async def end_watch(broker: "Broker", tenant: Tenant, identifier: str) -> None:
    """Raises ResourceNotFound."""
    async with broker.house.database.transaction() as conn:
        await store.drop_deliveries(conn, tenant.name, identifier)
        if not await store.delete_subscription(conn, tenant.name, identifier, SOURCES, LD):
            raise not_there(identifier)
        await store.raise_epoch(conn, tenant.name)


async def get_watch(broker: "Broker", tenant: Tenant, identifier: str) -> SubscriptionRecord:
    """Raises ResourceNotFound."""
    async with broker.house.database.transaction() as conn:
        record = await store.find_subscription(conn, tenant.name, identifier, SOURCES, LD)
    if record is None:
        raise not_there(identifier)
    return record


async def list_watches(
    broker: "Broker", tenant: Tenant, limit: int, offset: int
) -> tuple[list[SubscriptionRecord], int]:
    """A page, and how many there are in all."""
    async with broker.house.database.transaction() as conn:
        records = await store.list_subscriptions(
            conn, tenant.name, SOURCES, LD, limit=limit, offset=offset
        )
        return records, await store.count_subscriptions(conn, tenant.name, SOURCES, LD)


async def tell_interval(
    broker: "Broker", conn: Conn, tenant: Tenant, subscription: Subscription, terms: Terms
) -> None:
    """When its interval is over: all that fits now."""
    await _tell_all(broker, conn, tenant, subscription, terms, TriggerReason.UPDATED)


def not_there(identifier: str) -> ResourceNotFound:
    return ResourceNotFound(f"there is no subscription {identifier} to context sources")


async def _context_of(
    broker: "Broker", document: JsonValue, terms: Terms, *, is_patch: bool = False
) -> dict[str, str | bool]:
    """Fields that say with which context notifications are written."""
    named = document.get("jsonldContext") if isinstance(document, dict) else None
    if isinstance(named, str):
        await broker.contexts.terms([named])
        return {"context_url": named, "shows_context": True}
    if is_patch or not terms.urls:
        return {}
    return {"context_url": terms.link}


def _with_filter(subscription: Subscription, terms: Terms) -> Subscription:
    """csf is what a subscription to sources is filtered by; q is only kept.

    Raises BadRequestData for a q that compares nothing: of entities that are elsewhere it cannot be
    told what they have (038_08).
    """
    asked = None if subscription.filter is None else subscription.filter.condition
    if "q" in subscription.written and isinstance(asked, Exists | Absent):
        raise BadRequestData("q compares nothing")
    text = subscription.written.get("csf")
    if not isinstance(text, str):
        return msgspec.structs.replace(subscription, filter=None)
    return msgspec.structs.replace(subscription, filter=Filter(parse_q(text, terms, "csf")))


def _next_interval(subscription: Subscription, at: datetime) -> datetime | None:
    if subscription.interval_s is None:
        return None
    return at + timedelta(seconds=subscription.interval_s)


async def _tell_all(
    broker: "Broker",
    conn: Conn,
    tenant: Tenant,
    subscription: Subscription,
    terms: Terms,
    reason: TriggerReason,
) -> None:
    at = broker.house.clock.now()
    if subscription.status_at(at) is not SubscriptionStatus.ACTIVE:
        return
    asked = query_of(subscription)
    told: list[tuple[Registration, tuple[RegistrationInfo, ...] | None]] = [
        (record.registration, infos)
        for record in await list_registrations(conn, tenant.name)
        if not is_expired(record.registration, at)
        and (infos := list_fitting(record.registration, asked))
    ]
    # What comes by the clock comes although nothing fits (5.11.7).
    if told or subscription.interval_s is not None:
        own = {subscription.context_url or "": terms}
        await notify(broker, conn, tenant, subscription, reason, told, own)
