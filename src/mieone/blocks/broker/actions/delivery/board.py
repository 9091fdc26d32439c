"""All lines of a worker, and whose turn it is: tenants in turn, and subscriptions within them."""

import heapq
from collections import OrderedDict, deque
from collections.abc import Iterator
from datetime import datetime
from itertools import count

from mieone.blocks.broker.model import TenantName

from .lines import Line
from .policy import Policy


class Board:
    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._lines: dict[tuple[TenantName, str], Line] = {}
        self._ready: OrderedDict[TenantName, deque[Line]] = OrderedDict()
        self._sleeping: list[tuple[datetime, int, Line]] = []
        self._number = count()

    def line(self, tenant: TenantName, subscription: str, bucket: int) -> Line:
        key = (tenant, subscription)
        found = self._lines.get(key)
        if found is None:
            found = self._lines[key] = Line(tenant, subscription, bucket, self._policy)
        return found

    def __iter__(self) -> Iterator[Line]:
        return iter(list(self._lines.values()))

    def wake(self, line: Line) -> None:
        """Something about it changed: it may have something to send."""
        if not line.is_ready:
            line.is_ready = True
            self._ready.setdefault(line.tenant, deque()).append(line)

    def sleep(self, line: Line, until: datetime) -> None:
        heapq.heappush(self._sleeping, (until, next(self._number), line))

    def next_line(self, now: datetime) -> Line | None:
        """Takes one that is ready, of the tenant that waited longest."""
        while self._sleeping and self._sleeping[0][0] <= now:
            self.wake(heapq.heappop(self._sleeping)[2])
        while self._ready:
            tenant, lines = self._ready.popitem(last=False)
            if not lines:
                continue
            line = lines.popleft()
            line.is_ready = False
            self._ready[tenant] = lines
            if self._lines.get((tenant, line.subscription)) is line:
                return line
        return None

    @property
    def next_wake_at(self) -> datetime | None:
        return self._sleeping[0][0] if self._sleeping else None

    def remove(self, line: Line) -> None:
        self._lines.pop((line.tenant, line.subscription), None)

    def remove_buckets(self, buckets: set[int]) -> None:
        """Somebody else's from now on."""
        for line in self:
            if line.bucket in buckets:
                self.remove(line)

    def is_under_way(self, bucket: int) -> bool:
        return any(line.under_way for line in self._lines.values() if line.bucket == bucket)
