"""Tenants are declared by the region's files; a header makes none."""

import asyncio

import httpx
import pytest

from mieone.blocks.broker.actions.tenants import TenantDirectory
from mieone.blocks.broker.problems import NonexistentTenant
from mieone.core.house import House


async def test_every_town_and_the_region_have_a_tenant(
    broker_house: House, broker_client: httpx.AsyncClient
) -> None:
    directory = TenantDirectory(broker_house.database)

    names = {tenant.name for tenant in await directory.all()}

    assert set(broker_house.region.town_codes) < names
    assert (await directory.get(None)).is_default


async def test_an_unknown_name_makes_no_tenant(
    broker_house: House, broker_client: httpx.AsyncClient
) -> None:
    directory = TenantDirectory(broker_house.database)

    with pytest.raises(NonexistentTenant):
        await directory.get("nowhere")

    assert "nowhere" not in {tenant.name for tenant in await directory.all()}


async def test_those_who_ask_while_it_is_read_for_the_first_time_wait_for_it(
    broker_house: House, broker_client: httpx.AsyncClient
) -> None:
    """Imports and feeds start together: none of them may find a region without towns."""
    directory = TenantDirectory(broker_house.database)

    found = await asyncio.gather(*(directory.get("244422") for _ in range(5)))

    assert {tenant.name for tenant in found} == {"244422"}
