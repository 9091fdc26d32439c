"""A house, a browser with a signed-in person, and a program that wants to know them.

Most tests run in one transaction that is rolled back; `racing_program` is for those that need two.
"""

from collections.abc import AsyncIterator
from uuid import UUID

import httpx
import pytest

from mieone.core.clock import FixedClock
from mieone.core.database import Database, PooledDatabase
from mieone.core.house import House
from mieone.core.keys import KeyRing
from mieone.core.region import Region
from mieone.core.sessions import Acr
from mieone.core.settings import Settings
from tests.conftest import OneTransaction

from . import given
from .given import Program


def make_house(
    settings: Settings, clock: FixedClock, keyring: KeyRing, region: Region, database: Database
) -> House:
    return House(
        settings=settings,
        clock=clock,
        keyring=keyring,
        region=region,
        database=database,
        blocks=(),
    )


@pytest.fixture
def house(
    settings: Settings,
    clock: FixedClock,
    keyring: KeyRing,
    region: Region,
    rolled_back: OneTransaction,
) -> House:
    return make_house(settings, clock, keyring, region, rolled_back)


@pytest.fixture
async def http(house: House) -> AsyncIterator[httpx.AsyncClient]:
    async with given.browser(given.make_app(house)) as opened:
        yield opened


@pytest.fixture
async def person_id(house: House) -> UUID:
    return await given.stored_person(house)


@pytest.fixture
async def program(house: House, http: httpx.AsyncClient, person_id: UUID) -> Program:
    client, key = await given.stored_client(house)
    await given.sign_in(house, http, person_id, Acr.CARD)
    return Program(house, http, client, key)


@pytest.fixture
async def racing_program(
    settings: Settings,
    clock: FixedClock,
    keyring: KeyRing,
    region: Region,
    database: PooledDatabase,
) -> AsyncIterator[Program]:
    """On a database of its own, where transactions really commit and really meet."""
    house = make_house(settings, clock, keyring, region, database)
    client, key = await given.stored_client(house)
    async with given.browser(given.make_app(house)) as http:
        await given.sign_in(house, http, await given.stored_person(house), Acr.CARD)
        yield Program(house, http, client, key)
