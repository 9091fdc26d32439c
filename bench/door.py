"""Consented disclosures through the door: how many a second, how long, how much processor, fsync on.

    python -m bench.door [seconds]

A closed loop of tasks inside one application process (no HTTP): both transactions with the consent
locked, the provider answering at once from memory, three people on record per disclosure. Each run ends
by counting the access rows that stand there against the disclosures made.
"""

import asyncio
import os
import resource
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import asyncpg
import msgspec
import uvloop
from proofs import door_ground as ground
from tests.door import given
from tests.door.given import Member, RealPeople, World
from tests.door.interleaving import named

from bench.machine import machine, percentile, server, table
from mieone.blocks.identity.actions.persons import make_person
from mieone.core.cluster import Cluster
from mieone.core.roles import Connections

CLIENTS = (1, 16, 64)
HOUSEHOLDS = 200
POOL = 16


async def measure(connections: Connections, home: Path, seconds: float) -> str:
    await ground.build(connections)
    async with ground.pool(connections.app_dsn, POOL) as database:
        world = await ground.world_in(home, database, RealPeople())
        households = [await _household(world) for _ in range(HOUSEHOLDS)]
        await _run(world, households, 4, 1.0)
        rows = []
        for clients in CLIENTS:
            before = await _count(connections)
            figures, made = await _run(world, households, clients, seconds)
            kept = await _count(connections) - before
            # Three people: a permit and an outcome each.
            figures.append("complete" if kept == made * 6 else f"WRONG: {kept} rows for {made}")
            rows.append([str(clients), *figures])
    columns = ["at once", "disclosures/s", "p50 ms", "p99 ms", "CPU ms (python)", "record"]
    facts = [[name, value] for name, value in (*machine(), *await server(connections.owner_dsn))]
    facts.append(["load before the run", f"{os.getloadavg()[0]:.1f}"])
    head = (
        f"Run of {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {seconds:.0f} s a row, pool of {POOL}.\n\n"
    )
    return (
        head
        + table("Consented disclosures", columns, rows)
        + "\n"
        + table("Where", ["", ""], facts)
    )


async def _household(world: World) -> list[Member]:
    members = [named("mother"), named("spouse"), named("child", is_child=True)]
    async with world.database.transaction() as conn:
        for place in (0, 1):
            person_id = await make_person(conn, world.house.keyring, world.clock.now())
            members[place] = msgspec.structs.replace(members[place], person_id=UUID(str(person_id)))
    world.register.add(members)
    await given.give(world, members[0])
    await given.give(world, members[1])
    return members


async def _run(
    world: World, households: list[list[Member]], clients: int, seconds: float
) -> tuple[list[str], int]:
    took: list[float] = []
    end = time.perf_counter() + seconds

    async def client(number: int) -> None:
        place = number
        while time.perf_counter() < end:
            started = time.perf_counter()
            answer = await world.door(given.request(households[place % HOUSEHOLDS][0]))
            took.append(time.perf_counter() - started)
            assert len(answer.records) == 3
            place += clients

    used, started = _cpu(), time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for number in range(clients):
            group.create_task(client(number))
    spent, used = time.perf_counter() - started, _cpu() - used
    world.register.asked.clear()
    figures = [
        f"{len(took) / spent:.0f}",
        f"{percentile(took, 0.5) * 1000:.1f}",
        f"{percentile(took, 0.99) * 1000:.1f}",
        f"{used / len(took) * 1000:.2f}",
    ]
    return figures, len(took)


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def _count(connections: Connections) -> int:
    conn = await asyncpg.connect(connections.auditor_dsn)
    try:
        return int(await conn.fetchval("SELECT count(*) FROM access.record"))
    finally:
        await conn.close()


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 5.0
    with ground.home_folder() as home:
        # As an installation runs it: every commit is on disk before anybody is told.
        cluster = Cluster(home, durable=True, tcp=False)
        try:
            sys.stdout.write(uvloop.run(measure(cluster.start(), home, seconds)))
        finally:
            cluster.stop()


if __name__ == "__main__":
    main()
