"""A house with the region's organisations and sample posts, rolled back after each test."""

from collections.abc import AsyncIterator

import httpx
import pytest

from mieone.blocks.identity.staff import sample
from mieone.core.clock import FixedClock
from mieone.core.house import House
from mieone.core.keys import KeyRing
from mieone.core.region import Region
from mieone.core.settings import Settings
from tests.conftest import OneTransaction

from . import given


@pytest.fixture
async def house(
    settings: Settings,
    clock: FixedClock,
    keyring: KeyRing,
    region: Region,
    rolled_back: OneTransaction,
) -> House:
    made = House(
        settings=settings,
        clock=clock,
        keyring=keyring,
        region=region,
        database=rolled_back,
        blocks=(),
    )
    await sample.load_sample_posts(made)
    return made


@pytest.fixture
async def http(house: House) -> AsyncIterator[httpx.AsyncClient]:
    async with given.browser(house) as opened:
        yield opened
