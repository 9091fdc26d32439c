"""The broker's ground: its routes on a database of its own, asked over HTTP."""

from collections.abc import AsyncIterator

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
from mieone.core.settings import Profile, Settings


@pytest.fixture
def broker_block() -> Block:
    return block()


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
    broker_house: House, broker_block: Block
) -> AsyncIterator[httpx.AsyncClient]:
    """All of the broker's entrances, without the rest of the house."""
    app = make_app(broker_house, broker_block)
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
    def constant(value: object) -> Provide:
        return Provide(lambda: value, sync_to_thread=False, use_cache=True)

    def render(request: AnyRequest, error: Exception) -> object:
        for prefix, form in broker.problem_forms.items():
            if request.url.path.startswith(prefix):
                return form(request, error)
        raise error

    app = Litestar(
        route_handlers=list(broker.routes),
        dependencies={
            "house": constant(house),
            "database": constant(house.database),
            "clock": constant(house.clock),
        },
        exception_handlers={Exception: render},
        openapi_config=None,
        request_max_body_size=12 * 1024 * 1024,
    )
    assert broker.around is not None
    app.asgi_handler = broker.around(house, app.asgi_handler)
    return app
