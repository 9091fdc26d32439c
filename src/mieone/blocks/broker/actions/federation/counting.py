"""How often sources were asked: counted in memory, written down now and then."""

import asyncio
from datetime import datetime
from typing import Final

import structlog

from mieone.blocks.broker.store.registrations import Exchanges, record_exchanges
from mieone.core.house import House

PAUSE_S: Final = 1.0
_log = structlog.get_logger(__name__)


class _Count:
    def __init__(self) -> None:
        self.sent = 0
        self.failed = 0
        self.success_at: datetime | None = None
        self.failure_at: datetime | None = None


class ExchangeCounter:
    def __init__(self, house: House) -> None:
        self._house = house
        self._counts: dict[tuple[str, str], _Count] = {}
        self._writing: asyncio.Task[None] | None = None

    def note(self, tenant: str, registration_id: str, *, has_failed: bool) -> None:
        count = self._counts.setdefault((tenant, registration_id), _Count())
        count.sent += 1
        at = self._house.clock.now()
        if has_failed:
            count.failed += 1
            count.failure_at = at
        else:
            count.success_at = at
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_later())

    async def close(self) -> None:
        if self._writing is not None:
            self._writing.cancel()
            await asyncio.gather(self._writing, return_exceptions=True)
            self._writing = None
        await self._write()

    async def _write_later(self) -> None:
        await asyncio.sleep(PAUSE_S)
        try:
            await self._write()
        except Exception:
            # Counts are no reason to fail anybody's request.
            _log.warning("source_counts_lost", exc_info=True)

    async def _write(self) -> None:
        counts, self._counts = self._counts, {}
        if not counts:
            return
        rows = [
            Exchanges(
                tenant=tenant,
                id=registration_id,
                sent=count.sent,
                failed=count.failed,
                success_at=count.success_at,
                failure_at=count.failure_at,
            )
            for (tenant, registration_id), count in sorted(counts.items())
        ]
        async with self._house.database.transaction() as conn:
            await record_exchanges(conn, rows)
