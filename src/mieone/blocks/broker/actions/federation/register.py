"""The registrations of every tenant in memory; nobody pays for them where there are none."""

import time
from collections.abc import Sequence
from typing import Final

from mieone.blocks.broker.actions.pseudonym import names_in_via
from mieone.blocks.broker.model import SourceRecord, Tenant
from mieone.blocks.broker.rules.registrations import expand_operations, is_expired
from mieone.blocks.broker.rules.registrations.splitting import Source
from mieone.blocks.broker.store.registrations import list_epochs, list_registrations
from mieone.core.house import House

REFRESH_S: Final = 0.5
"""How long another process' registration may stay unseen here."""


class SourceRegister:
    def __init__(self, house: House) -> None:
        self._house = house
        self._epochs: dict[str, int] = {}
        self._sources: dict[str, tuple[Source, ...]] = {}
        self._read_at_s = 0.0

    async def of(self, tenant: Tenant, via: Sequence[str] = ()) -> tuple[Source, ...]:
        """Those that have not expired, and that a request with these Via entries has not been at."""
        if time.monotonic() - self._read_at_s > REFRESH_S:
            await self._refresh()
        held = self._sources.get(tenant.name, ())
        if not held:
            return ()
        at = self._house.clock.now()
        seen = names_in_via(via)
        return tuple(
            one
            for one in held
            if not is_expired(one.registration, at) and one.registration.alias not in seen
        )

    async def reload(self, tenant: Tenant) -> None:
        """After a change of our own: nobody here may see the past."""
        async with self._house.database.reading() as conn:
            epochs = await list_epochs(conn)
            records = await list_registrations(conn, tenant.name)
        self._hold(tenant.name, epochs.get(tenant.name, 0), records)

    async def _refresh(self) -> None:
        # Set first: while one reads, the others go on with what is held.
        self._read_at_s = time.monotonic()
        async with self._house.database.reading() as conn:
            epochs = await list_epochs(conn)
            stale = [name for name, epoch in epochs.items() if self._epochs.get(name, 0) != epoch]
            read = {name: await list_registrations(conn, name) for name in stale}
        for name, records in read.items():
            self._hold(name, epochs[name], records)

    def _hold(self, name: str, epoch: int, records: list[SourceRecord]) -> None:
        if epoch < self._epochs.get(name, 0):
            # Somebody read later than we did and was faster.
            return
        self._epochs[name] = epoch
        self._sources[name] = tuple(
            Source(
                registration=record.registration,
                operations=expand_operations(record.registration.operations),
            )
            for record in records
        )
