"""All lines of a worker, and whose turn it is: tenants in turn, and subscriptions within them."""

import heapq
from collections import OrderedDict, deque
from collections.abc import Iterator
from itertools import count

from mieone.blocks.broker.model import TenantName

from .lines import Line
from .places import Places
from .policy import Policy


class _Turns:
    """Lines of one tenant that may have something to send."""

    __slots__ = ("failing", "fresh")

    def __init__(self) -> None:
        self.fresh: deque[Line] = deque()
        self.failing: deque[Line] = deque()
        """To endpoints that did not answer well at last: they get a smaller part of the places."""


class Board:
    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._lines: dict[tuple[TenantName, str], Line] = {}
        self._ready: OrderedDict[TenantName, _Turns] = OrderedDict()
        self._sleeping: list[tuple[float, int, Line]] = []
        self._number = count()

    def line(self, tenant: TenantName, subscription: str, bucket: int) -> Line:
        key = (tenant, subscription)
        found = self._lines.get(key)
        if found is None:
            found = self._lines[key] = Line(tenant, subscription, bucket, self._policy)
        return found

    def is_paced(self, tenant: TenantName, subscription: str) -> bool:
        line = self._lines.get((tenant, subscription))
        return line is not None and line.is_paced

    def __iter__(self) -> Iterator[Line]:
        return iter(list(self._lines.values()))

    def wake(self, line: Line) -> None:
        """Something about it changed: it may have something to send."""
        if not line.is_ready:
            line.is_ready = True
            self._ready.setdefault(line.tenant, _Turns()).fresh.append(line)

    def set_back(self, line: Line) -> None:
        """It may send, as soon as its tenant has room for an endpoint that fails."""
        line.is_ready = True
        self._ready.setdefault(line.tenant, _Turns()).failing.append(line)

    def sleep(self, line: Line, until_s: float) -> None:
        """Looked at again then at the latest."""
        if line.wakes_at_s is None or until_s < line.wakes_at_s:
            line.wakes_at_s = until_s
            heapq.heappush(self._sleeping, (until_s, next(self._number), line))

    def next_line(self, now_s: float, places: Places) -> Line | None:
        """Takes one that is ready, of the tenant that waited longest among those with room."""
        self._wake_sleepers(now_s)
        for tenant, turns in self._ready.items():
            line = self._take(tenant, turns, places)
            if line is not None:
                self._ready.move_to_end(tenant)
                return line
        return None

    def _wake_sleepers(self, now_s: float) -> None:
        while self._sleeping and self._sleeping[0][0] <= now_s:
            until_s, _, line = heapq.heappop(self._sleeping)
            if line.wakes_at_s == until_s:
                line.wakes_at_s = None
                self.wake(line)

    def _take(self, tenant: TenantName, turns: _Turns, places: Places) -> Line | None:
        kinds = [
            lines
            for lines, is_failing in ((turns.failing, True), (turns.fresh, False))
            if lines and places.has_room(tenant, is_failing=is_failing)
        ]
        for lines in kinds:
            while lines:
                line = lines.popleft()
                line.is_ready = False
                if self._lines.get((tenant, line.subscription)) is line:
                    return line
        return None

    @property
    def next_wake_at_s(self) -> float | None:
        return self._sleeping[0][0] if self._sleeping else None

    def remove(self, line: Line) -> None:
        if self._lines.get((line.tenant, line.subscription)) is line:
            del self._lines[line.tenant, line.subscription]

    def remove_buckets(self, buckets: set[int]) -> None:
        """Somebody else's from now on."""
        for line in self:
            if line.bucket in buckets:
                self.remove(line)

    def is_under_way(self, bucket: int) -> bool:
        """Sent, and no answer yet, or not yet written down what became of it."""
        return any(line.is_unsettled for line in self._lines.values() if line.bucket == bucket)
