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
COUNTED_WITH_ROOM_EVERY_S = 60.0
"""Where all that may be written meanwhile finds room: counting half a million takes its time."""
Count: TypeAlias = Callable[[Conn, Tenant], Awaitable[int]]


class Room:
    """May be over by what is made between two counts; never by more."""

    def __init__(self) -> None:
        self._counted: dict[tuple[Count, TenantName], tuple[float, int]] = {}

    async def is_full(self, conn: Conn, tenant: Tenant) -> bool:
        """Of entities."""
        most = tenant.quota.entities
        written = COUNTED_WITH_ROOM_EVERY_S * tenant.quota.writes_per_s
        _, counted = self._counted.get((_entities, tenant.name), (0.0, 0))
        every_s = COUNTED_WITH_ROOM_EVERY_S if most - counted > written else COUNTED_EVERY_S
        return await self._count(conn, tenant, _entities, every_s) >= most

    async def check_history(self, conn: Conn, tenant: Tenant) -> None:
        """Before instances are added to a history by themselves. Raises OverQuota."""
        counted = await self._count(conn, tenant, _instances, COUNTED_EVERY_S)
        if counted >= tenant.quota.instances:
            raise OverQuota("the histories of this tenant are as long as they may be", wait_s=3600)

    async def _count(self, conn: Conn, tenant: Tenant, count: Count, every_s: float) -> int:
        at_s, counted = self._counted.get((count, tenant.name), (float("-inf"), 0))
        now_s = time.monotonic()
        if now_s - at_s > every_s:
            counted = await count(conn, tenant)
            self._counted[count, tenant.name] = (now_s, counted)
        return counted


async def _entities(conn: Conn, tenant: Tenant) -> int:
    return await count_entities(conn, tenant.name, tenant.quota.entities)


async def _instances(conn: Conn, tenant: Tenant) -> int:
    return await count_instances(conn, tenant.name)
