"""What each tenant may use of this process: rates, and how much at once. No tenant crowds out another."""

import asyncio
import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from prometheus_client import Counter

from mieone.blocks.broker.model import Tenant
from mieone.blocks.broker.problems import OverQuota
from mieone.blocks.broker.rules.rates import Bucket, fresh, take

REQUESTS = Counter("mieone_broker_requests_total", "Requests admitted", ["tenant", "kind"])
TURNED_AWAY = Counter(
    "mieone_broker_over_quota_total", "Requests over a quota", ["tenant", "quota"]
)

WAIT_LIMIT_S = 2.0
WAITING_PER_PLACE = 4
"""So many may wait for each place; more are told to come back."""


class Share:
    """One tenant's part of this process."""

    def __init__(self, tenant: Tenant, now_s: float) -> None:
        quota = tenant.quota
        self.quota = quota
        self.reads = fresh(quota.reads_per_s, now_s)
        self.writes = fresh(quota.writes_per_s, now_s)
        self.places = asyncio.Semaphore(quota.at_once)
        self.waiting = 0


class Quotas:
    """Rates hold for each process by itself: an operator who starts four divides by four."""

    def __init__(self) -> None:
        self._shares: dict[str, Share] = {}

    @asynccontextmanager
    async def admitted(self, tenant: Tenant, *, writes: int = 0) -> AsyncIterator[None]:
        """Around the handling of one request that writes so many entities. Raises OverQuota."""
        share = self._share_of(tenant)
        self._check_rate(tenant, share, writes)
        await self._enter(tenant, share)
        try:
            REQUESTS.labels(tenant.name, "write" if writes else "read").inc()
            yield
        finally:
            share.places.release()

    def _share_of(self, tenant: Tenant) -> Share:
        share = self._shares.get(tenant.name)
        if share is None or share.quota != tenant.quota:
            share = self._shares[tenant.name] = Share(tenant, time.monotonic())
        return share

    def _check_rate(self, tenant: Tenant, share: Share, writes: int) -> None:
        now_s = time.monotonic()
        bucket: Bucket
        if writes:
            bucket, wait_s = take(share.writes, share.quota.writes_per_s, writes, now_s)
            share.writes = bucket
        else:
            bucket, wait_s = take(share.reads, share.quota.reads_per_s, 1, now_s)
            share.reads = bucket
        if wait_s:
            TURNED_AWAY.labels(tenant.name, "writes" if writes else "reads").inc()
            raise OverQuota("the rate of this tenant is used up", wait_s=math.ceil(wait_s))

    async def _enter(self, tenant: Tenant, share: Share) -> None:
        if share.places.locked() and share.waiting >= share.quota.at_once * WAITING_PER_PLACE:
            TURNED_AWAY.labels(tenant.name, "at_once").inc()
            raise OverQuota("too many requests of this tenant are under way")
        share.waiting += 1
        try:
            async with asyncio.timeout(WAIT_LIMIT_S):
                await share.places.acquire()
        except TimeoutError:
            TURNED_AWAY.labels(tenant.name, "at_once").inc()
            raise OverQuota("too many requests of this tenant are under way") from None
        finally:
            share.waiting -= 1
