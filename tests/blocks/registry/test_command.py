"""`mieone registry import`: what an operator sees, and what the exit code means."""

import argparse
from pathlib import Path

import pytest

from mieone.blocks.registry import store
from mieone.blocks.registry.block import IMPORT
from mieone.core.clock import FixedClock
from mieone.core.house import House
from mieone.core.keys import KeyRing
from mieone.core.model import TownCode
from mieone.core.region import Region
from mieone.core.settings import Settings
from tests.blocks.registry import given
from tests.conftest import OneTransaction

TOWN = TownCode("244422")


@pytest.fixture
def house(
    settings: Settings,
    clock: FixedClock,
    keyring: KeyRing,
    region: Region,
    rolled_back: OneTransaction,
) -> House:
    return House(
        settings=settings,
        clock=clock,
        keyring=keyring,
        region=region,
        database=rolled_back,
        blocks=(),
    )


async def command(house: House, content: bytes, *options: str, town: str = TOWN) -> int:
    path = Path(house.settings.home) / "meibo.csv"
    path.write_bytes(content)
    parser = argparse.ArgumentParser()
    IMPORT.arguments(parser)
    return await IMPORT.run(house, parser.parse_args([str(path), "--town", town, *options]))


async def count(house: House) -> int:
    async with house.database.transaction([TOWN]) as conn:
        return (await store.count_residents(conn, [TOWN])).get(TOWN, 0)


async def test_a_file_is_shown_then_taken(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    content = given.content(given.entry(1), given.entry(2))

    shown = await command(house, content, "--show")
    nobody = await count(house)
    taken = await command(house, content)

    assert (shown, nobody, taken, await count(house)) == (0, 0, 0, 2)
    assert "added 2" in capsys.readouterr().out


async def test_a_refused_row_is_named_without_its_value(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    code = await command(house, given.content(given.entry(1), given.entry(2, banchi=" 77番地")))

    told = capsys.readouterr().out
    assert code == 1
    assert "row 3  banchi  outer_space" in told
    assert "77番地" not in told


async def test_a_file_of_another_kind_and_a_strange_town_are_told(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong_file = await command(house, b"name\n")
    wrong_town = await command(house, given.content(given.entry(1)), town="131016")

    assert (wrong_file, wrong_town) == (1, 2)
    assert "registry/file-wrong-columns" in capsys.readouterr().err
