"""Endpoints: how many requests each has under way, and whether it is worth trying."""

from collections import OrderedDict
from datetime import datetime

from .lines import Line
from .policy import Policy

MAX_KEPT = 10_000


class EndpointState:
    """A circuit breaker: after some failures in a row one request at a time, after a while each."""

    def __init__(self, policy: Policy) -> None:
        self.under_way = 0
        self.failures = 0
        self.blocked_until: datetime | None = None
        self.waiters: dict[int, Line] = {}
        """Lines that found no room."""
        self._failed_at: datetime | None = None
        self._policy = policy

    def find_obstacle(self, now: datetime) -> datetime | str | None:
        """Until when it is left alone, "full", or None when a request may go."""
        if self.blocked_until is not None and self.blocked_until > now:
            return self.blocked_until
        is_open = self.failures >= self._policy.failures_to_open
        return "full" if self.under_way >= (1 if is_open else self._policy.per_endpoint) else None

    def succeed(self) -> None:
        self.failures = 0
        self.blocked_until = None

    def fail(self, now: datetime, started_at: datetime, cooldown_ms: int | None) -> datetime:
        """When the next try may be. What was sent side by side fails as one."""
        if self._failed_at is None or started_at >= self._failed_at:
            self.failures += 1
            self._failed_at = now
        until = now + self._policy.wait(self.failures, cooldown_ms)
        if self.failures >= self._policy.failures_to_open or cooldown_ms:
            self.blocked_until = until
        return until


class Endpoints:
    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._states: OrderedDict[str, EndpointState] = OrderedDict()

    def of(self, uri: str) -> EndpointState:
        """By the whole address: one gateway may stand before many receivers."""
        state = self._states.get(uri)
        if state is None:
            state = self._states[uri] = EndpointState(self._policy)
            self._forget_idle()
        else:
            self._states.move_to_end(uri)
        return state

    def _forget_idle(self) -> None:
        while len(self._states) > MAX_KEPT:
            uri, state = next(iter(self._states.items()))
            if state.under_way or state.failures:
                return
            del self._states[uri]
