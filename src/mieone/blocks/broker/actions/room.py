"""Whether a tenant may keep more: looked up every few seconds, not at every write."""

import time
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from mieone.blocks.broker.model import Tenant, TenantName
from mieone.blocks.broker.problems import OverQuota
from mieone.blocks.broker.store.entities import count_entities
from mieone.blocks.broker.store.history_counts import count_instances
from mieone.core.database import Conn

COUNTED_EVERY_S = 5.0
Count: TypeAlias = Callable[[Conn, Tenant], Awaitable[int]]


class Room:
    """May be over by what is made between two counts; never by more."""

    def __init__(self) -> None:
        self._counted: dict[tuple[Count, TenantName], tuple[float, int]] = {}

    async def is_full(self, conn: Conn, tenant: Tenant) -> bool:
        """Of entities."""
        return await self._count(conn, tenant, _entities) >= tenant.quota.entities

    async def check_history(self, conn: Conn, tenant: Tenant) -> None:
        """Before instances are added to a history by themselves. Raises OverQuota."""
        if await self._count(conn, tenant, _instances) >= tenant.quota.instances:
            raise OverQuota("the histories of this tenant are as long as they may be", wait_s=3600)

    async def _count(self, conn: Conn, tenant: Tenant, count: Count) -> int:
        at_s, counted = self._counted.get((count, tenant.name), (float("-inf"), 0))
        now_s = time.monotonic()
        if now_s - at_s > COUNTED_EVERY_S:
            counted = await count(conn, tenant)
            self._counted[count, tenant.name] = (now_s, counted)
        return counted


async def _entities(conn: Conn, tenant: Tenant) -> int:
    return await count_entities(conn, tenant.name, tenant.quota.entities)


async def _instances(conn: Conn, tenant: Tenant) -> int:
    return await count_instances(conn, tenant.name)
