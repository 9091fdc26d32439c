"""Where a process hands in its requests: the flusher of its house, with the region's terms."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from weakref import WeakKeyDictionary

from mieone.blocks.coin.store.book import read_clock
from mieone.blocks.coin.store.configuration import Configuration, load_configuration
from mieone.core.clock import SystemClock
from mieone.core.database import Conn
from mieone.core.house import House

from .flusher import Flusher
from .posting import Ledger
from .upkeep import fill_demonstration, open_months, record_configuration


class Counter:
    """One flusher a house; before it is opened, every request posts on its own."""

    def __init__(self) -> None:
        self._flushers: WeakKeyDictionary[House, Flusher] = WeakKeyDictionary()

    def of(self, house: House) -> Flusher:
        found = self._flushers.get(house)
        if found is None:
            ledger = Ledger(
                keyring=house.keyring,
                configuration=load_configuration(house.region),
                read_clock=_clock_of(house),
            )
            found = self._flushers[house] = Flusher(house.database, ledger)
        return found

    async def now(self, house: House, conn: Conn) -> datetime:
        """The ledger's clock: what has ended is judged by it alone, on pages too."""
        return await self.of(house).ledger.read_clock(conn)

    def configuration_of(self, house: House) -> Configuration:
        return self.of(house).ledger.configuration

    async def open(self, house: House) -> None:
        """Tables brought up to the region's files, months opened, requests gathered from now on."""
        await self.prepare(house)
        await self.of(house).start()

    async def prepare(self, house: House) -> None:
        async with house.database.transaction() as conn:
            await open_months(conn, house.clock.today())
            await record_configuration(conn, self.configuration_of(house))

    async def close(self, house: House) -> None:
        await self.of(house).stop()

    async def fill(self, house: House) -> None:
        """Sample budgets and shops; a second time changes nothing."""
        await self.prepare(house)
        async with house.database.transaction() as conn:
            await fill_demonstration(conn, self.of(house).ledger)


def _clock_of(house: House) -> Callable[[Conn], Awaitable[datetime]]:
    """The database's clock; a house that lives on another day (a test, a simulation) keeps its own."""
    if isinstance(house.clock, SystemClock):
        return read_clock

    async def read_own_clock(_conn: Conn) -> datetime:
        return house.clock.now()

    return read_own_clock
