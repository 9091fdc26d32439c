"""Processes at once, and one that is killed: no deadlock, nothing twice, nothing lost."""

import asyncio
import sys
from pathlib import Path

from mieone.blocks.coin.actions.audit import verify_books
from mieone.blocks.coin.actions.posting import post
from mieone.blocks.coin.model import Charge, Command, Pay
from mieone.core.house import House
from mieone.core.keys import KeyRing
from mieone.core.roles import Connections
from tests.conftest import connected

from .conftest import Town
from .given import ANNA, BEN, CHIYO

ROOT = Path(__file__).parents[3]
WORKER = """
import asyncio, random, sys
from pathlib import Path
from mieone.blocks.coin.actions.posting import Ledger, post
from mieone.blocks.coin.model import Command, Grant, Send
from mieone.core.database import PooledDatabase
from mieone.core.keys import KeyRing
from tests.blocks.coin import given

async def work(dsn, home, number):
    database = PooledDatabase(dsn, 2)
    await database.start()
    ledger = Ledger(keyring=KeyRing.open(Path(home)), configuration=given.configuration())
    chance, people = random.Random(number), [given.ANNA, given.BEN, given.CHIYO]
    accepted = 0
    for turn in range(30):
        if number % 2:
            people.reverse()
        commands = [
            Command(client_id="both", key=f"{turn}-{place}", request=Send(
                wallet=people[place], receiver=people[(place + 1) % 3], amount_yen=1))
            for place in range(3)
        ] + [Command(client_id=f"p{number}", key=f"g{turn}", request=Grant(
            wallet=chance.choice(people), campaign="gift", amount_yen=10))]
        chance.shuffle(commands)
        async with database.transaction() as conn:
            replies = await post(conn, ledger, commands)
        accepted += sum(r.outcome.is_accepted and not r.replayed for r in replies)
    await database.close()
    print(accepted)

asyncio.run(work(sys.argv[1], sys.argv[2], int(sys.argv[3])))
"""


async def test_processes_neither_deadlock_nor_pay_twice(
    town: Town, house: House, connections: Connections, keyring: KeyRing, tmp_path: Path
) -> None:
    await town.ask(
        *(Charge(wallet=one, instrument="coin", amount_yen=10_000) for one in (ANNA, BEN, CHIYO))
    )
    keys = tmp_path / "home"
    KeyRing.open(keys)

    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            WORKER,
            connections.app_dsn,
            str(keys),
            str(number),
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        for number in (1, 2, 3)
    ]
    ends = [await process.communicate() for process in processes]

    # A deadlock or a serialisation failure would end a worker with an error.
    assert [process.returncode for process in processes] == [0, 0, 0], ends
    assert all(int(output) > 0 for output, _ in ends)
    async with connected(connections.auditor_dsn) as auditor, auditor.transaction():
        assert await verify_books(house, auditor) == []
        twice = await auditor.fetchval(
            "SELECT count(*) FROM coin.transfer WHERE kind IN ('send', 'grant')"
        )
    assert twice == sum(int(output) for output, _ in ends)


DOOMED = """
import asyncio, sys
from pathlib import Path
from uuid import UUID
from mieone.blocks.coin.actions.flusher import Flusher
from mieone.blocks.coin.actions.posting import Ledger
from mieone.blocks.coin.model import Command, Pay
from mieone.core.database import PooledDatabase
from mieone.core.keys import KeyRing
from tests.blocks.coin import given

async def work(dsn, home, shop):
    database = PooledDatabase(dsn, 2)
    await database.start()
    ledger = Ledger(keyring=KeyRing.open(Path(home)), configuration=given.configuration())
    flusher = Flusher(database, ledger)
    await flusher.start()
    people = [given.ANNA, given.BEN, given.CHIYO]

    async def pay(number):
        request = Pay(wallet=people[number % 3], shop=UUID(shop), amount_yen=1)
        await flusher.submit(Command(client_id="doomed", key=str(number), request=request))
        print(number, flush=True)

    for start in range(0, 100_000, 8):
        await asyncio.gather(*(pay(number) for number in range(start, start + 8)))

asyncio.run(work(*sys.argv[1:]))
"""


async def test_a_killed_process_loses_nothing_that_it_acknowledged(
    town: Town, house: House, connections: Connections, tmp_path: Path
) -> None:
    await town.ask(
        *(Charge(wallet=one, instrument="coin", amount_yen=10_000) for one in (ANNA, BEN, CHIYO))
    )
    bakery = town.shops["bakery"]
    doomed = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        DOOMED,
        connections.app_dsn,
        str(tmp_path),
        str(bakery),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    assert doomed.stdout is not None
    acknowledged = [int(await doomed.stdout.readline()) for _ in range(40)]
    doomed.kill()
    acknowledged += [int(line) for line in (await doomed.communicate())[0].split()]

    # Whoever waits for an answer asks again under the same key, at another process.
    last = max(acknowledged) + 16
    commands = [
        Command(
            client_id="doomed",
            key=str(number),
            request=Pay(wallet=(ANNA, BEN, CHIYO)[number % 3], shop=bakery, amount_yen=1),
        )
        for number in range(last)
    ]
    async with town.database.transaction() as conn:
        replies = await post(conn, town.ledger, commands)

    assert all(reply.outcome.is_accepted for reply in replies)
    assert all(replies[number].replayed for number in acknowledged)
    async with connected(connections.auditor_dsn) as auditor, auditor.transaction():
        assert await verify_books(house, auditor) == []
        assert (
            await auditor.fetchval("SELECT count(*) FROM coin.transfer WHERE kind = 'pay'") == last
        )
