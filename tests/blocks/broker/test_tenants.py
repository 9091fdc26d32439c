"""Tenants are declared by the region's files; a header makes none."""

import argparse
import asyncio

import httpx
import pytest

from mieone.blocks.broker.actions.commands import COMMANDS
from mieone.blocks.broker.actions.tenants import TenantDirectory
from mieone.blocks.broker.problems import NonexistentTenant
from mieone.core.block import Command
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


async def test_adding_a_tenant_again_changes_what_is_typed(
    broker_house: House, broker_client: httpx.AsyncClient
) -> None:
    await run(broker_house, "tenant add fishing 漁協 --writes 10 --entities 500")
    await run(broker_house, "tenant add fishing 漁協 --writes 25")

    found = await TenantDirectory(broker_house.database).get("fishing")

    assert (found.quota.writes_per_s, found.quota.entities) == (25, 500)


async def test_tenants_and_keys_are_listed_without_their_secrets(
    broker_house: House, broker_client: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    await run(broker_house, "tenant add fishing 漁協")
    await run(broker_house, "broker-key add fishing 水温計 --days 30")
    key = capsys.readouterr().out.splitlines()[1]
    await run(broker_house, "broker-key add fishing 古い鍵")
    old = capsys.readouterr().out.splitlines()[0]
    await run(broker_house, f"broker-key revoke fishing {old[:12]}")
    await run(broker_house, "tenant list")
    await run(broker_house, "broker-key list fishing")

    said = capsys.readouterr().out

    assert "fishing\t漁協\twrites=2000" in said
    assert f"{key[:12]}\t水温計\tvalid\t" in said
    assert f"{old[:12]}\t古い鍵\trevoked\t" in said
    assert key not in said


@pytest.mark.parametrize(
    "typed",
    [
        "tenant add Fishing 漁協",
        "tenant add fishing-coop 漁協",
        f"tenant add {'f' * 51} 漁協",
        "tenant add fishing 漁協 --writes 0",
        "tenant add fishing 漁協 --entities many",
        "tenant add fishing 漁協 --at-once nan",
        "broker-key add fishing 水温計 --days 0",
        "broker-key add fishing 水温計 --days 99999999999",
    ],
)
async def test_what_cannot_be_is_refused_where_it_is_typed(typed: str) -> None:
    with pytest.raises(SystemExit) as refused:
        parse(typed)

    assert refused.value.code == 2


@pytest.mark.parametrize("typed", ["broker-key add nowhere 水温計", "broker-key list nowhere"])
async def test_no_key_is_for_an_unknown_tenant(
    broker_house: House,
    broker_client: httpx.AsyncClient,
    capsys: pytest.CaptureFixture[str],
    typed: str,
) -> None:
    assert await run(broker_house, typed) == 1

    assert capsys.readouterr().err.startswith("mieone: no tenant is called nowhere")


async def run(house: House, typed: str) -> int:
    command, options = parse(typed)
    return await command.run(house, options)


def parse(typed: str) -> tuple[Command, argparse.Namespace]:
    noun, verb, *words = typed.split()
    command = next(one for one in COMMANDS if (one.noun, one.verb) == (noun, verb))
    parser = argparse.ArgumentParser()
    command.arguments(parser)
    return command, parser.parse_args(words)
