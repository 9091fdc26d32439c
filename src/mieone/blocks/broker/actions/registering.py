"""Registrations of context sources made, changed and ended; whoever watches them is told."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mieone.blocks.broker.model import (
    JsonValue,
    Registration,
    RegistrationInfo,
    SourceMode,
    SourceRecord,
    Subscription,
    SubscriptionKind,
    SubscriptionStatus,
    Tenant,
    Terms,
    TriggerReason,
)
from mieone.blocks.broker.problems import (
    AlreadyExists,
    BrokerProblem,
    OverQuota,
    ResourceNotFound,
)
from mieone.blocks.broker.rules.registrations import (
    check_conflicts,
    is_expired,
    read_registration_patch,
    render_registration,
)
from mieone.blocks.broker.rules.registrations.watching import (
    decide_reason,
    list_fitting,
    query_of,
)
from mieone.blocks.broker.store import registrations as store
from mieone.blocks.broker.store.subscriptions import list_all_subscriptions
from mieone.core.database import Conn

from .dispatching import enqueue_notification
from .outbound import check_target

if TYPE_CHECKING:
    from .parts import Broker

_PROXIED = frozenset({SourceMode.EXCLUSIVE, SourceMode.REDIRECT})


async def register(broker: "Broker", tenant: Tenant, registration: Registration) -> None:
    """Raises AlreadyExists, Conflict, OverQuota, BadRequestData."""
    await check_target(broker.house, registration.endpoint)
    terms = await list_watchers_terms(broker, tenant)
    async with broker.house.database.transaction() as conn:
        await store.lock_registrations(conn, tenant)
        await _end_if_over(broker, conn, tenant, registration.id, terms)
        if await store.count_registrations(conn, tenant) >= tenant.quota.registrations:
            raise OverQuota("there is no room for another registration", wait_s=3600)
        await _check_conflicts(broker, conn, tenant, registration)
        if not await store.record_registration(conn, tenant, registration):
            raise AlreadyExists(f"a registration {registration.id} is there already")
        await store.raise_registrations_epoch(conn, tenant)
        await _announce(broker, conn, tenant, None, registration, terms)
    await broker.sources.register.reload(tenant)


async def change(
    broker: "Broker", tenant: Tenant, identifier: str, fragment: JsonValue, terms: Terms
) -> None:
    """PATCH. Raises ResourceNotFound, BadRequestData, Conflict."""
    watchers = await list_watchers_terms(broker, tenant)
    at = broker.house.clock.now()
    async with broker.house.database.transaction() as conn:
        known = await store.find_registration(conn, tenant, identifier)
    if known is None or is_expired(known.registration, at):
        raise not_there(identifier)
    wanted = read_registration_patch(known.registration, fragment, terms, at)
    # Names are looked up before anything is locked.
    await check_target(broker.house, wanted.endpoint)
    async with broker.house.database.transaction() as conn:
        await store.lock_registrations(conn, tenant)
        held = await store.lock_registration(conn, tenant, identifier)
        if held is None or is_expired(held.registration, at):
            raise not_there(identifier)
        changed = read_registration_patch(held.registration, fragment, terms, at)
        await _check_conflicts(broker, conn, tenant, changed)
        await store.change_registration(conn, tenant, changed)
        await store.raise_registrations_epoch(conn, tenant)
        await _announce(broker, conn, tenant, held.registration, changed, watchers)
    await broker.sources.register.reload(tenant)


async def end(broker: "Broker", tenant: Tenant, identifier: str) -> None:
    """Raises ResourceNotFound."""
    terms = await list_watchers_terms(broker, tenant)
    async with broker.house.database.transaction() as conn:
        await store.lock_registrations(conn, tenant)
        gone = await store.delete_registration(conn, tenant, identifier)
        if gone is None:
            raise not_there(identifier)
        await store.raise_registrations_epoch(conn, tenant)
        await _announce(broker, conn, tenant, gone, None, terms)
    await broker.sources.register.reload(tenant)


async def end_over(broker: "Broker", tenant: Tenant, identifier: str) -> bool:
    """Ends a registration that has expired, as if somebody had deleted it; False: it has not."""
    terms = await list_watchers_terms(broker, tenant)
    async with broker.house.database.transaction() as conn:
        await store.lock_registrations(conn, tenant)
        is_over = await _end_if_over(broker, conn, tenant, identifier, terms)
    if is_over:
        await broker.sources.register.reload(tenant)
    return is_over


async def _end_if_over(
    broker: "Broker", conn: Conn, tenant: Tenant, identifier: str, terms: Mapping[str, Terms]
) -> bool:
    held = await store.lock_registration(conn, tenant, identifier)
    if held is None or not is_expired(held.registration, broker.house.clock.now()):
        return False
    await store.delete_registration(conn, tenant, identifier)
    await store.raise_registrations_epoch(conn, tenant)
    await _announce(broker, conn, tenant, held.registration, None, terms)
    return True


async def get_record(broker: "Broker", tenant: Tenant, identifier: str) -> SourceRecord:
    """Raises ResourceNotFound."""
    async with broker.house.database.transaction() as conn:
        record = await store.find_registration(conn, tenant, identifier)
    if record is None or is_expired(record.registration, broker.house.clock.now()):
        raise not_there(identifier)
    return record


async def list_records(broker: "Broker", tenant: Tenant) -> list[SourceRecord]:
    at = broker.house.clock.now()
    async with broker.house.database.transaction() as conn:
        records = await store.list_registrations(conn, tenant.name)
    return [record for record in records if not is_expired(record.registration, at)]


def not_there(identifier: str) -> ResourceNotFound:
    return ResourceNotFound(f"there is no registration {identifier}")


async def _check_conflicts(
    broker: "Broker", conn: Conn, tenant: Tenant, registration: Registration
) -> None:
    if registration.mode not in _PROXIED:
        return
    at = broker.house.clock.now()
    records = await store.list_registrations(conn, tenant.name)
    check_conflicts(
        registration,
        [one.registration for one in records if not is_expired(one.registration, at)],
    )


async def list_watchers_terms(broker: "Broker", tenant: Tenant) -> dict[str, Terms]:
    """The contexts notifications are written with, fetched before anything is locked."""
    async with broker.house.database.transaction() as conn:
        watchers = await list_watchers(conn, tenant)
    found: dict[str, Terms] = {}
    for url in {one.context_url for one in watchers if one.context_url is not None}:
        try:
            found[url] = await broker.contexts.terms([url])
        except BrokerProblem:
            # With full names the notification is still true.
            continue
    return found


async def list_watchers(conn: Conn, tenant: Tenant) -> list[Subscription]:
    """Subscriptions to context sources."""
    every = await list_all_subscriptions(conn, tenant.name)
    return [one for one in every if one.kind is SubscriptionKind.SOURCES]


async def _announce(
    broker: "Broker",
    conn: Conn,
    tenant: Tenant,
    before: Registration | None,
    after: Registration | None,
    terms: Mapping[str, Terms],
) -> None:
    at = broker.house.clock.now()
    for subscription in await list_watchers(conn, tenant):
        if subscription.status_at(at) is not SubscriptionStatus.ACTIVE:
            continue
        asked = query_of(subscription)
        was = () if before is None else list_fitting(before, asked)
        now = () if after is None else list_fitting(after, asked)
        reason = decide_reason(was, now)
        shown = after if after is not None else before
        if reason is None or shown is None or subscription.interval_s is not None:
            continue
        infos = now or (was if after is None else None)
        await notify(broker, conn, tenant, subscription, reason, [(shown, infos)], terms)


async def notify(
    broker: "Broker",
    conn: Conn,
    tenant: Tenant,
    subscription: Subscription,
    reason: TriggerReason,
    told: list[tuple[Registration, tuple[RegistrationInfo, ...] | None]],
    terms: Mapping[str, Terms],
) -> None:
    """Puts a notification on record: of each registration the information that is meant."""
    own = terms.get(subscription.context_url or "", broker.contexts.core)
    data: list[JsonValue] = [
        render_registration(registration, own, infos, lists_types=True)
        for registration, infos in told
    ]
    body: dict[str, JsonValue] = {
        "type": "ContextSourceNotification",
        "subscriptionId": subscription.id,
        "triggerReason": reason.value,
        "data": data,
    }
    await enqueue_notification(conn, tenant.name, subscription, body, broker.house.clock.now())
