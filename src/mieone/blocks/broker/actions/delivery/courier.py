"""One worker's delivery: five loops over what it holds in memory, until it is told to stop."""

import asyncio
import contextlib
import os
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING
from uuid import uuid4

import structlog

from .endings import sweep
from .held import Held
from .intervals import Intervals
from .marking import Marker
from .outgoing import Outgoing
from .policy import Policy
from .rendering import Renderer
from .sending import Sender
from .uptake import Uptake

if TYPE_CHECKING:
    from mieone.blocks.broker.actions.parts import Broker

log = structlog.get_logger()
DRAIN_S = 5.0


async def serve(broker: "Broker", stop: asyncio.Event, policy: Policy | None = None) -> None:
    async with Sender(broker.house, policy or Policy()) as sender:
        await Courier(broker, sender, policy or Policy()).run(stop)


class Courier:
    def __init__(self, broker: "Broker", sender: Sender, policy: Policy) -> None:
        self._house = broker.house
        holder = f"{os.getpid()}-{uuid4().hex[:8]}"
        held = Held(broker.house, holder, policy, Renderer(broker))
        self._leases = held.leases
        self._marker = Marker(held)
        self._uptake = Uptake(held)
        self._outgoing = Outgoing(broker, held, sender, self._marker)
        self._intervals = Intervals(broker, held.renderer)

    async def run(self, stop: asyncio.Event) -> None:
        loops = [
            asyncio.create_task(self._repeat(self._uptake.keep_leases)),
            asyncio.create_task(self._repeat(self._uptake.poll)),
            asyncio.create_task(self._repeat(self._outgoing.pump)),
            asyncio.create_task(self._repeat(self._tell_intervals)),
            asyncio.create_task(self._repeat(self._sweep)),
            asyncio.create_task(self._marker.run()),
        ]
        under_way = self._outgoing.under_way
        try:
            await stop.wait()
            self._outgoing.stop()
            await self._drain()
        finally:
            for task in (*loops, *under_way):
                task.cancel()
            await asyncio.gather(*loops, *under_way, return_exceptions=True)
            with contextlib.suppress(Exception):
                # The database may be away; the leases end by themselves.
                await self._leases.leave()

    async def _drain(self) -> None:
        """What is under way gets a moment to arrive and to be written down."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_S):
                if self._outgoing.under_way:
                    await asyncio.wait(self._outgoing.under_way)
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
