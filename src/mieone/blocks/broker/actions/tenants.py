"""The tenants of a house, kept in memory and read again every few seconds: declared on-line, no restart."""

import asyncio
import time
from contextlib import suppress

import asyncpg

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
        self._read_at_s: float | None = None
        self._reading = asyncio.Lock()

    async def get(self, name: str | None) -> Tenant:
        """The tenant of that name, or the default one for None. Raises NonexistentTenant."""
        await self._bring_up_to_date()
        found = self._default if not name else self._tenants.get(name.lower())
        if found is None:
            raise NonexistentTenant(f"no tenant is called {name or '(default)'}")
        return found

    def peek(self, name: str | None) -> Tenant | None:
        """As it was when it was last looked at: asks nobody, waits for nothing."""
        return self._default if not name else self._tenants.get(name.lower())

    async def open(self) -> None:
        """So that `peek` knows those who are there; later calls cost nothing.

        A database that is away is nothing to be told here: the API that was asked says it in its form.
        """
        if self._read_at_s is None:
            with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await self._bring_up_to_date()

    async def all(self) -> tuple[Tenant, ...]:
        await self.get(None)
        return tuple(self._tenants.values())

    async def _bring_up_to_date(self) -> None:
        """One reads, the others go on with what was read before; the first time they wait for it."""
        if self._is_fresh() or (self._reading.locked() and self._read_at_s is not None):
            return
        async with self._reading:
            if not self._is_fresh():
                await self._read()

    async def _read(self) -> None:
        # A failure leaves all as it was: a database that was away must not look like a town that is not.
        async with self._database.reading() as conn:
            tenants = await list_tenants(conn)
        self._tenants = {tenant.name: tenant for tenant in tenants}
        self._default = next((tenant for tenant in tenants if tenant.is_default), None)
        self._read_at_s = time.monotonic()

    def _is_fresh(self) -> bool:
        return self._read_at_s is not None and time.monotonic() - self._read_at_s <= REFRESH_S
