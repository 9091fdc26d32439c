"""Payments through the ledger: flushed in sets, in one and in two processes, with fsync on.

    python -m bench.coin_payments [seconds]

A closed loop of clients inside the application process (no HTTP), each with its own wallets; after
each run the auditor derives every balance anew, and a run with findings has no figure.
"""

import asyncio
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path
from uuid import uuid4

import msgspec

from bench.machine import machine, percentile, server, table
from mieone.blocks import coin
from mieone.blocks.coin.actions.audit import verify_books
from mieone.blocks.coin.actions.flusher import Flusher
from mieone.blocks.coin.actions.posting import Ledger
from mieone.blocks.coin.actions.shops import list_shops
from mieone.blocks.coin.model import (
    AccountClass,
    AccountId,
    Charge,
    Command,
    Pay,
    Request,
    Terms,
    Tier,
)
from mieone.blocks.coin.store.configuration import Configuration, load_configuration
from mieone.blocks.coin.store.wallets import record_account
from mieone.core.clock import SystemClock
from mieone.core.cluster import Cluster
from mieone.core.database import PooledDatabase, prepare_connection
from mieone.core.house import House
from mieone.core.keys import KeyRing
from mieone.core.region import Region
from mieone.core.roles import Connections
from mieone.core.schema import all_migrations, migrate
from mieone.core.settings import Settings

ROOT = Path(__file__).parent.parent
WALLETS = 2_000
CLIENTS = (1, 16, 64, 256)


class Uncapped(Configuration, frozen=True, kw_only=True):
    """The region's terms without limits of tiers: a client here pays far more often than a person."""

    def terms_on(self, day):  # type: ignore[no-untyped-def]
        terms: Terms = super().terms_on(day)
        free = {
            tier: msgspec.structs.replace(
                row, balance_yen=None, payment_yen=None, payment_day_yen=None
            )
            for tier, row in terms.limits.items()
        }
        return msgspec.structs.replace(terms, limits=free)


class Ground:
    def __init__(self, house: House, wallets: list[AccountId], shops: list[AccountId]) -> None:
        self.house = house
        self.wallets = wallets
        self.shops = shops
        read = load_configuration(house.region)
        configuration = Uncapped(**msgspec.structs.asdict(read))
        self.ledger = Ledger(keyring=house.keyring, configuration=configuration)


def ask(request: Request) -> Command:
    return Command(client_id="bench", key=str(uuid4()), request=request)


async def prepare(connections: Connections, database: PooledDatabase, home: Path) -> Ground:
    house = House(
        settings=Settings(home=home, region_dir=ROOT / "regions" / "mie"),
        clock=SystemClock(),
        keyring=KeyRing.open(home),
        region=Region.load(ROOT / "regions" / "mie"),
        database=database,
        blocks=(coin.BLOCK,),
    )
    assert coin.BLOCK.sample is not None
    await coin.BLOCK.sample(house)
    wallets = [AccountId(uuid4()) for _ in range(WALLETS)]
    async with database.transaction() as conn:
        for wallet in wallets:
            await record_account(conn, wallet, AccountClass.WALLET, tier=Tier.T1)
        shops = [AccountId(shop.account_id) for shop in await list_shops(conn)]
    ground = Ground(house, wallets, shops)
    flusher = Flusher(database, ground.ledger)
    await flusher.start()
    replies = await asyncio.gather(
        *(
            flusher.submit(ask(Charge(wallet=one, instrument="coin", amount_yen=10_000_000)))
            for one in wallets
        )
    )
    await flusher.stop()
    assert all(reply.outcome.is_accepted for reply in replies)
    return ground


async def run(
    ground: Ground, clients: int, seconds: float, hot: bool, flushers: int
) -> tuple[float, list[float], int]:
    """Payments a second, times in ms, refusals. Several flushers meet only in the database."""
    opened = [Flusher(ground.house.database, ground.ledger) for _ in range(flushers)]
    for flusher in opened:
        await flusher.start()
    times: list[float] = []
    refused = 0
    started = time.perf_counter()

    async def client(number: int) -> None:
        nonlocal refused
        chance = random.Random(number)
        while time.perf_counter() - started < seconds:
            wallet = chance.choice(ground.wallets)
            shop = ground.shops[0] if hot else chance.choice(ground.shops)
            at = time.perf_counter()
            reply = await opened[number % flushers].submit(
                ask(Pay(wallet=wallet, shop=shop, amount_yen=1))
            )
            times.append((time.perf_counter() - at) * 1000)
            refused += not reply.outcome.is_accepted

    await asyncio.gather(*(client(number) for number in range(clients)))
    took = time.perf_counter() - started
    for flusher in opened:
        await flusher.stop()
    return len(times) / took, times, refused


async def audit(connections: Connections, ground: Ground) -> int:
    auditor = PooledDatabase(connections.auditor_dsn, 1)
    await auditor.start()
    try:
        async with auditor.pool.acquire() as conn, conn.transaction():
            await prepare_connection(conn)  # type: ignore[arg-type]
            return len(await verify_books(ground.house, conn))
    finally:
        await auditor.close()


async def measure(connections: Connections, home: Path, seconds: float) -> str:
    folders = [
        (name, ROOT / "src" / "mieone" / "blocks" / name / "migrations") for name in ("coin",)
    ]
    await migrate(connections.owner_dsn, all_migrations(folders))
    database = PooledDatabase(connections.app_dsn, 8)
    await database.start()
    rows: list[list[str]] = []
    try:
        ground = await prepare(connections, database, home)
        shapes = [(clients, False, 1) for clients in CLIENTS]
        for clients, hot, flushers in [*shapes, (64, True, 1), (64, True, 4)]:
            rate, times, refused = await run(ground, clients, seconds, hot, flushers)
            findings = await audit(connections, ground)
            name = f"{'one shop' if hot else 'any shop'}, {flushers} flusher{'s' * (flushers > 1)}"
            figure = f"{rate:,.0f}" if not findings and not refused else "invalid"
            p50, p99 = percentile(times, 0.5), percentile(times, 0.99)
            rows.append([name, str(clients), figure, f"{p50:.1f}", f"{p99:.1f}", str(findings)])
        facts = [list(pair) for pair in [*machine(), *await server(connections.app_dsn)]]
    finally:
        await database.close()
    columns = ["payments", "clients", "per second", "p50 ms", "p99 ms", "auditor's findings"]
    return "\n".join(
        [table("Payments through the ledger", columns, rows), table("On", ["what", "value"], facts)]
    )


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 5.0
    home = Path(tempfile.mkdtemp(prefix="mieone-bench-"))
    # As an installation runs it: every commit is on disk before anybody is told.
    cluster = Cluster(home, durable=True, tcp=False)
    try:
        connections = cluster.start()
        sys.stdout.write(asyncio.run(measure(connections, home, seconds)))
    finally:
        cluster.stop()
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
