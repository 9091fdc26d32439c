"""Endpoints: how many requests each has under way, and whether it is worth trying."""

from collections import OrderedDict
from datetime import timedelta

from .lines import Line
from .policy import Policy


class EndpointState:
    """A circuit breaker: after some failures in a row one request at a time, after a while each."""

    def __init__(self, policy: Policy) -> None:
        self.under_way = 0
        self.failures = 0
        self.blocked_until_s: float | None = None
        self.waiters: dict[int, Line] = {}
        """Lines that found no room."""
        self._has_answered = False
        self._failed_at_s: float | None = None
        self._policy = policy

    def find_obstacle(self, now_s: float) -> float | str | None:
        """Until when it is left alone, "full", or None when a request may go."""
        if self.blocked_until_s is not None and self.blocked_until_s > now_s:
            return self.blocked_until_s
        return "full" if self.under_way >= self._room else None

    @property
    def _room(self) -> int:
        if self.failures >= self._policy.failures_to_open:
            return 1
        # Who never answered may be somebody who never will.
        return self._policy.per_endpoint if self._has_answered else self._policy.at_first

    def succeed(self) -> None:
        self._has_answered = True
        self.failures = 0
        self.blocked_until_s = None

    def fail(self, now_s: float, started_at_s: float, cooldown_ms: int | None) -> timedelta:
        """How long to wait for the next try. What was sent side by side fails as one."""
        if self._failed_at_s is None or started_at_s >= self._failed_at_s:
            self.failures += 1
            self._failed_at_s = now_s
        wait = self._policy.wait(self.failures, cooldown_ms)
        if self.failures >= self._policy.failures_to_open or cooldown_ms:
            self.blocked_until_s = now_s + wait.total_seconds()
        return wait


class Endpoints:
    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._states: OrderedDict[str, EndpointState] = OrderedDict()

    def __len__(self) -> int:
        return len(self._states)

    def of(self, uri: str) -> EndpointState:
        """By the whole address: one gateway may stand before many receivers."""
        state = self._states.get(uri)
        if state is None:
            state = self._states[uri] = EndpointState(self._policy)
            self._forget_some()
        else:
            self._states.move_to_end(uri)
        return state

    def _forget_some(self) -> None:
        """Those not asked for longest, but for those with a request under way: they are few."""
        surplus = len(self._states) - self._policy.endpoints_kept
        if surplus > 0:
            idle = (uri for uri, state in self._states.items() if not state.under_way)
            for uri in [uri for uri, _ in zip(idle, range(surplus), strict=False)]:
                del self._states[uri]
