"""What each tenant may use of this process: a rate, and how much at once."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from mieone.blocks.broker.model import Tenant


class Quotas:
    @asynccontextmanager
    async def admitted(self, tenant: Tenant, *, writes: int = 0) -> AsyncIterator[None]:
        """Around the handling of one request. Raises OverQuota."""
        yield
