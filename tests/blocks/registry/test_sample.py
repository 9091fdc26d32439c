"""Synthetic residents add up to the real figures, the same every time, and live plausibly."""

import hashlib
import time
from collections import Counter
from datetime import date, timedelta
from random import Random

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as some

from mieone.blocks.registry import actions, sample, store
from mieone.blocks.registry.model import HEAD, Entry
from mieone.blocks.registry.rules.ages import age_on
from mieone.blocks.registry.rules.files import read_register_file
from mieone.blocks.registry.rules.my_number import holds_my_number
from mieone.blocks.registry.sample.plan import TownFigures, plan_households, spread_unknown
from mieone.blocks.registry.sample.towns import draw_birth_date
from mieone.core.clock import FixedClock
from mieone.core.house import House
from mieone.core.model import TownCode
from mieone.core.region import Region
from tests.blocks.registry import given

ON = given.TODAY


@pytest.fixture(scope="module")
def people(region: Region) -> sample.Population:
    return sample.generate(region, ON)


def homes_of(entries: tuple[Entry, ...]) -> list[list[Entry]]:
    homes: dict[str, list[Entry]] = {}
    for entry in entries:
        homes.setdefault(entry.household_number, []).append(entry)
    return list(homes.values())


def test_every_town_adds_up_to_its_census(people: sample.Population, region: Region) -> None:
    total = 0
    for town, entries in people.towns.items():
        real = region.summaries[town]
        ages = [age_on(entry.born_on, ON) for entry in entries]
        groups = [
            sum(age < 15 for age in ages),
            sum(15 <= age < 65 for age in ages),
            sum(age >= 65 for age in ages),
        ]
        known = [int(real[name]) for name in ("age0_14_2020", "age15_64_2020", "age65p_2020")]
        homes = homes_of(entries)

        assert len(entries) == real["pop_census_2020"]
        assert groups == spread_unknown(int(real["pop_census_2020"]), known)
        assert len(homes) == real["households_2020"]
        alone = [home for home in homes if len(home) == 1 and age_on(home[0].born_on, ON) >= 65]
        assert len(alone) == real["single_65p_households_2020"]
        assert sum(age == 0 for age in ages) == real["births_2022"]
        total += len(entries)
    assert total == 75_400


def test_the_same_seed_makes_the_same_people(people: sample.Population, region: Region) -> None:
    def fingerprint(entries: tuple[Entry, ...]) -> str:
        return hashlib.sha256(sample.write_csv(entries)).hexdigest()

    for town, entries in people.towns.items():
        assert fingerprint(entries) == fingerprint(sample.generate_town(region, town, ON))
    smallest = min(people.towns, key=lambda town: len(people.towns[town]))
    other = sample.generate_town(region, smallest, ON, seed=1)
    assert fingerprint(people.towns[smallest]) != fingerprint(other)


def test_every_household_has_exactly_one_head(people: sample.Population) -> None:
    for entries in people.towns.values():
        for home in homes_of(entries):
            assert [one.relationship for one in home].count(HEAD) == 1


def test_parents_are_old_enough_for_their_children(people: sample.Population) -> None:
    for entries in people.towns.values():
        for home in homes_of(entries):
            head = next(one for one in home if one.is_head)
            spouses = [one for one in home if one.relationship in ("妻", "夫")]
            children = [one for one in home if one.relationship == "子"]
            elders = [one for one in home if one.relationship in ("父", "母")]
            assert len(spouses) <= 1
            assert len(elders) <= 2
            for child in children:
                for parent in (head, *spouses):
                    assert age_on(parent.born_on, child.born_on) >= 16
            for elder in elders:
                assert age_on(elder.born_on, head.born_on) >= 16


def test_every_row_is_taken_by_the_real_import_and_holds_no_my_number(
    people: sample.Population,
) -> None:
    for entries in people.towns.values():
        content = sample.write_csv(entries)

        file = read_register_file(content, ON)

        assert file.findings == ()
        assert file.entries == entries
        assert not any(holds_my_number(line) for line in content.decode().splitlines()[:500])


def test_surnames_are_weighted_and_some_carry_variants(people: sample.Population) -> None:
    names = Counter(
        one.name.split("　")[0]
        for entries in people.towns.values()
        for one in entries
        if one.is_head
    )

    assert names.most_common(1)[0][1] > 5 * names["三上"] > 0
    assert sum(count for name, count in names.items() if any(ord(c) > 0xFFFF for c in name)) > 50


def test_about_three_in_a_thousand_are_protected(people: sample.Population) -> None:
    entries = [one for town in people.towns.values() for one in town]
    share = sum(one.protected_from is not None for one in entries) / len(entries)

    assert 0.002 < share < 0.005


def test_the_story_finds_its_people(people: sample.Population, region: Region) -> None:
    found = {one.key: one for one in sample.sample_people(people, region)}

    assert set(found) == {"newborn_mother", "lives_alone_79", "protected", "variant_name"}
    mother = found["newborn_mother"]
    home = [
        one
        for one in people.towns[mother.town]
        if one.household_number == mother.entry.household_number
    ]
    children = sorted(one.born_on for one in home if one.relationship == "子")
    assert (ON - children[-1]).days <= 14
    assert len(children) > 1
    assert any(one.is_head for one in home)
    assert age_on(found["lives_alone_79"].entry.born_on, ON) == 79
    assert found["protected"].entry.protected_from is not None
    assert found["variant_name"].name_flags
    assert found["variant_name"].name_on_card != found["variant_name"].entry.name


@settings(max_examples=40, deadline=None)
@for_all(seed=some.integers(0, 10_000), day=some.dates(date(2024, 1, 1), date(2030, 12, 31)))
def test_a_birth_date_makes_the_age_on_every_day_and_seed(seed: int, day: date) -> None:
    random = Random(seed)
    for age in (0, 14, 15, 64, 65, 99):
        assert age_on(draw_birth_date(age, day, random), day) == age


@for_all(
    children=some.integers(0, 200),
    working=some.integers(500, 900),
    elderly=some.integers(60, 300),
    seed=some.integers(0, 1000),
)
def test_households_add_up_for_other_figures_too(
    children: int, working: int, elderly: int, seed: int
) -> None:
    figures = TownFigures(
        town=TownCode("000000"),
        children=children,
        working=working,
        elderly=elderly,
        households=int((children + working + elderly) / 2.5),
        single_elderly=elderly // 6,
        births=children // 15,
    )

    units = plan_households(figures, Random(seed))

    assert len(units) == figures.households
    assert sum(unit.size for unit in units) == figures.people
    assert sum(unit.children for unit in units) == children
    assert sum(unit.elders for unit in units) == elderly


@pytest.mark.slow
async def test_the_whole_sample_is_loaded_twice_and_changes_nothing(
    house: House, clock: FixedClock
) -> None:
    began = time.process_time()
    await actions.load_sample(house)
    took_s = time.process_time() - began
    first = sample.read_sample_people(house.settings.home)
    clock.advance(timedelta(days=40))

    await actions.load_sample(house)

    towns = house.region.town_codes
    async with house.database.transaction(towns) as conn:
        counts = await store.count_residents(conn, towns)
        runs = [run for town in sorted(towns) for run in await store.list_runs(conn, town)]
    assert sum(counts.values()) == 75_400
    assert {run.source for run in runs} == {sample.SOURCE}
    assert sum(run.added for run in runs) == 75_400
    assert sum(run.changed + run.removed + run.refused for run in runs) == 0
    assert sample.read_sample_people(house.settings.home) == first
    # Processor time of ours: the wall clock depends on who else is at work.
    assert took_s < 30
