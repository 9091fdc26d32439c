"""Which buckets this worker delivers for: its fair share of them, as long as it says so in time."""

import math
import time
from collections.abc import Callable
from datetime import timedelta

from mieone.blocks.broker.model import BUCKETS
from mieone.blocks.broker.store import couriers as store
from mieone.core.database import Conn, Database

from .policy import Policy


class Leases:
    def __init__(self, database: Database, holder: str, policy: Policy) -> None:
        self._database = database
        self._holder = holder
        self._length = timedelta(seconds=policy.lease_s)
        self._lease_s = policy.lease_s
        self._valid_until_s = 0.0
        self.held: set[int] = set()
        self.leaving: set[int] = set()
        """Ours still, but nothing new is sent: another worker is to have them."""
        self.unread: set[int] = set()
        """Ours, but nobody looked yet what waits there: what is new must not go before it."""

    @property
    def active(self) -> set[int]:
        """For these we may send now."""
        return self.readable - self.unread

    @property
    def readable(self) -> set[int]:
        """We may look what is new in these."""
        return self.held - self.leaving if time.monotonic() < self._valid_until_s else set()

    async def keep(self, is_under_way: Callable[[int], bool]) -> set[int]:
        """Renew, take what is free, let go of what is too much. Returns what is to be forgotten.

        That is what was lost, and what is new: it may have been somebody else's meanwhile.
        """
        asked_at_s = time.monotonic()
        async with self._database.transaction() as conn:
            await store.see_courier(conn, self._holder)
            workers = await store.count_couriers(conn, 2 * self._length)
            renewed = await store.renew_leases(conn, self._holder, self._length)
            share = math.ceil(BUCKETS / max(1, workers))
            taken = await self._take(conn, share - len(renewed))
            held = renewed | taken
            self.leaving &= held
            self.leaving.update(sorted(held - self.leaving)[share:])
            done = {bucket for bucket in self.leaving if not is_under_way(bucket)}
            if done:
                await store.release_leases(conn, self._holder, done)
        forgotten = (self.held - held) | taken | done
        self.held = held - done
        self.leaving -= done
        self.unread = (self.unread | taken) & self.held
        self._valid_until_s = asked_at_s + self._lease_s
        return forgotten

    async def _take(self, conn: Conn, most: int) -> set[int]:
        if most <= 0:
            return set()
        return await store.take_leases(conn, self._holder, self._length, most)

    def open(self, buckets: set[int]) -> None:
        """What waits there is known now."""
        self.unread -= buckets

    def reread(self, asked: set[int]) -> None:
        """In those that became ours while only `asked` were asked for, something may be missed."""
        self.unread |= self.held - self.leaving - asked

    async def leave(self) -> None:
        """On the way out: others need not wait."""
        async with self._database.transaction() as conn:
            await store.release_leases(conn, self._holder, self.held)
            await store.forget_couriers(conn, self._holder)
        self.held = set()
