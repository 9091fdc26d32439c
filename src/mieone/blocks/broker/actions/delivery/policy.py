"""How patient and how eager delivery is."""

import random
from datetime import timedelta

import msgspec


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    at_once: int = 256
    """Requests under way in one worker."""
    share: float = 3.0
    """A tenant holds at most so many times the places that are free: three quarters of them alone."""
    failing_share: float = 1.0
    """To endpoints that did not answer well at last."""
    per_endpoint: int = 24
    """Of these to one endpoint, so that a slow one holds few."""
    at_first: int = 4
    """Until it has answered well once."""
    endpoints_kept: int = 10_000
    """In memory: of one that is forgotten nobody knows that it failed."""
    per_line: int = 16
    """Of these for one subscription."""
    kept: int = 200
    """Deliveries of one subscription in memory; the rest waits in the table."""
    timeout_s: float = 10.0
    longest_timeout_s: float = 60.0
    """Whatever a subscriber asks for: meanwhile others wait for the place."""
    max_attempts: int = 10
    """Then a delivery is dead, until somebody revives it for as many again."""
    first_wait_s: float = 1.0
    longest_wait_s: float = 300.0
    failures_to_open: int = 3
    """So many in a row, and an endpoint is tried with one request at a time."""
    lease_s: float = 5.0
    poll_s: float = 0.1
    busy_poll_s: float = 0.02
    merged: int = 100
    """Entities in one notification where throttling holds several back."""

    def wait(self, failures: int, cooldown_ms: int | None) -> timedelta:
        """Exponential, with jitter, so that those who failed together do not come together again."""
        seconds = min(self.longest_wait_s, self.first_wait_s * 2 ** (min(failures, 30) - 1))
        jittered = seconds * random.uniform(0.75, 1.25)
        return timedelta(seconds=max(jittered, (cooldown_ms or 0) / 1000))

    def longest_wait(self, cooldown_ms: int | None) -> float:
        """Seconds; a row that says to wait longer was written before the clock was set back."""
        return max(1.25 * self.longest_wait_s, (cooldown_ms or 0) / 1000)

    def is_last(self, attempts: int) -> bool:
        return attempts % self.max_attempts == 0
