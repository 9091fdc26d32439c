"""NGSI v2 asked over HTTP: one broker for all of these tests, and a tenant of its own for each."""

import itertools
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from mieone.blocks.broker.block import block
from mieone.core.clock import SystemClock
from mieone.core.database import PooledDatabase
from mieone.core.house import House
from mieone.core.keys import KeyRing
from mieone.core.region import Region
from mieone.core.roles import Connections
from mieone.core.settings import Profile, Settings
from tests.blocks.broker.conftest import make_app
from tests.conftest import REGION, cloned, connected

from .client import V2

TENANTS = 900
_TENANT = """
INSERT INTO broker.tenant (name, title)
SELECT 't' || g.n, 'test' FROM generate_series(1, $1) AS g (n)
"""


@pytest.fixture(scope="module")
async def v2_house(
    template: Connections,
    keyring: KeyRing,
    region: Region,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[House]:
    async with cloned(template) as connections:
        async with connected(connections.owner_dsn) as owner:
            await owner.execute(_TENANT.replace("$1", str(TENANTS)))
        database = await PooledDatabase.open(connections.app_dsn, 4)
        try:
            yield House(
                settings=Settings(
                    profile=Profile.CONFORMANCE,
                    home=tmp_path_factory.mktemp("v2"),
                    region_dir=REGION,
                ),
                clock=SystemClock(),
                keyring=keyring,
                region=region,
                database=database,
                blocks=(block(),),
            )
        finally:
            await database.close()


@pytest.fixture(scope="module")
async def v2_http(v2_house: House) -> AsyncIterator[httpx.AsyncClient]:
    [broker] = v2_house.blocks
    assert broker.start is not None
    assert broker.stop is not None
    app = make_app(v2_house, broker)
    await broker.start(v2_house)
    try:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            yield client
    finally:
        await broker.stop(v2_house)


@pytest.fixture(scope="module")
def tenant_names() -> Iterator[str]:
    return (f"t{n}" for n in itertools.count(1))


@pytest.fixture
def v2(v2_http: httpx.AsyncClient, tenant_names: Iterator[str]) -> V2:
    """A client whose tenant nobody else writes to."""
    return V2(v2_http, next(tenant_names))
