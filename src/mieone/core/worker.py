"""The background process: seals the chains, delivers events, runs the jobs."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import structlog

from mieone.core.block import Service
from mieone.core.chain import Chain
from mieone.core.database import PooledDatabase
from mieone.core.house import House
from mieone.core.jobs import PeriodicJob, run_forever
from mieone.core.outbox import Subscription, deliver_due, register_subscriptions
from mieone.core.sealer import BATCH, seal
from mieone.core.sessions import void_old_sessions

log = structlog.get_logger()
SEAL_EVERY_S = 0.5
DELIVER_EVERY_S = 0.2
RESTART_AFTER_S = 1.0
JOBS_END_WITHIN_S = 3.0


async def work(house: House, sealer: PooledDatabase, stop: asyncio.Event) -> None:
    """Runs until `stop` is set; a failing turn is logged and tried again."""
    chains = [chain for block in house.blocks for chain in block.chains]
    subscriptions = [item for block in house.blocks for item in block.subscriptions]
    services = [item for block in house.blocks for item in block.services]
    jobs = [*JOBS, *(job for block in house.blocks for job in block.jobs)]
    async with asyncio.TaskGroup() as group:
        # Each for itself: a chain that cannot be linked must not hold up the others.
        for chain in chains:
            group.create_task(_keep_sealing(house, sealer, chain, stop))
        group.create_task(_repeat(stop, DELIVER_EVERY_S, lambda: _deliver(house, subscriptions)))
        running = group.create_task(run_forever(house, jobs, stop))
        group.create_task(_cut_short(running, stop))
        for service in services:
            group.create_task(_keep_serving(house, service, stop))


async def _cut_short(running: "asyncio.Task[None]", stop: asyncio.Event) -> None:
    """A job that takes minutes is broken off, and rolled back: its next turn begins again."""
    await stop.wait()
    _, late = await asyncio.wait([running], timeout=JOBS_END_WITHIN_S)
    for task in late:
        task.cancel()


async def _keep_sealing(
    house: House, sealer: PooledDatabase, chain: Chain, stop: asyncio.Event
) -> None:
    await _repeat(stop, SEAL_EVERY_S, lambda: seal_all(house, sealer, [chain]))


async def _keep_serving(house: House, service: Service, stop: asyncio.Event) -> None:
    while not stop.is_set():
        try:
            await service(house, stop)
        except Exception:
            log.exception("service_failed")
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), timeout=RESTART_AFTER_S)


async def _void_old_sessions(house: House) -> int:
    async with house.database.transaction() as conn:
        return await void_old_sessions(conn, house.clock.now())


JOBS = (PeriodicJob(name="core.void_old_sessions", every_s=3600, run=_void_old_sessions),)


async def register(house: House) -> None:
    """Before anything is published: the table of subscribers says what this version's code says."""
    subscriptions = [item for block in house.blocks for item in block.subscriptions]
    async with house.database.transaction() as conn:
        await register_subscriptions(conn, subscriptions)


async def seal_all(house: House, sealer: PooledDatabase, chains: Sequence[Chain]) -> int:
    """Link everything that can be linked now; returns how many rows were linked."""
    linked = 0
    for chain in chains:
        while True:
            async with sealer.transaction() as conn:
                count = await seal(conn, house.keyring, chain, heads_folder(house.settings.home))
            linked += count
            if count < BATCH:
                break
    return linked


def heads_folder(home: Path) -> Path:
    return home / "heads"


async def _deliver(house: House, subscriptions: Sequence[Subscription]) -> int:
    return await deliver_due(house, subscriptions)


async def _repeat(stop: asyncio.Event, every_s: float, turn: Callable[[], Awaitable[int]]) -> None:
    while not stop.is_set():
        try:
            await turn()
        except Exception:
            log.exception("worker_turn_failed")
        try:
            await asyncio.wait_for(stop.wait(), timeout=every_s)
        except TimeoutError:
            continue
