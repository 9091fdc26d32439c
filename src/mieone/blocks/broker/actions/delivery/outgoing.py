"""Deliveries on their way out: chosen, claimed, sent, settled."""

import asyncio
import contextlib
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog
from prometheus_client import Counter

from mieone.blocks.broker.model import (
    Happening,
    Subscription,
    SubscriptionApi,
    SubscriptionStatus,
)
from mieone.blocks.broker.store import couriers as store

from .endings import end_oneshot
from .endpoints import Endpoints, EndpointState
from .happenings import Happenings
from .held import Held
from .lines import Line, Parcel
from .marking import Marker
from .sending import Sender

if TYPE_CHECKING:
    from mieone.blocks.broker.actions.parts import Broker

log = structlog.get_logger()
SENT = Counter(
    "mieone_broker_delivery_results_total", "Notifications by what became of them", ["result"]
)
UNKNOWN_S = 2.0


class Outgoing:
    def __init__(self, broker: "Broker", held: Held, sender: Sender, marker: Marker) -> None:
        self._broker = broker
        self._house = held.house
        self._policy = held.policy
        self._leases = held.leases
        self._board = held.board
        self._book = held.book
        self._renderer = held.renderer
        self._holder = held.holder
        self._wake = held.wake
        self._sender = sender
        self._marker = marker
        self._endpoints = Endpoints(held.policy)
        self._happenings = Happenings()
        self._is_stopping = False
        self.under_way: set[asyncio.Task[None]] = set()

    def stop(self) -> None:
        """Nothing new is sent; what is under way goes on."""
        self._is_stopping = True

    async def pump(self) -> float:
        self._wake.clear()
        chosen = self._choose(self._policy.at_once - len(self.under_way))
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
            self.under_way.add(task)
            task.add_done_callback(self.under_way.discard)
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
