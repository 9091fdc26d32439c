"""The tenants of a house, kept in memory and read again every few seconds: declared on-line, no restart."""

import time

from mieone.blocks.broker.model import Tenant
from mieone.blocks.broker.problems import NonexistentTenant
from mieone.blocks.broker.store.tenants import list_tenants
from mieone.core.database import Database

REFRESH_S = 2.0


class TenantDirectory:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._tenants: dict[str, Tenant] = {}
        self._default: Tenant | None = None
        self._read_at_s = 0.0

    async def get(self, name: str | None) -> Tenant:
        """The tenant of that name, or the default one for None. Raises NonexistentTenant."""
        if time.monotonic() - self._read_at_s > REFRESH_S:
            await self.refresh()
        found = self._default if not name else self._tenants.get(name.lower())
        if found is None:
            raise NonexistentTenant(f"no tenant is called {name or '(default)'}")
        return found

    async def all(self) -> tuple[Tenant, ...]:
        await self.get(None)
        return tuple(self._tenants.values())

    async def refresh(self) -> None:
        # Set first: a flood of unknown names must not become a flood of questions.
        self._read_at_s = time.monotonic()
        try:
            async with self._database.transaction() as conn:
                tenants = await list_tenants(conn)
        except BaseException:
            # Asked again at once: a database that was away must not look like a town that is not.
            self._read_at_s = 0.0
            raise
        self._tenants = {tenant.name: tenant for tenant in tenants}
        self._default = next((tenant for tenant in tenants if tenant.is_default), None)
