"""One worker's delivery: five loops over what it holds in memory, until it is told to stop."""

import asyncio
import contextlib
import os
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import structlog
from prometheus_client import Counter

from mieone.blocks.broker.model import (
    Happening,
    Subscription,
    SubscriptionApi,
    SubscriptionStatus,
    TenantName,
)
from mieone.blocks.broker.store import couriers as store

from .board import Board
from .book import Book
from .endings import end_oneshot, sweep
from .endpoints import Endpoints, EndpointState
from .intervals import Intervals
from .leases import Leases
from .lines import Line, Parcel
from .marking import Marker
from .policy import Policy
from .rendering import Happenings, Renderer
from .sending import Sender

if TYPE_CHECKING:
    from mieone.blocks.broker.actions.parts import Broker

log = structlog.get_logger()
SENT = Counter(
    "mieone_broker_delivery_results_total", "Notifications by what became of them", ["result"]
)
NEW_AT_ONCE = 20_000
REFILLED_AT_ONCE = 20
UNKNOWN_S = 2.0
DRAIN_S = 5.0


async def serve(broker: "Broker", stop: asyncio.Event, policy: Policy | None = None) -> None:
    async with Sender(broker.house, policy or Policy()) as sender:
        await Courier(broker, sender, policy or Policy()).run(stop)


class Courier:
    def __init__(self, broker: "Broker", sender: Sender, policy: Policy) -> None:
        self._broker = broker
        self._house = broker.house
        self._sender = sender
        self._policy = policy
        self._holder = f"{os.getpid()}-{uuid4().hex[:8]}"
        self._leases = Leases(self._house.database, self._holder, policy)
        self._board = Board(policy)
        self._book = Book()
        self._endpoints = Endpoints(policy)
        self._marker = Marker(self._house.database)
        self._renderer = Renderer(broker)
        self._intervals = Intervals(broker, self._renderer)
        self._happenings = Happenings()
        self._horizon = 0
        self._under_way: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        self._is_stopping = False

    async def run(self, stop: asyncio.Event) -> None:
        loops = [
            asyncio.create_task(self._repeat(self._keep_leases)),
            asyncio.create_task(self._repeat(self._poll)),
            asyncio.create_task(self._repeat(self._pump)),
            asyncio.create_task(self._repeat(self._tell_intervals)),
            asyncio.create_task(self._repeat(self._sweep)),
            asyncio.create_task(self._marker.run()),
        ]
        try:
            await stop.wait()
            self._is_stopping = True
            await self._drain()
        finally:
            for task in (*loops, *self._under_way):
                task.cancel()
            await asyncio.gather(*loops, *self._under_way, return_exceptions=True)
            with contextlib.suppress(Exception):
                # The database may be away; the leases end by themselves.
                await self._leases.leave()

    async def _drain(self) -> None:
        """What is under way gets a moment to arrive and to be written down."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_S):
                if self._under_way:
                    await asyncio.wait(self._under_way)
                await self._marker.is_idle.wait()

    async def _repeat(self, turn: Callable[[], Awaitable[float]]) -> None:
        """Each turn says how long to rest."""
        while True:
            try:
                rest_s = await turn()
            except Exception:
                log.exception("broker_delivery_turn_failed", turn=turn.__name__)
                rest_s = 0.5
            await asyncio.sleep(rest_s)

    # Taking up

    async def _keep_leases(self) -> float:
        won, lost = await self._leases.keep(self._board.is_under_way)
        if lost:
            self._board.remove_buckets(lost)
        if won:
            await self._take_up(won)
        return self._policy.lease_s / 4

    async def _take_up(self, buckets: set[int]) -> None:
        """What somebody before us left: it is read in order, as the lines have room."""
        async with self._house.database.transaction() as conn:
            waiting = await store.list_waiting_subscriptions(conn, buckets)
        for one in waiting:
            line = self._board.line(one.tenant, one.subscription, one.bucket)
            line.has_more = True

    async def _poll(self) -> float:
        buckets = self._leases.active
        if not buckets:
            return self._policy.poll_s
        async with self._house.database.transaction() as conn:
            stale = await self._book.refresh(conn)
            horizon, found = await store.list_new(conn, self._horizon, buckets, NEW_AT_ONCE)
        if stale:
            self._renderer.forget(self._book.subscriptions)
            self._wake_of(stale)
        is_cut = len(found) >= NEW_AT_ONCE
        is_new = False
        for delivery in found:
            line = self._board.line(delivery.tenant, delivery.subscription, delivery.bucket)
            if line.put(delivery):
                is_new = True
                self._board.wake(line)
        if is_cut:
            await self._take_up(buckets)
        self._horizon = horizon
        is_new |= await self._refill()
        if is_new:
            self._wake.set()
        return self._policy.busy_poll_s if is_new else self._policy.poll_s

    def _wake_of(self, tenants: set[TenantName]) -> None:
        """A subscription may have been resumed."""
        for line in self._board:
            if line.tenant in tenants:
                self._board.wake(line)
        self._wake.set()

    async def _refill(self) -> bool:
        hungry = [
            line for line in self._board if line.has_more and line.waiting < self._policy.kept // 4
        ][:REFILLED_AT_ONCE]
        if not hungry:
            return False
        async with self._house.database.transaction() as conn:
            for line in hungry:
                kept = self._policy.kept
                rows = await store.list_due(conn, line.tenant, line.subscription, kept)
                for delivery in rows:
                    line.take(delivery)
                line.has_more = len(rows) >= kept
                self._board.wake(line)
        return True

    # Sending

    async def _pump(self) -> float:
        self._wake.clear()
        chosen = self._choose(self._policy.at_once - len(self._under_way))
        if chosen:
            await self._send_off(chosen)
            return 0
        wake_at = self._board.next_wake_at
        rest = timedelta(seconds=0.5)
        if wake_at is not None:
            rest = min(rest, max(wake_at - self._house.clock.now(), timedelta()))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), rest.total_seconds() + 0.001)
        return 0

    def _choose(self, room: int) -> list[tuple[Line, Parcel, Subscription]]:
        chosen: list[tuple[Line, Parcel, Subscription]] = []
        now = self._house.clock.now()
        active = set() if self._is_stopping else self._leases.active
        while len(chosen) < room and (line := self._board.next_line(now)) is not None:
            if line.bucket not in active:
                self._board.sleep(line, now + timedelta(seconds=0.2))
                continue
            subscription = self._find(line, now)
            if subscription is None:
                continue
            obstacle = self._endpoint(subscription).find_obstacle(now)
            if obstacle is not None:
                self._wait(line, self._endpoint(subscription), obstacle)
                continue
            found = line.choose(now)
            if isinstance(found, datetime):
                self._board.sleep(line, found)
            elif found is not None:
                self._start(line, found, subscription, now)
                chosen.append((line, found, subscription))
                self._board.wake(line)
            elif line.is_empty:
                self._board.remove(line)
        return chosen

    def _find(self, line: Line, now: datetime) -> Subscription | None:
        """Whose turn it is, unless there is nobody to tell, or not now."""
        subscription = self._book.find(line.tenant, line.subscription)
        if subscription is None:
            line.unknown_since = line.unknown_since or now
            if (now - line.unknown_since).total_seconds() < UNKNOWN_S:
                self._board.sleep(line, now + timedelta(seconds=UNKNOWN_S))
            else:
                self._drop(line)
            return None
        status = subscription.status_at(now)
        if status is SubscriptionStatus.EXPIRED:
            self._drop(line)
        return subscription if status is SubscriptionStatus.ACTIVE else None

    def _drop(self, line: Line) -> None:
        dropped = line.drop_all()
        SENT.labels("dropped").inc(len(dropped))
        self._marker.drop(line, dropped)

    def _endpoint(self, subscription: Subscription) -> EndpointState:
        return self._endpoints.of(subscription.endpoint.uri)

    def _wait(self, line: Line, endpoint: EndpointState, obstacle: datetime | str) -> None:
        if isinstance(obstacle, datetime):
            self._board.sleep(line, obstacle)
        else:
            endpoint.waiters[id(line)] = line

    def _start(self, line: Line, parcel: Parcel, subscription: Subscription, now: datetime) -> None:
        if subscription.throttling_s is not None:
            is_mergeable = subscription.api is SubscriptionApi.NGSI_LD and all(
                one.body is None for one in parcel.deliveries
            )
            overtaken = line.merge(parcel, by_key=is_mergeable)
            SENT.labels("dropped").inc(len(overtaken))
            self._marker.drop(line, overtaken)
            line.next_send_at = now + timedelta(seconds=subscription.throttling_s)
        line.start(parcel)
        self._endpoint(subscription).under_way += 1

    async def _send_off(self, chosen: list[tuple[Line, Parcel, Subscription]]) -> None:
        try:
            claimed = await self._claim([parcel for _, parcel, _ in chosen])
        except BaseException:
            for line, parcel, subscription in chosen:
                self._give_back(line, parcel, subscription)
            raise
        for line, parcel, subscription in chosen:
            gone = [one for one in parcel.ids if one not in claimed]
            line.forget(gone)
            parcel.keep(claimed)
            if not parcel.deliveries:
                self._release(line, parcel, subscription)
                continue
            parcel.attempts += 1
            happenings = self._happenings.list(parcel)
            task = asyncio.create_task(self._deliver(line, parcel, subscription, happenings))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
        self._happenings.trim()

    async def _claim(self, parcels: list[Parcel]) -> set[int]:
        pairs = [
            (delivery_id, parcel.notification_id)
            for parcel in parcels
            for delivery_id in parcel.ids
        ]
        sequences = [
            one.event for parcel in parcels for one in parcel.deliveries if one.event is not None
        ]
        async with self._house.database.transaction() as conn:
            claimed = await store.claim(conn, self._holder, pairs)
            missing = self._happenings.missing(sequences)
            if missing:
                self._happenings.put(await store.list_events(conn, missing))
        return claimed

    async def _deliver(
        self,
        line: Line,
        parcel: Parcel,
        subscription: Subscription,
        happenings: list[Happening],
    ) -> None:
        now = self._house.clock.now()
        reason: str | None = None
        is_told = True
        try:
            tenant = await self._broker.tenants.get(line.tenant)
            sent = await self._renderer.write(tenant, subscription, parcel, happenings, now)
            if sent is None:
                is_told = False
            else:
                reason = await self._sender.send(subscription, sent)
        except Exception as error:
            log.exception("broker_notification_failed", subscription=subscription.id)
            reason = f"{type(error).__name__} in this broker"
        if not is_told:
            self._marker.drop(line, parcel.ids)
        else:
            self._settle(line, parcel, subscription, reason, now)
        self._release(line, parcel, subscription)
        if reason is None and subscription.v2.get("status") == "oneshot":
            await end_oneshot(self._house, line.tenant, subscription)

    def _settle(
        self,
        line: Line,
        parcel: Parcel,
        subscription: Subscription,
        reason: str | None,
        started_at: datetime,
    ) -> None:
        now = self._house.clock.now()
        endpoint = self._endpoint(subscription)
        self._marker.count(line, subscription, now, reason)
        if reason is None:
            endpoint.succeed()
            SENT.labels("delivered").inc(len(parcel.deliveries))
            self._marker.deliver(line, parcel.ids)
            return
        cooldown_ms = subscription.endpoint.cooldown_ms
        next_at = max(
            endpoint.fail(now, started_at, cooldown_ms),
            now + self._policy.wait(parcel.attempts, cooldown_ms),
        )
        is_dead = self._policy.is_last(parcel.attempts)
        SENT.labels("dead" if is_dead else "retrying").inc(len(parcel.deliveries))
        self._marker.postpone(line, parcel.ids, next_at, reason, is_dead=is_dead)
        if not is_dead:
            parcel.not_before = next_at
            line.put_back(parcel)

    def _give_back(self, line: Line, parcel: Parcel, subscription: Subscription) -> None:
        """It was not claimed: as if nobody had looked at it."""
        line.put_back(parcel)
        self._release(line, parcel, subscription)

    def _release(self, line: Line, parcel: Parcel, subscription: Subscription) -> None:
        line.finish(parcel)
        endpoint = self._endpoint(subscription)
        endpoint.under_way -= 1
        waiters, endpoint.waiters = endpoint.waiters, {}
        for waiter in waiters.values():
            self._board.wake(waiter)
        self._board.wake(line)
        self._wake.set()

    # Now and then

    async def _tell_intervals(self) -> float:
        buckets = self._leases.active
        told = await self._intervals.tell_due(buckets) if buckets else 0
        return 0.05 if told else 0.25

    async def _sweep(self) -> float:
        """Only the holder of the first bucket: one worker is enough."""
        if 0 in self._leases.active:
            started_s = time.monotonic()
            removed = await sweep(self._house)
            if removed and time.monotonic() - started_s < 1:
                return 1
        return 10
