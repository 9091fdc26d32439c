"""Deliveries on their way out: chosen, claimed, sent, settled."""

import asyncio
import contextlib
from typing import TYPE_CHECKING, NamedTuple

import structlog

from mieone.blocks.broker.model import (
    Happening,
    Subscription,
    SubscriptionApi,
    SubscriptionStatus,
)
from mieone.blocks.broker.rules.v2.subscribing import ONESHOT
from mieone.blocks.broker.store import couriers as store

from .endings import end_oneshot
from .endpoints import Endpoints, EndpointState
from .happenings import Happenings
from .held import Held
from .lines import Line, Parcel
from .marking import Marker, Told
from .places import Places
from .sending import Answer, Sender

if TYPE_CHECKING:
    from mieone.blocks.broker.actions.parts import Broker

log = structlog.get_logger()
LOOKED_AT_AGAIN_S = 0.2


class Going(NamedTuple):
    line: Line
    parcel: Parcel
    subscription: Subscription
    endpoint: EndpointState


class Outgoing:
    def __init__(self, broker: "Broker", held: Held, sender: Sender, marker: Marker) -> None:
        self._broker = broker
        self._held = held
        self._house = held.house
        self._policy = held.policy
        self._board = held.board
        self._sender = sender
        self._marker = marker
        self._endpoints = Endpoints(held.policy)
        self._places = Places(held.policy)
        self._happenings = Happenings()
        self._is_stopping = False
        self.under_way: set[asyncio.Task[None]] = set()

    def stop(self) -> None:
        """Nothing new is sent; what is under way goes on."""
        self._is_stopping = True

    async def pump(self) -> float:
        self._held.wake.clear()
        chosen = self._choose()
        if chosen:
            await self._send_off(chosen)
            return 0
        wake_at_s, rest_s = self._board.next_wake_at_s, 0.5
        if wake_at_s is not None:
            rest_s = min(rest_s, max(wake_at_s - self._held.now_s, 0))
        with contextlib.suppress(TimeoutError):
            # Not `wait_for`: up to Python 3.11 it loses a cancellation that meets what it waits for.
            async with asyncio.timeout(rest_s + 0.001):
                await self._held.wake.wait()
        return 0

    def _choose(self) -> list[Going]:
        chosen: list[Going] = []
        if self._is_stopping:
            return chosen
        now_s, active = self._held.now_s, self._held.leases.active
        while (line := self._board.next_line(now_s, self._places)) is not None:
            if line.bucket not in self._held.leases.held:
                self._board.remove(line)
            elif line.bucket not in active:
                self._board.sleep(line, now_s + LOOKED_AT_AGAIN_S)
            elif (subscription := self._find(line, now_s)) is not None:
                going = self._take(line, subscription, now_s)
                if going is not None:
                    chosen.append(going)
            elif line.is_over(now_s):
                self._board.remove(line)
        return chosen

    def _find(self, line: Line, now_s: float) -> Subscription | None:
        """Whose turn it is, unless there is nobody to tell, or not now."""
        book = self._held.book
        subscription = book.find(line.tenant, line.subscription)
        if subscription is None:
            if line.unknown_turn is None:
                line.unknown_turn = book.turn
            if line.unknown_turn == book.turn:
                self._board.sleep(line, now_s + LOOKED_AT_AGAIN_S)
            else:
                self._drop(line)
            return None
        line.unknown_turn = None
        status = subscription.status_at(self._house.clock.now())
        if status is SubscriptionStatus.EXPIRED:
            self._drop(line)
        return subscription if status is SubscriptionStatus.ACTIVE else None

    def _drop(self, line: Line) -> None:
        self._marker.drop(line, line.drop_all())

    def _take(self, line: Line, subscription: Subscription, now_s: float) -> Going | None:
        """What goes next of a line, with its place; or it is looked at again when that may be."""
        endpoint = self._endpoints.of(subscription.endpoint.uri)
        obstacle = endpoint.find_obstacle(now_s)
        if isinstance(obstacle, float):
            self._board.sleep(line, obstacle)
            return None
        if obstacle is not None:
            endpoint.waiters[id(line)] = line
            return None
        if endpoint.failures and not self._places.has_room(line.tenant, is_failing=True):
            self._board.set_back(line)
            return None
        found = line.choose(now_s, 1 if _is_oneshot(subscription) else self._policy.per_line)
        if isinstance(found, float):
            self._board.sleep(line, found)
        elif found is not None:
            going = Going(line, found, subscription, endpoint)
            self._start(going, now_s)
            self._board.wake(line)
            return going
        elif line.is_over(now_s):
            self._board.remove(line)
        return None

    def _start(self, going: Going, now_s: float) -> None:
        line, parcel, subscription, endpoint = going
        if subscription.throttling_s is not None and not parcel.attempts:
            is_written = any(one.body is not None for one in parcel.deliveries)
            line.merge(
                parcel,
                by_key=subscription.api is SubscriptionApi.NGSI_LD,
                most=1 if is_written else self._policy.merged,
            )
            line.next_send_at_s = now_s + subscription.throttling_s
        line.start(parcel)
        endpoint.under_way += 1
        self._places.take(line.tenant)

    async def _send_off(self, chosen: list[Going]) -> None:
        try:
            claimed = await self._claim([going.parcel for going in chosen])
        except BaseException:
            for going in chosen:
                self._give_back(going)
            raise
        for going in chosen:
            line, parcel = going.line, going.parcel
            gone = [one for one in parcel.ids if one not in claimed]
            line.forget(gone)
            if gone:
                # They were settled, or are another worker's; if they are ours again, they are there.
                line.has_more = True
            parcel.keep(set(claimed))
            line.forget(parcel.overtaken)
            parcel.overtaken = []
            if not parcel.deliveries:
                self._release(going)
                continue
            parcel.attempts = max(claimed[one] for one in parcel.ids)
            task = asyncio.create_task(self._deliver(going, self._happenings.list(parcel)))
            self.under_way.add(task)
            task.add_done_callback(self.under_way.discard)
        self._happenings.trim()

    async def _claim(self, parcels: list[Parcel]) -> dict[int, int]:
        pairs = [
            (delivery_id, parcel.notification_id)
            for parcel in parcels
            for delivery_id in parcel.ids
        ]
        sequences = [
            one.event for parcel in parcels for one in parcel.deliveries if one.event is not None
        ]
        async with self._house.database.transaction() as conn:
            claimed = await store.claim(conn, self._held.holder, pairs)
            # Before the newer state is told: else, after a crash, the older would follow it.
            overtaken = [
                store.Settled(one, False)
                for parcel in parcels
                if not claimed.keys().isdisjoint(parcel.ids)
                for one in parcel.overtaken
            ]
            if overtaken:
                await store.settle(conn, overtaken)
            missing = self._happenings.missing(sequences)
            if missing:
                self._happenings.put(await store.list_events(conn, missing))
        return claimed

    async def _deliver(self, going: Going, happenings: list[Happening]) -> None:
        line, parcel, subscription, _ = going
        now_s, now = self._held.now_s, self._house.clock.now()
        answer: Answer | None = None
        try:
            tenant = await self._broker.tenants.get(line.tenant)
            sent = await self._held.renderer.write(tenant, subscription, parcel, happenings, now)
            if sent is not None:
                answer = await self._sender.send(subscription, sent)
        except Exception as error:
            log.exception("broker_notification_failed", subscription=subscription.id)
            answer = Answer(reason=f"{type(error).__name__} in this broker")
        if answer is None:
            # Nothing was left to tell.
            self._marker.drop(line, parcel.ids)
        elif answer.reason is None:
            await self._succeed(going, answer)
        else:
            self._fail(going, answer, now_s)
        self._release(going)

    async def _succeed(self, going: Going, answer: Answer) -> None:
        line, parcel, subscription, endpoint = going
        endpoint.succeed()
        line.count_well()
        if subscription.throttling_s is not None:
            line.next_send_at_s = max(
                line.next_send_at_s,
                self._held.now_s + subscription.throttling_s if parcel.attempts > 1 else 0,
            )
        self._count(going, answer)
        self._marker.deliver(line, parcel.ids)
        if _is_oneshot(subscription):
            await self._end_oneshot(line, subscription)

    async def _end_oneshot(self, line: Line, subscription: Subscription) -> None:
        """The line has one under way at most: nothing else went meanwhile."""
        try:
            ended = await end_oneshot(self._house, line.tenant, subscription.id)
        except Exception:
            log.exception("broker_oneshot_stays", subscription=subscription.id)
            return
        if ended is not None:
            self._held.book.put(line.tenant, ended)
            self._marker.drop(line, line.drop_all())

    def _fail(self, going: Going, answer: Answer, started_at_s: float) -> None:
        line, parcel, subscription, endpoint = going
        now_s, cooldown_ms = self._held.now_s, subscription.endpoint.cooldown_ms
        wait = max(
            endpoint.fail(now_s, started_at_s, cooldown_ms),
            self._policy.wait(parcel.attempts, cooldown_ms),
        )
        is_dead = self._policy.is_last(parcel.attempts)
        self._count(going, answer, fails=line.count_failed(parcel))
        next_at = self._house.clock.now() + wait
        self._marker.postpone(line, parcel.ids, next_at, answer.reason or "", is_dead=is_dead)
        if not is_dead:
            parcel.not_before_s = now_s + wait.total_seconds()
            line.put_back(parcel)

    def _count(self, going: Going, answer: Answer, fails: int = 0) -> None:
        told = Told(answer=answer, is_first=going.parcel.attempts == 1, fails=fails)
        at = self._house.clock.now()
        self._marker.count(going.line.tenant, going.subscription, at, told)

    def _give_back(self, going: Going) -> None:
        """It was not claimed: as if nobody had looked at it."""
        if not going.parcel.attempts:
            going.line.next_send_at_s = 0.0
        going.line.put_back(going.parcel)
        self._release(going)

    def _release(self, going: Going) -> None:
        line, parcel, _, endpoint = going
        line.finish(parcel)
        endpoint.under_way -= 1
        self._places.give_back(line.tenant)
        waiters, endpoint.waiters = endpoint.waiters, {}
        for waiter in waiters.values():
            self._board.wake(waiter)
        self._board.wake(line)
        self._held.wake.set()


def _is_oneshot(subscription: Subscription) -> bool:
    return subscription.v2.get("status") == ONESHOT
