"""What became of deliveries, written down in sets: as soon as the set before it is."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime

import structlog

from mieone.blocks.broker.model import Subscription
from mieone.blocks.broker.store import couriers as store
from mieone.blocks.broker.store.couriers import Attempts, Postponed, Settled
from mieone.core.database import Database

from .lines import Line

log = structlog.get_logger()
AGAIN_S = 0.2


class Marker:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._settled: list[Settled] = []
        self._postponed: list[Postponed] = []
        self._attempts: dict[tuple[str, str], Attempts] = {}
        self._after: list[Callable[[], None]] = []
        self._there_is_work = asyncio.Event()
        self.is_idle = asyncio.Event()
        self.is_idle.set()

    def deliver(self, line: Line, ids: Sequence[int]) -> None:
        self._end(line, [Settled(one, True) for one in ids])

    def drop(self, line: Line, ids: Sequence[int]) -> None:
        self._end(line, [Settled(one, False) for one in ids])

    def _end(self, line: Line, settled: Sequence[Settled]) -> None:
        if settled:
            ids = [one.delivery_id for one in settled]
            self._settled += settled
            self._after.append(lambda: line.forget(ids))
            self._wake()

    def postpone(
        self, line: Line, ids: Sequence[int], next_at: datetime, reason: str, *, is_dead: bool
    ) -> None:
        self._postponed += [Postponed(one, next_at, reason, is_dead) for one in ids]
        if is_dead:
            self._after.append(lambda: line.forget(ids))
        self._wake()

    def count(
        self, line: Line, subscription: Subscription, at: datetime, reason: str | None
    ) -> None:
        """One attempt."""
        key = (line.tenant, subscription.id)
        counted = self._attempts.get(key)
        if counted is None:
            counted = Attempts(tenant=line.tenant, subscription=subscription.id)
            self._attempts[key] = counted
        counted.sent += 1
        counted.last_notification = at
        counted.is_failing = reason is not None
        if reason is None:
            counted.last_success = at
        else:
            counted.failed += 1
            counted.last_failure = at
            counted.reason = reason
        self._wake()

    def _wake(self) -> None:
        self.is_idle.clear()
        self._there_is_work.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._there_is_work.wait()
            self._there_is_work.clear()
            # Answers that came in at the same turn of the loop go together.
            await asyncio.sleep(0)
            settled, self._settled = self._settled, []
            postponed, self._postponed = self._postponed, []
            attempts, self._attempts = self._attempts, {}
            after, self._after = self._after, []
            await self._write(settled, postponed, list(attempts.values()))
            for act in after:
                act()
            if not self._there_is_work.is_set():
                self.is_idle.set()

    async def _write(
        self,
        settled: Sequence[Settled],
        postponed: Sequence[Postponed],
        attempts: Sequence[Attempts],
    ) -> None:
        """Again and again: what was sent must not be sent once more because the database is away."""
        while True:
            try:
                async with self._database.transaction() as conn:
                    if settled:
                        await store.settle(conn, settled)
                    if postponed:
                        await store.postpone(conn, postponed)
                    if attempts:
                        await store.record_attempts(conn, attempts)
            except Exception as error:
                log.warning("broker_marks_wait", error=type(error).__name__)
                await asyncio.sleep(AGAIN_S)
            else:
                return
