"""The background process: one chain that cannot be linked holds up no other; old sessions go."""

import asyncio
from datetime import timedelta

import msgspec

from mieone.core.chain import Chain, append
from mieone.core.clock import FixedClock
from mieone.core.database import PooledDatabase
from mieone.core.house import House
from mieone.core.jobs import PeriodicJob
from mieone.core.model import Actor, ActorKind
from mieone.core.roles import Connections
from mieone.core.sessions import (
    KEPT_FOR,
    Acr,
    digest_of,
    end_session,
    open_session,
    void_old_sessions,
)
from mieone.core.settings import Entrance
from mieone.core.worker import work
from tests.conftest import OneTransaction, connected
from tests.core.test_chain import NOTES, TABLE, note

BROKEN = msgspec.structs.replace(NOTES, name="broken", table="notes.gone")


class Ledgers(msgspec.Struct, frozen=True):
    """As much of a block as the worker looks at."""

    chains: tuple[Chain, ...]
    subscriptions: tuple[()] = ()
    jobs: tuple[PeriodicJob, ...] = ()
    services: tuple[()] = ()


async def test_a_chain_that_cannot_be_linked_holds_up_no_other(
    connections: Connections, house: House, sealer: PooledDatabase
) -> None:
    async with connected(connections.owner_dsn) as owner:
        await owner.execute(TABLE)
    async with house.database.transaction() as conn:
        await append(conn, house.keyring, NOTES, note("one"))
    house.blocks = (Ledgers(chains=(BROKEN, NOTES)),)  # type: ignore[assignment]
    stop = asyncio.Event()

    running = asyncio.create_task(work(house, sealer, stop))
    for _ in range(600):
        if await linked(sealer):
            break
        await asyncio.sleep(0.05)
    stop.set()
    await running

    assert await linked(sealer) == 1


async def test_a_job_that_takes_minutes_is_broken_off_when_the_worker_is_to_stop(
    house: House, sealer: PooledDatabase
) -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def run(_house: House) -> int:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return 1

    endless = PeriodicJob(name="test.endless", every_s=3600, run=run)
    house.blocks = (Ledgers(chains=(), jobs=(endless,)),)  # type: ignore[assignment]
    stop = asyncio.Event()
    running = asyncio.create_task(work(house, sealer, stop))
    await begun.wait()

    stop.set()
    await running

    assert ended.is_set()


async def linked(sealer: PooledDatabase) -> int:
    async with sealer.transaction() as conn:
        count: int = await conn.fetchval("SELECT count(*) FROM core.chain_link")
    return count


async def test_a_session_is_forgotten_a_week_after_its_end(
    rolled_back: OneTransaction, clock: FixedClock
) -> None:
    actor = Actor(kind=ActorKind.PERSON, id="somebody")
    async with rolled_back.transaction() as conn:
        began = clock.now()
        ended = await open_session(conn, Entrance.SHOP, actor, Acr.TERMINAL, began)
        await open_session(conn, Entrance.PEOPLE, actor, Acr.PASSKEY, began)
        await open_session(conn, Entrance.SHOP, actor, Acr.TERMINAL, began)
        await end_session(conn, digest_of(ended), began)

        early = await void_old_sessions(conn, began + KEPT_FOR)
        late = await void_old_sessions(conn, began + KEPT_FOR + timedelta(days=1))

    assert (early, late) == (0, 2)
