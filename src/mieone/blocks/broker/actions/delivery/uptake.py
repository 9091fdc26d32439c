"""Deliveries taken up: leases kept, the table asked for what is new, lines filled again."""

from mieone.blocks.broker.model import TenantName
from mieone.blocks.broker.store import couriers as store

from .held import Held

NEW_AT_ONCE = 20_000
REFILLED_AT_ONCE = 20


class Uptake:
    def __init__(self, held: Held) -> None:
        self._held = held
        self._house = held.house
        self._policy = held.policy
        self._leases = held.leases
        self._board = held.board
        self._book = held.book
        self._wake = held.wake
        self._horizon = 0

    async def keep_leases(self) -> float:
        won, lost = await self._leases.keep(self._board.is_under_way)
        if lost:
            self._board.remove_buckets(lost)
        if won:
            await self._take_up(won)
        return self._policy.lease_s / 4

    async def _take_up(self, buckets: set[int]) -> None:
        """What somebody before us left: it is read in order, as the lines have room."""
        async with self._house.database.transaction() as conn:
            waiting = await store.list_waiting_subscriptions(conn, buckets)
        for one in waiting:
            line = self._board.line(one.tenant, one.subscription, one.bucket)
            line.has_more = True

    async def poll(self) -> float:
        buckets = self._leases.active
        if not buckets:
            return self._policy.poll_s
        async with self._house.database.transaction() as conn:
            stale = await self._book.refresh(conn)
            horizon, found = await store.list_new(conn, self._horizon, buckets, NEW_AT_ONCE)
        if stale:
            self._held.renderer.forget(self._book.subscriptions)
            self._wake_of(stale)
        is_cut = len(found) >= NEW_AT_ONCE
        is_new = False
        for delivery in found:
            line = self._board.line(delivery.tenant, delivery.subscription, delivery.bucket)
            if line.put(delivery):
                is_new = True
                self._board.wake(line)
        if is_cut:
            await self._take_up(buckets)
        self._horizon = horizon
        is_new |= await self._refill()
        if is_new:
            self._wake.set()
        return self._policy.busy_poll_s if is_new else self._policy.poll_s

    def _wake_of(self, tenants: set[TenantName]) -> None:
        """A subscription may have been resumed."""
        for line in self._board:
            if line.tenant in tenants:
                self._board.wake(line)
        self._wake.set()

    async def _refill(self) -> bool:
        hungry = [
            line for line in self._board if line.has_more and line.waiting < self._policy.kept // 4
        ][:REFILLED_AT_ONCE]
        if not hungry:
            return False
        async with self._house.database.transaction() as conn:
            for line in hungry:
                kept = self._policy.kept
                rows = await store.list_due(conn, line.tenant, line.subscription, kept)
                for delivery in rows:
                    line.take(delivery)
                line.has_more = len(rows) >= kept
                self._board.wake(line)
        return True
