"""Deliveries taken up: leases kept, the table asked for what is new, lines filled again."""

from collections.abc import Collection, Mapping
from typing import TypeAlias

from mieone.blocks.broker.model import TenantName
from mieone.blocks.broker.store import couriers as store
from mieone.blocks.broker.store.couriers import Delivery
from mieone.core.database import Conn

from .held import Held

NEW_AT_ONCE = 20_000
REFILLED_AT_ONCE = 20
Key: TypeAlias = "tuple[TenantName, str]"


class Uptake:
    def __init__(self, held: Held) -> None:
        self._held = held
        self._house = held.house
        self._policy = held.policy
        self._leases = held.leases
        self._board = held.board
        self._book = held.book
        self._horizon = 0

    async def keep_leases(self) -> float:
        forgotten = await self._leases.keep(self._board.is_under_way)
        if forgotten:
            self._board.remove_buckets(forgotten)
        unread = set(self._leases.unread)
        if unread:
            # Where this fails, the next turn finds them unread still.
            await self._take_up(unread)
            self._leases.open(unread)
        return self._policy.lease_s / 4

    async def _take_up(self, buckets: set[int]) -> None:
        """What somebody before us left: it is read in order, as the lines have room."""
        async with self._house.database.transaction() as conn:
            waiting = await store.list_waiting_subscriptions(conn, buckets)
        for one in waiting:
            line = self._board.line(one.tenant, one.subscription, one.bucket)
            line.has_more = True

    async def poll(self) -> float:
        asked = self._leases.readable
        if not asked:
            return self._policy.poll_s
        async with self._house.database.transaction() as conn:
            horizon, found = await store.list_new(conn, self._horizon, asked, NEW_AT_ONCE)
            # Subscriptions after deliveries: one that is not there now is gone.
            self._take_changes(await self._book.refresh(conn))
            next_sends = await self._pace(conn, {(one.tenant, one.subscription) for one in found})
            is_new = await self._refill(conn)
        if len(found) >= NEW_AT_ONCE:
            await self._take_up(asked)
        self._leases.reread(asked)
        self._horizon = horizon
        for delivery in found:
            is_new |= self._put(delivery, next_sends)
        if is_new:
            self._held.wake.set()
        return self._policy.busy_poll_s if is_new else self._policy.poll_s

    def _put(self, delivery: Delivery, next_sends: Mapping[Key, float]) -> bool:
        line = self._board.line(delivery.tenant, delivery.subscription, delivery.bucket)
        line.pace(next_sends.get((line.tenant, line.subscription)))
        if line.bucket in self._leases.unread:
            line.has_more = True
            return True
        is_new = line.put(delivery, self._not_before_s(delivery))
        if is_new:
            self._board.wake(line)
        return is_new

    def _take_changes(self, stale: set[TenantName]) -> None:
        """A subscription may have been resumed."""
        if stale:
            self._held.renderer.forget(self._book.subscriptions)
            for line in self._board:
                if line.tenant in stale:
                    self._board.wake(line)
            self._held.wake.set()

    async def _pace(self, conn: Conn, keys: Collection[Key]) -> dict[Key, float]:
        """When each may be told next: throttling goes on where another worker was the last to send,
        or this one, before it forgot."""
        throttled = {
            key: one.throttling_s
            for key in keys
            if (one := self._book.find(*key)) is not None
            and one.throttling_s is not None
            and not self._board.is_paced(*key)
        }
        if not throttled:
            return {}
        wall, now_s = self._house.clock.now(), self._held.now_s
        told = await store.list_last_notifications(conn, list(throttled))
        passed = {key: max((wall - last).total_seconds(), 0) for key, last in told.items()}
        return {
            key: now_s + (every_s - passed[key] if key in passed else 0)
            for key, every_s in throttled.items()
        }

    async def _refill(self, conn: Conn) -> bool:
        hungry = [
            line for line in self._board if line.has_more and line.waiting < self._policy.kept // 4
        ][:REFILLED_AT_ONCE]
        next_sends = await self._pace(conn, {(line.tenant, line.subscription) for line in hungry})
        for line in hungry:
            line.pace(next_sends.get((line.tenant, line.subscription)))
            kept = self._policy.kept
            rows = await store.list_due(conn, line.tenant, line.subscription, kept)
            for delivery in rows:
                line.take(delivery, self._not_before_s(delivery))
            line.has_more = len(rows) >= kept
            self._board.wake(line)
        return bool(hungry)

    def _not_before_s(self, delivery: Delivery) -> float:
        """By a clock that is never set back; what was never tried may go at once."""
        if not delivery.attempts:
            return 0.0
        subscription = self._book.find(delivery.tenant, delivery.subscription)
        cooldown_ms = None if subscription is None else subscription.endpoint.cooldown_ms
        left_s = (delivery.next_at - self._house.clock.now()).total_seconds()
        return self._held.now_s + min(left_s, self._policy.longest_wait(cooldown_ms))
