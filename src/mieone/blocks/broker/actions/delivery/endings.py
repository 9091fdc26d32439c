"""What is over: subscriptions for one time, events nobody needs, the long dead."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

import msgspec

from mieone.blocks.broker.model import (
    Subscription,
    SubscriptionApi,
    SubscriptionKind,
    TenantName,
)
from mieone.blocks.broker.rules.v2.subscribing import ONESHOT
from mieone.blocks.broker.store import couriers as store
from mieone.blocks.broker.store.couriers import Settled
from mieone.blocks.broker.store.subscriptions import (
    lock_subscription,
    raise_epoch,
    update_subscription,
)
from mieone.core.house import House

AT_ONCE: Final = 5_000
EVENTS_KEPT: Final = timedelta(minutes=10)
"""For streams that were interrupted."""
DEAD_KEPT: Final = timedelta(days=7)
"""To be looked at and revived; after that they count as dropped."""


async def end_oneshot(house: House, tenant: TenantName, subscription: str) -> Subscription | None:
    """NGSI v2: told once, it is inactive. As it is then; None where it was changed meanwhile."""

    def end(held: Subscription) -> Subscription | None:
        if held.v2.get("status") != ONESHOT:
            return None
        rest = {name: value for name, value in held.v2.items() if name != "status"}
        return msgspec.structs.replace(held, v2=rest, is_active=False)

    return await _end(house, tenant, subscription, end)


async def end_failing(house: House, tenant: TenantName, subscription: str) -> None:
    """NGSI v2's maxFailsLimit: inactive, until a client sets it active again."""

    def end(held: Subscription) -> Subscription | None:
        if held.max_fails is None or held.is_active is False:
            return None
        return msgspec.structs.replace(held, is_active=False)

    await _end(house, tenant, subscription, end)


async def _end(
    house: House,
    tenant: TenantName,
    subscription: str,
    end: Callable[[Subscription], Subscription | None],
) -> Subscription | None:
    at = house.clock.now()
    async with house.database.transaction() as conn:
        held = await lock_subscription(
            conn, tenant, subscription, SubscriptionKind.ENTITIES, SubscriptionApi.NGSI_V2
        )
        ended = None if held is None else end(held)
        if ended is not None:
            await update_subscription(conn, tenant, ended, None, at)
            await raise_epoch(conn, tenant)
    return ended


async def sweep(house: House) -> int:
    """A bounded part of what is over; returns how much it was."""
    now = house.clock.now()
    async with house.database.transaction() as conn:
        old = await store.list_old_dead(conn, now - DEAD_KEPT, AT_ONCE)
        if old:
            await store.settle(conn, [Settled(one, False) for one in old])
        return len(old) + await store.remove_old_events(conn, now - EVENTS_KEPT, AT_ONCE)
