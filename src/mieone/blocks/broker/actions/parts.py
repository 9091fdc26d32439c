"""What a process of the broker holds: made once a house, opened and closed with it."""

import aiohttp

from mieone.blocks.broker.model import Tenant
from mieone.core.block import AnyRequest
from mieone.core.house import House

from .contexts import ContextLibrary
from .dispatching import Dispatcher
from .keys import KeyCheck
from .openness import read_personal_terms
from .outbound import GuardedResolver
from .quotas import Quotas
from .room import Room
from .sources import Sources
from .streaming import Streams
from .tenants import TenantDirectory
from .writing import Writer


class Broker:
    """Handlers get it as the dependency `broker`."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.opened_at = house.clock.now()
        self.tenants = TenantDirectory(house.database)
        self.quotas = Quotas()
        self.history_room = Room()
        self.keys = KeyCheck(house)
        self.contexts = ContextLibrary(house)
        self.dispatcher = Dispatcher(house)
        self.personal = read_personal_terms(house)
        self.writer = Writer(house, self.dispatcher, self.personal)
        self.sources = Sources(self)
        self.streams = Streams(self)
        self._http: aiohttp.ClientSession | None = None

    async def check_may_write(self, request: AnyRequest, tenant: Tenant) -> None:
        """Before anything is written by a machine. Raises NotWritable."""
        await self.keys.check_may_write(request.headers, tenant)

    @property
    def http(self) -> aiohttp.ClientSession:
        """For everything that leaves this process; whoever uses it sets a time limit."""
        if self._http is None:
            raise RuntimeError("the broker is used before it was opened")
        return self._http

    async def open(self) -> None:
        self._http = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=256, limit_per_host=16, resolver=GuardedResolver(self.house)
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        await self.keys.open()
        await self.contexts.open(self._http)
        await self.writer.start()

    async def close(self) -> None:
        await self.streams.close()
        await self.writer.stop()
        await self.contexts.close()
        await self.sources.close()
        if self._http is not None:
            await self._http.close()
            self._http = None


class Parts:
    """The broker of the house at hand."""

    def __init__(self) -> None:
        self._held: Broker | None = None

    def of(self, house: House) -> Broker:
        if self._held is None or self._held.house is not house:
            self._held = Broker(house)
        return self._held
