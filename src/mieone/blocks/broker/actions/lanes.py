"""The reads or the writes of one tenant in this process: how fast, and how many at once."""

import asyncio
import math
import time
from enum import StrEnum
from typing import Final

from prometheus_client import Counter

from mieone.blocks.broker.problems import OverQuota
from mieone.blocks.broker.rules.rates import charge, fresh, take

from .turns import WAITING_PER_PLACE, Places

REQUESTS = Counter("mieone_broker_requests_total", "Requests admitted", ["tenant", "kind"])
TURNED_AWAY = Counter(
    "mieone_broker_over_quota_total", "Requests over a quota", ["tenant", "quota"]
)

OVER_RATE: Final = "the rate of this tenant is used up"
CROWDED: Final = "too many requests of this tenant are under way"
AT_ONCE_BESIDE: Final = 8
"""So many of one tenant are worked on while others are there, whose requests wait behind no more."""
COMPANY_S: Final = 1.0
ANSWERED_AT_ONCE_PER_S: Final = 20.0
HELD_S: Final = 0.25
MOST_HELD: Final = 256


class Kind(StrEnum):
    READ = "read"
    WRITE = "write"


class Company:
    """Whether several tenants are at work in this process."""

    def __init__(self) -> None:
        self._last: str | None = None
        self._changed_at_s = float("-inf")

    def note(self, name: str) -> None:
        if name != self._last:
            if self._last is not None:
                self._changed_at_s = time.monotonic()
            self._last = name

    def is_there(self) -> bool:
        return time.monotonic() - self._changed_at_s < COMPANY_S


class Lane:
    def __init__(
        self, name: str, kind: Kind, rate_per_s: float, at_once: int, company: Company
    ) -> None:
        now_s = time.monotonic()
        self._name = name
        self._rate_per_s = rate_per_s
        self._at_once = at_once
        self._company = company
        self._bucket = fresh(rate_per_s, now_s)
        self._answers = fresh(ANSWERED_AT_ONCE_PER_S, now_s)
        self._held = 0
        self._places = Places(at_once * WAITING_PER_PLACE, self._limit, CROWDED)
        self._admitted = REQUESTS.labels(name, kind.value)
        self._over_rate = TURNED_AWAY.labels(name, f"{kind.value}s")
        self._crowded_out = TURNED_AWAY.labels(name, "at_once")

    def take(self, tokens: float) -> None:
        """Raises OverQuota, which says when to come back."""
        self._bucket, wait_s = take(self._bucket, self._rate_per_s, tokens, time.monotonic())
        self._check(wait_s)

    def charge(self, tokens: float) -> None:
        """Raises OverQuota while what came before is not paid off."""
        self._bucket, wait_s = charge(self._bucket, self._rate_per_s, tokens, time.monotonic())
        self._check(wait_s)

    def _check(self, wait_s: float) -> None:
        if wait_s:
            self._over_rate.inc()
            raise OverQuota(OVER_RATE, wait_s=math.ceil(wait_s))

    async def enter(self) -> None:
        """Take a place. Raises OverQuota when too many stand before it."""
        try:
            await self._places.enter()
        except OverQuota:
            self._crowded_out.inc()
            raise
        self._company.note(self._name)
        self._admitted.inc()

    def enter_again(self) -> None:
        self._places.enter_again()

    def leave(self) -> None:
        self._places.leave()

    async def be_turned_away(self) -> None:
        """Now and then at once; who does not stop coming waits a moment, which costs us nothing."""
        self._answers, wait_s = take(self._answers, ANSWERED_AT_ONCE_PER_S, 1, time.monotonic())
        if not wait_s or self._held >= MOST_HELD:
            return
        self._held += 1
        try:
            await asyncio.sleep(HELD_S)
        finally:
            self._held -= 1

    def _limit(self) -> int:
        return min(self._at_once, AT_ONCE_BESIDE) if self._company.is_there() else self._at_once
