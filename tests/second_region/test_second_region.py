"""The same code runs an invented region: no town is named under src/."""

import re
from pathlib import Path

import pytest
import yaml

from mieone.blocks.registry import sample, store
from mieone.blocks.registry.actions import Delivery, import_register
from mieone.blocks.registry.rules.addresses import ResidencyKind, decide_residency, is_same_address
from mieone.core.clock import FixedClock
from mieone.core.database import Conn, set_scope
from mieone.core.keys import KeyRing
from mieone.core.region import Region
from tests.blocks.registry import given

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src"
TEXT = {".py", ".sql", ".yaml", ".html", ".js", ".ts", ".css", ".md", ".json"}


@pytest.fixture(scope="module")
def hoshi() -> Region:
    return Region.load(Path(__file__).parent / "hoshi")


def test_it_can_be_read_whole(hoshi: Region) -> None:
    hoshi.check()

    assert [town.name.en for town in hoshi.towns] == ["Hoshimi Town", "Tsukishiro City"]


def test_its_addresses_are_decided_by_its_own_data(hoshi: Region, region: Region) -> None:
    member = "青空県天郡星見町大字星ヶ丘1番地2"

    assert decide_residency(member, hoshi).town == "990019"
    assert is_same_address(member, "星見町星ケ丘1-2", hoshi)
    assert decide_residency("青空県月代市月影1", hoshi).town == "990027"
    assert decide_residency(member, region).kind is ResidencyKind.VISITOR
    real = f"{region.prefecture.ja}{region.towns[0].county}{region.towns[0].name.ja}1"
    assert decide_residency(real, hoshi).kind is ResidencyKind.VISITOR


async def test_its_people_are_made_and_imported(
    hoshi: Region, conn: Conn, keyring: KeyRing, clock: FixedClock
) -> None:
    await set_scope(conn, hoshi.town_codes)
    people = sample.generate(hoshi, clock.today())

    for town, entries in people.towns.items():
        delivery = Delivery(town=town, content=sample.write_csv(entries), source=sample.SOURCE)
        report = await import_register(conn, keyring, clock, hoshi, given.importer(hoshi), delivery)
        assert (report.added, report.refused) == (len(entries), 0)

    assert await store.count_residents(conn, hoshi.town_codes) == {"990019": 300, "990027": 500}


def test_no_town_of_any_region_is_named_under_src() -> None:
    """Names, codes and counties of a region stand in its own files only."""
    words: set[str] = set()
    for path in (
        *ROOT.glob("regions/*/region.yaml"),
        *ROOT.glob("tests/second_region/*/region.yaml"),
    ):
        card = yaml.safe_load(path.read_text("utf-8"))
        words |= {card["prefecture"]["ja"], card["association"]["name"]["ja"]}
        for town in card["towns"]:
            words |= {town["code"], town["code5"], town["name"]["ja"], town["name"]["en"]}
            words |= {town["name"]["kana"], town["county"] or town["code"]}
    pattern = re.compile("|".join(sorted(map(re.escape, words))))
    found = [
        f"{path.relative_to(ROOT)}: {hit.group()}"
        for path in sorted(SOURCE.rglob("*"))
        if path.suffix in TEXT and not {"node_modules", "dist"} & set(path.parts)
        for hit in pattern.finditer(path.read_text("utf-8", errors="ignore"))
    ]

    assert found == []
