"""Whether a tenant may keep more entities: counted every few seconds, not at every write."""

import time

from mieone.blocks.broker.model import Tenant, TenantName
from mieone.blocks.broker.store.entities import count_entities
from mieone.core.database import Conn

COUNTED_EVERY_S = 5.0
COUNTED_SELDOM_S = 60.0
"""Of a tenant that is not half full: a large one is not counted through at every turn."""


class Room:
    """May be over by what is made between two counts; never by more."""

    def __init__(self) -> None:
        self._counted: dict[TenantName, tuple[float, int]] = {}

    async def is_full(self, conn: Conn, tenant: Tenant) -> bool:
        at_s, count = self._counted.get(tenant.name, (float("-inf"), 0))
        now_s = time.monotonic()
        every_s = COUNTED_EVERY_S if 2 * count > tenant.quota.entities else COUNTED_SELDOM_S
        if now_s - at_s > every_s:
            count = await count_entities(conn, tenant.name, tenant.quota.entities)
            self._counted[tenant.name] = (now_s, count)
        return count >= tenant.quota.entities
