"""Tenants are declared by the region's files; a header makes none."""

import argparse
import asyncio

import httpx
import pytest

from mieone.blocks.broker.actions.commands import COMMANDS
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


async def test_adding_a_tenant_again_changes_its_quota(
    broker_house: House, broker_client: httpx.AsyncClient
) -> None:
    add = next(one for one in COMMANDS if (one.noun, one.verb) == ("tenant", "add"))
    parser = argparse.ArgumentParser()
    add.arguments(parser)
    for writes in ("10", "25"):
        await add.run(broker_house, parser.parse_args(["fishing", "漁協", "--writes", writes]))

    found = await TenantDirectory(broker_house.database).get("fishing")

    assert found.quota.writes_per_s == 25
