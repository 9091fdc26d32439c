"""The world around the door, on a database of its own."""

import pytest

from mieone.core.clock import FixedClock
from mieone.core.database import PooledDatabase
from mieone.core.keys import KeyRing
from mieone.core.region import Region
from mieone.core.roles import Connections
from mieone.core.settings import Settings

from . import given
from .given import Member, World


@pytest.fixture
def mother() -> Member:
    return given.member("母")


@pytest.fixture
def spouse() -> Member:
    return given.member("父")


@pytest.fixture
def child() -> Member:
    return given.member("子", has_id=False, is_child=True)


@pytest.fixture
async def world(
    connections: Connections,
    database: PooledDatabase,
    settings: Settings,
    clock: FixedClock,
    keyring: KeyRing,
    region: Region,
    mother: Member,
    spouse: Member,
    child: Member,
) -> World:
    await given.prepare_stand_in(connections.owner_dsn)
    return await given.world(
        settings=settings,
        clock=clock,
        keyring=keyring,
        region=region,
        database=database,
        households=[[mother, spouse, child], [given.member("隣")]],
    )
