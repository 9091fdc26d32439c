"""Where an address lies, when two spellings are one place, and who exactly is meant."""

from uuid import uuid4

import pytest

from mieone.blocks.registry.model import Sex
from mieone.blocks.registry.rules import addresses, matching
from mieone.blocks.registry.rules.addresses import ResidencyKind
from mieone.core.region import Region
from tests.blocks.registry import given

MEMBER = ResidencyKind.RESIDENT
VISITOR = ResidencyKind.VISITOR
UNDETERMINED = ResidencyKind.UNDETERMINED


@pytest.mark.parametrize(
    ("address", "kind", "town"),
    [
        ("三重県多気郡多気町相可1600", MEMBER, "244414"),
        ("多気郡明和町大字馬之上945", MEMBER, "244422"),
        ("三重県明和町斎宮１２３", MEMBER, "244422"),
        ("明和町大字斎宮123", MEMBER, "244422"),
        ("三重県 多気郡　大台町 大ヶ所12-3", MEMBER, "244431"),
        ("三重県度会郡度会町當津1", MEMBER, "244708"),
        ("三重県度会郡大紀町錦736番地7", MEMBER, "244716"),
        ("三重県北牟婁郡紀北町紀伊長島区東長島769番地1", MEMBER, "245437"),
        ("三重県北牟婁郡紀北町相賀495-8", MEMBER, "245437"),
        # Neighbours in the same county, and another prefecture's town of the same name.
        ("三重県度会郡玉城町田丸1", VISITOR, None),
        ("三重県度会郡南伊勢町五ヶ所浦3057", VISITOR, None),
        ("群馬県邑楽郡明和町新里250", VISITOR, None),
        ("三重県松阪市殿町1340", VISITOR, None),
        ("松阪市殿町1340", VISITOR, None),
        ("東京都千代田区千代田1-1", VISITOR, None),
        ("三重県四日市市諏訪町1-5", VISITOR, None),
        # Nobody can tell: the counter decides.
        ("", UNDETERMINED, None),
        ("明和町", UNDETERMINED, None),
        ("明和町新里250", UNDETERMINED, None),
        ("三重県多気郡多気123", UNDETERMINED, None),
        ("三重県多気郡大字相可町屋1", UNDETERMINED, None),
        ("三重県度会郡明和町斎宮1", UNDETERMINED, None),
        ("三重県北牟婁郡海山町相賀495", UNDETERMINED, None),
        ("三重県多気郡宮川村江馬316", UNDETERMINED, None),
        ("相可1600", UNDETERMINED, None),
    ],
)
def test_residency_follows_county_and_town(
    region: Region, address: str, kind: ResidencyKind, town: str | None
) -> None:
    residency = addresses.decide_residency(address, region)

    assert (residency.kind, residency.town) == (kind, town)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("三重県多気郡明和町大字濱田12番地3", "三重県多気郡明和町浜田12-3"),
        ("三重県度会郡度会町當津１２", "度会郡度会町当津12番地"),
        ("三重県多気郡大台町大ヶ所5番地の1", "三重県多気郡大台町大ケ所5-1"),
        ("三重県多気郡大台町大が所5", "三重県多気郡大台町大ヶ所5番地"),
        ("三重県北牟婁郡紀北町紀伊長島区東長島769番地1", "三重県紀北町東長島769－1"),
        ("三重県北牟婁郡紀北町便ノ山3番2号", "三重県北牟婁郡紀北町便の山3-2"),
        ("三重県多気郡明和町大字馬之上945番地　メゾン上101", "三重県明和町馬ノ上945 メゾン上101"),
    ],
)
def test_spellings_of_one_place_are_one_place(region: Region, one: str, other: str) -> None:
    assert addresses.is_same_address(one, other, region)
    assert addresses.is_same_address(other, one, region)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("三重県多気郡明和町斎宮12-3", "三重県多気郡明和町斎宮123"),
        ("三重県多気郡明和町斎宮12", "三重県多気郡多気町斎宮12"),
        ("三重県多気郡明和町斎宮12", "三重県多気郡明和町斎宮1-2"),
        ("東京都千代田区千代田1", "東京都千代田区千代田1"),
    ],
)
def test_other_places_stay_other_places(region: Region, one: str, other: str) -> None:
    assert not addresses.is_same_address(one, other, region)


def test_every_locality_of_the_region_lies_in_its_town(region: Region) -> None:
    for row in region.addresses:
        place = f"{row.prefix or ''}{row.oaza}{row.koaza or ''}"
        address = addresses.write_address(row.town, place, "1番地2", None, region)

        assert addresses.decide_residency(address, region).town == row.town, address


def test_every_shelter_address_lies_in_its_town(region: Region) -> None:
    for row in (*region.shelters, *region.evacuation_sites):
        if not row.in_town:
            continue
        found = addresses.decide_residency(row.address, region)

        assert found.town == row.town, row.address


def claim(**changed: object) -> matching.Claim:
    usual: dict[str, object] = {
        "name": "高橋　花子",
        "address": "三重県多気郡明和町大字斎宮12番地3",
        "born_on": given.entry().born_on,
        "sex": Sex.FEMALE,
    }
    return matching.Claim(**{**usual, **changed})  # type: ignore[arg-type]


def candidate(**changed: object) -> matching.Candidate:
    usual: dict[str, object] = {
        "resident_id": uuid4(),
        "names": ("髙橋　花子",),
        "address": "三重県多気郡明和町大字斎宮12番地3",
        "born_on": given.entry().born_on,
        "sex": Sex.FEMALE,
    }
    return matching.Candidate(**{**usual, **changed})  # type: ignore[arg-type]


def test_only_one_resident_who_agrees_in_all_four_is_a_match(region: Region) -> None:
    one = candidate()

    found = matching.decide_match(claim(name_flags=(0,)), [one], region)
    none = matching.decide_match(claim(), [], region)
    several = matching.decide_match(claim(name_flags=(0,)), [one, candidate()], region)

    assert (found.kind, found.resident_id) == (matching.MatchKind.EXACT, one.resident_id)
    assert none.kind is matching.MatchKind.NONE
    assert (several.kind, several.resident_id) == (matching.MatchKind.SEVERAL, None)


@pytest.mark.parametrize(
    "changed",
    [
        {"names": ("高橋　花",)},
        {"address": "三重県多気郡明和町大字斎宮12番地4"},
        {"born_on": given.TODAY},
        {"sex": Sex.MALE},
    ],
)
def test_whoever_differs_in_one_is_nobody(region: Region, changed: dict[str, object]) -> None:
    match = matching.decide_match(claim(name_flags=(0,)), [candidate(**changed)], region)

    assert match.kind is matching.MatchKind.NONE


def test_a_replaced_character_of_an_address_agrees_with_the_registered_one(region: Region) -> None:
    flagged = claim(name_flags=(0,), address="三重県多気郡明和町大字●田1番地", address_flags=(11,))

    match = matching.decide_match(
        flagged, [candidate(address="三重県多気郡明和町大字濵田1番地")], region
    )

    assert match.kind is matching.MatchKind.EXACT
