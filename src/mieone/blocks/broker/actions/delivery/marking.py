"""What became of deliveries, written down in sets: as soon as the set before it is."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import msgspec
import structlog

from mieone.blocks.broker.model import Subscription, TenantName
from mieone.blocks.broker.store import couriers as store
from mieone.blocks.broker.store.couriers import Attempts, Postponed, Settled

from .endings import end_failing
from .held import Held
from .lines import Line
from .sending import Answer

log = structlog.get_logger()
AGAIN_S = 0.2


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one attempt."""

    answer: Answer
    is_first: bool
    """Of its notification."""
    fails: int = 0
    """Notifications that failed with it and had not before."""


class Marker:
    def __init__(self, held: Held) -> None:
        self._house = held.house
        self._board = held.board
        self._settled: list[Settled] = []
        self._postponed: list[Postponed] = []
        self._attempts: dict[tuple[TenantName, str], Attempts] = {}
        self._limits: dict[tuple[TenantName, str], int] = {}
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
            self._settled += settled
            self._forget_after(line, [one.delivery_id for one in settled])
            self._wake()

    def _forget_after(self, line: Line, ids: Sequence[int], *, is_revivable: bool = False) -> None:
        def forget() -> None:
            line.forget(ids)
            # Revived before it was forgotten, it was passed over as one that is known.
            line.has_more |= is_revivable
            # It may be over now.
            self._board.wake(line)

        self._after.append(forget)

    def postpone(
        self, line: Line, ids: Sequence[int], next_at: datetime, reason: str, *, is_dead: bool
    ) -> None:
        self._postponed += [Postponed(one, next_at, reason, is_dead) for one in ids]
        if is_dead:
            self._forget_after(line, ids, is_revivable=True)
        self._wake()

    def count(
        self, tenant: TenantName, subscription: Subscription, at: datetime, told: Told
    ) -> None:
        """One attempt."""
        key = (tenant, subscription.id)
        counted = self._attempts.get(key)
        if counted is None:
            counted = Attempts(tenant=tenant, subscription=subscription.id)
            self._attempts[key] = counted
        answer = told.answer
        counted.sent += 1
        counted.notified += told.is_first
        counted.last_notification = at
        counted.is_failing = answer.reason is not None
        if answer.reason is None:
            counted.last_success = at
            counted.last_success_code = answer.code
            counted.fails_in_a_row = 0
        else:
            counted.failed += 1
            counted.notified_failed += told.is_first
            counted.fails_in_a_row += told.fails
            counted.last_failure = at
            counted.reason = answer.reason
            if subscription.max_fails is not None:
                self._limits[key] = subscription.max_fails
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
            fails = await self._write(settled, postponed, list(attempts.values()))
            for act in after:
                act()
            await self._end_failing(fails)
            if not self._there_is_work.is_set():
                self.is_idle.set()

    async def _write(
        self,
        settled: Sequence[Settled],
        postponed: Sequence[Postponed],
        attempts: Sequence[Attempts],
    ) -> Mapping[tuple[TenantName, str], int]:
        """Again and again: what was sent must not be sent once more because the database is away.

        Returns the failures in a row of those that were recorded to fail.
        """
        while True:
            try:
                async with self._house.database.transaction() as conn:
                    if settled:
                        await store.settle(conn, settled)
                    if postponed:
                        await store.postpone(conn, postponed)
                    return await store.record_attempts(conn, attempts) if attempts else {}
            except Exception as error:
                log.warning("broker_marks_wait", error=type(error).__name__)
                await asyncio.sleep(AGAIN_S)

    async def _end_failing(self, fails: Mapping[tuple[TenantName, str], int]) -> None:
        """NGSI v2: who failed more often in a row than the subscriber allows is told no more."""
        for key, count in fails.items():
            limit = self._limits.pop(key, None)
            if limit is not None and count > limit:
                try:
                    await end_failing(self._house, *key)
                except Exception as error:
                    # The next failure says it again.
                    log.warning("broker_subscription_stays", error=type(error).__name__)
