"""A region is data: what is read, and how a wrong file is named."""

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from mieone.core.model import TownCode
from mieone.core.region import Region, RegionInvalid

SECOND = Path(__file__).parents[1] / "second_region" / "hoshi"


def test_every_table_of_the_region_can_be_read(region: Region) -> None:
    region.check()

    assert len(region.towns) == 6
    assert (len(region.addresses), len(region.shelters)) == (192, 224)
    assert (len(region.evacuation_sites), len(region.stations)) == (369, 19)
    assert region.holidays[date(2026, 11, 23)] == "勤労感謝の日"
    assert region.file("boundaries.geojson").is_file()


def test_every_data_file_says_where_it_comes_from(region: Region) -> None:
    files = {path.name for path in region.directory.glob("*.csv")} | {"boundaries.geojson"}

    for name in files:
        source = region.source(name)
        assert all((source.publisher, source.licence, source.attribution, source.as_of))


def test_a_town_is_found_by_its_code_and_takes_part_for_a_time(region: Region) -> None:
    town = region.towns[0]

    assert region.town(town.code) is town
    assert region.has_town(town.code)
    assert not region.has_town("131016")
    assert town.is_member(town.member_from)
    assert not town.is_member(date(2021, 4, 15))


def test_the_associations_number_is_marked_as_a_sample(region: Region) -> None:
    assert region.association.telephone_is_sample
    assert all(town.office_phone is None for town in region.towns)


def test_ruby_stands_over_every_kanji_of_a_simple_name(region: Region) -> None:
    for name in (region.names, region.association.name, *(town.name for town in region.towns)):
        assert "《" in name.yasashii
        assert name.shown_in("ja-x-yasashii") == name.yasashii
        assert name.shown_in("en") == name.en


def replaced(name: str, old: str, new: str) -> Callable[[Path], None]:
    def change(directory: Path) -> None:
        path = directory / name
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), "utf-8")

    return change


def removed(name: str) -> Callable[[Path], None]:
    return lambda directory: (directory / name).unlink()


@pytest.mark.parametrize(
    ("spoil", "file", "row"),
    [
        (replaced("region.yaml", '"990019"', '"990018"'), "region.yaml", "town 1"),
        (replaced("region.yaml", "lat: 35.1,", "lat: 135.1,"), "region.yaml", "content"),
        (replaced("region.yaml", "member_until: 2026-04-01", "member_until: 2020-04-01"),
         "region.yaml", "town 2"),
        (removed("region.yaml"), "region.yaml", "file"),
        (removed("stations.csv"), "sources.yaml", "stations.csv"),
        (replaced("sources.yaml", "stations.csv: *invented\n", ""), "sources.yaml", "stations.csv"),
        (replaced("stations.csv", "35.2", "north"), "stations.csv", "row 2"),
        (replaced("stations.csv", "990027", "990035"), "stations.csv", "row 2"),
        (replaced("stations.csv", ",35.2", ""), "stations.csv", "row 2"),
        (replaced("holidays.csv", "2026-01-01", "2026-13-01"), "holidays.csv", "row 2"),
    ],
)  # fmt: skip
def test_a_wrong_file_is_named_with_its_row(
    tmp_path: Path, spoil: Callable[[Path], None], file: str, row: str
) -> None:
    directory = tmp_path / "region"
    shutil.copytree(SECOND, directory)
    spoil(directory)

    with pytest.raises(RegionInvalid) as told:
        Region.load(directory).check()

    assert (told.value.file, told.value.row) == (file, row)


def test_a_code_of_another_region_is_unknown(region: Region) -> None:
    with pytest.raises(KeyError):
        region.town(TownCode("990019"))
