"""What the ledger does by itself: expiry, snapshots, months, and forgetting who left."""

from uuid import UUID

from mieone.blocks import identity
from mieone.core.database import Conn
from mieone.core.house import House
from mieone.core.jobs import PeriodicJob
from mieone.core.outbox import Event, Subscription

from .actions.counter import Counter
from .actions.granting import SECTOR
from .actions.upkeep import expire_ended, open_months, roll_up
from .actions.wallets import forget_wallet


def jobs(counter: Counter) -> list[PeriodicJob]:
    async def expire(house: House) -> int:
        return await expire_ended(house.database, counter.of(house).ledger)

    return [
        PeriodicJob(name="coin.expire", every_s=60, run=expire),
        PeriodicJob(name="coin.roll_up", every_s=30, run=_roll_up),
        PeriodicJob(name="coin.open_months", every_s=6 * 3600, run=_open_months),
    ]


async def _roll_up(house: House) -> int:
    async with house.database.transaction() as conn:
        return await roll_up(conn)


async def _open_months(house: House) -> int:
    async with house.database.transaction() as conn:
        return await open_months(conn, house.clock.today())


async def _forget_holder(house: House, conn: Conn, event: Event) -> None:
    """Whoever leaves is no longer the holder of any wallet; the books keep their nameless rows."""
    try:
        pairwise = await identity.pairwise_id(conn, SECTOR, UUID(event.key))
    except identity.PersonNotActive:
        return
    await forget_wallet(conn, house.keyring, pairwise)


SUBSCRIPTIONS = [
    Subscription(event="identity.person_closed", name="coin.forget_holder", handle=_forget_holder)
]
