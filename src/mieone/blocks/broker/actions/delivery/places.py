"""The places of a worker: how many requests each tenant has under way, and whether it may have one more.

A tenant may hold a multiple of the places that are free. One alone gets most of them, several get
less each, and however many hold theirs for long, some places are left for whoever comes next.
"""

from collections import Counter

from mieone.blocks.broker.model import TenantName

from .policy import Policy


class Places:
    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._taken: Counter[TenantName] = Counter()

    @property
    def free(self) -> int:
        return self._policy.at_once - self._taken.total()

    def has_room(self, tenant: TenantName, *, is_failing: bool) -> bool:
        """Whether the tenant may send one more, to an endpoint that did not answer well at last."""
        free = self.free
        share = self._policy.failing_share if is_failing else self._policy.share
        return free > 0 and self._taken[tenant] < share * free

    def take(self, tenant: TenantName) -> None:
        self._taken[tenant] += 1

    def give_back(self, tenant: TenantName) -> None:
        self._taken[tenant] -= 1
        if not self._taken[tenant]:
            del self._taken[tenant]
