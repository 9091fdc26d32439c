"""The broker's ground: its routes on a database of its own, asked over HTTP."""

from collections.abc import AsyncIterator, Callable

import httpx
import msgspec
import pytest
from litestar import Litestar
from litestar.di import Provide

from mieone.blocks.broker.actions.parts import Broker
from mieone.blocks.broker.block import block
from mieone.core.block import AnyRequest, Block
from mieone.core.clock import SystemClock
from mieone.core.database import PooledDatabase
from mieone.core.house import House
from mieone.core.keys import KeyRing
from mieone.core.region import Region
from mieone.core.roles import Connections
from mieone.core.settings import Profile, Settings
from tests.conftest import REGION
from tests.shelf import Shelf


@pytest.fixture(scope="session")
async def broker_shelf(
    template: Connections,
    keyring: KeyRing,
    region: Region,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Shelf]:
    """Databases where a broker was started once: the region's declarations and months are there."""

    async def prepare(connections: Connections) -> None:
        made = block()
        assert made.start is not None
        assert made.stop is not None
        database = await PooledDatabase.open(connections.app_dsn, 4)
        house = House(
            settings=Settings(
                profile=Profile.CONFORMANCE,
                home=tmp_path_factory.mktemp("broker"),
                region_dir=REGION,
            ),
            clock=SystemClock(),
            keyring=keyring,
            region=region,
            database=database,
            blocks=(made,),
        )
        await made.start(house)
        await made.stop(house)
        await database.close()

    made = Shelf(template, prepare)
    yield made
    await made.close()


@pytest.fixture
async def connections(broker_shelf: Shelf) -> AsyncIterator[Connections]:
    async with broker_shelf.lent() as lent:
        yield lent


class Entrances:
    """The broker's routes, put together once, which takes longer than most tests.

    They answer for whichever house is theirs at the time; what a broker knows it has with the house.
    """

    def __init__(self) -> None:
        self.block = block()
        self._house: House | None = None
        self._app = assemble(self._at_hand, self.block)
        self._routes = self._app.asgi_handler

    def of(self, house: House) -> Litestar:
        assert self.block.around is not None
        self._house = house
        self._app.asgi_handler = self.block.around(house, self._routes)
        return self._app

    def _at_hand(self) -> House:
        assert self._house is not None
        return self._house


@pytest.fixture(scope="session")
def entrances() -> Entrances:
    return Entrances()


@pytest.fixture
def broker_block(entrances: Entrances) -> Block:
    return entrances.block


@pytest.fixture
def broker_house(
    settings: Settings,
    keyring: KeyRing,
    region: Region,
    database: PooledDatabase,
    broker_block: Block,
) -> House:
    """Profile conformance: writes are open, loopback may be called."""
    return House(
        settings=msgspec.structs.replace(settings, profile=Profile.CONFORMANCE),
        clock=SystemClock(),
        keyring=keyring,
        region=region,
        database=database,
        blocks=(broker_block,),
    )


@pytest.fixture
async def broker_client(
    broker_house: House, broker_block: Block, entrances: Entrances
) -> AsyncIterator[httpx.AsyncClient]:
    """All of the broker's entrances, without the rest of the house."""
    app = entrances.of(broker_house)
    assert broker_block.start is not None
    assert broker_block.stop is not None
    await broker_block.start(broker_house)
    try:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            yield client
    finally:
        await broker_block.stop(broker_house)


@pytest.fixture
async def broker(broker_house: House, broker_client: httpx.AsyncClient) -> AsyncIterator[Broker]:
    """The parts of a second process on the same database, for what no entrance offers."""
    made = Broker(broker_house)
    await made.open()
    try:
        yield made
    finally:
        await made.close()


def make_app(house: House, broker: Block) -> Litestar:
    """For a test that needs entrances of its own."""
    app = assemble(lambda: house, broker)
    assert broker.around is not None
    app.asgi_handler = broker.around(house, app.asgi_handler)
    return app


def assemble(at_hand: Callable[[], House], broker: Block) -> Litestar:
    def provided(find: Callable[[], object]) -> Provide:
        return Provide(find, sync_to_thread=False)

    def render(request: AnyRequest, error: Exception) -> object:
        for prefix, form in broker.problem_forms.items():
            if request.url.path.startswith(prefix):
                return form(request, error)
        raise error

    return Litestar(
        route_handlers=list(broker.routes),
        dependencies={
            "house": provided(at_hand),
            "database": provided(lambda: at_hand().database),
            "clock": provided(lambda: at_hand().clock),
        },
        exception_handlers={Exception: render},
        openapi_config=None,
        request_max_body_size=12 * 1024 * 1024,
    )
