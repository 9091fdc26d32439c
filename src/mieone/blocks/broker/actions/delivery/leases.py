"""Which buckets this worker delivers for: its fair share of them, as long as it says so in time."""

import math
import time
from collections.abc import Callable
from datetime import timedelta

from mieone.blocks.broker.model import BUCKETS
from mieone.blocks.broker.store import couriers as store
from mieone.core.database import Database

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

    @property
    def active(self) -> set[int]:
        """For these we may send now."""
        return self.held - self.leaving if time.monotonic() < self._valid_until_s else set()

    async def keep(self, is_under_way: Callable[[int], bool]) -> tuple[set[int], set[int]]:
        """Renew, take what is free, let go of what is too much. Returns what is new, what is lost."""
        before = set(self.held)
        asked_at_s = time.monotonic()
        async with self._database.transaction() as conn:
            await store.see_courier(conn, self._holder)
            workers = await store.count_couriers(conn, 2 * self._length)
            self.held = await store.renew_leases(conn, self._holder, self._length)
            share = math.ceil(BUCKETS / max(1, workers))
            if len(self.held) < share:
                self.held |= await store.take_leases(
                    conn, self._holder, self._length, share - len(self.held)
                )
            self.leaving &= self.held
            too_many = sorted(self.held - self.leaving)[share:]
            self.leaving.update(too_many)
            done = {bucket for bucket in self.leaving if not is_under_way(bucket)}
            if done:
                await store.release_leases(conn, self._holder, done)
                self.held -= done
                self.leaving -= done
        self._valid_until_s = asked_at_s + self._lease_s
        return self.held - before, before - self.held

    async def leave(self) -> None:
        """On the way out: others need not wait."""
        async with self._database.transaction() as conn:
            await store.release_leases(conn, self._holder, self.held)
            await store.forget_couriers(conn, self._holder)
        self.held = set()
