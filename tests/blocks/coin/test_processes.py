"""Two processes at once: crossing transfers, shared keys, one budget — no deadlock, nothing twice."""

import asyncio
import sys
from pathlib import Path

from mieone.blocks.coin.actions.audit import verify_books
from mieone.blocks.coin.model import Charge
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
