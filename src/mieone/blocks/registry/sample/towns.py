"""The people of one town: planned households, named and housed, as entries of a register file."""

from collections.abc import Sequence
from datetime import date, timedelta
from random import Random

import msgspec

from mieone.blocks.registry.model import Entry, ResidentStatus, Sex
from mieone.blocks.registry.rules.addresses import fold
from mieone.core.model import TownCode
from mieone.core.region import Region

from .members import Ages, Member, draw_members
from .names import Cohort, Name, NameLists
from .plan import FigureNames, TownFigures, Unit, plan_households

NEWBORN_DAYS = 6
"""How old the youngest sample child is: its parents still have time to apply."""


class StoryPerson(msgspec.Struct, frozen=True, kw_only=True):
    key: str
    town: TownCode


class Recipe(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The region's sample.yaml."""

    seed: int
    figures: FigureNames
    cohorts: tuple[Cohort, ...]
    buildings: tuple[str, ...]
    variant_share: float
    protected_share: float
    former_name_share: float
    story: tuple[StoryPerson, ...]


class Place(msgspec.Struct, frozen=True, kw_only=True):
    oaza: str
    postal_code: str | None


class Home(msgspec.Struct, kw_only=True):
    """A household on its way to the file."""

    unit: Unit
    members: list[Member]
    surname: Name
    is_protected: bool = False
    newborn_first: bool = False


def make_town(
    figures: TownFigures, recipe: Recipe, lists: NameLists, region: Region, seed: int, on: date
) -> tuple[Entry, ...]:
    """The same people for the same seed; `on` moves their birth dates with it."""
    random = Random(f"{seed}:{figures.town}")
    homes = _make_homes(figures, recipe, lists, random)
    _protect(homes, round(recipe.protected_share * figures.people), random)
    _choose_newborn(homes)
    places = list_places(figures.town, region)
    weights = [random.lognormvariate(0, 1) for _ in places]
    numbers = random.sample(range(1, figures.people * 20), figures.people)
    entries: list[Entry] = []
    for order, home in enumerate(homes, start=1):
        place = random.choices(places, weights)[0]
        building = _draw_building(home, place, recipe, random)
        banchi = f"{random.randint(1, 2400)}番地" + random.choice(
            ["", "", f"{random.randint(1, 9)}"]
        )
        for number, member in zip(numbers[len(entries) :], home.members, strict=False):
            born_on = draw_birth_date(member.age, on, random)
            if member.age == 0 and home.newborn_first:
                born_on, home.newborn_first = on - timedelta(days=NEWBORN_DAYS), False
            entries.append(
                _make_entry(
                    member,
                    home,
                    lists,
                    recipe,
                    random,
                    number=number,
                    order=order,
                    born_on=born_on,
                    on=on,
                    place=place,
                    banchi=banchi,
                    building=building,
                )
            )
    return tuple(entries)


def draw_birth_date(age: int, on: date, random: Random) -> date:
    """Somebody who is that old all through `on`."""
    latest = _years_before(on, age)
    earliest = _years_before(on, age + 1) + timedelta(days=1)
    return earliest + timedelta(days=int(random.random() * ((latest - earliest).days + 1)))


def list_places(town: TownCode, region: Region) -> list[Place]:
    """Each 大字 as the town writes it, with its postal code or the town's own."""
    codes = {
        fold(row.neighbourhood or "", region): row.postal_code
        for row in region.postal_codes
        if row.town == town
    }
    return [
        Place(
            oaza=f"{row.prefix or ''}{row.oaza}{row.koaza or ''}",
            postal_code=codes.get(fold(row.oaza, region), codes.get("")),
        )
        for row in region.addresses
        if row.town == town
    ]


def _make_homes(
    figures: TownFigures, recipe: Recipe, lists: NameLists, random: Random
) -> list[Home]:
    ages = Ages(figures.children, figures.births, random)
    homes = []
    for unit in plan_households(figures, random):
        surname = lists.draw_surname(random)
        if random.random() < recipe.variant_share:
            surname = lists.draw_variant(surname, random)
        homes.append(Home(unit=unit, members=draw_members(unit, ages, random), surname=surname))
    random.shuffle(homes)
    return homes


def _protect(homes: Sequence[Home], wanted: int, random: Random) -> None:
    """Whole households of one parent, or people living alone, until the share is reached."""
    eligible = [home for home in homes if home.unit.parents == 1 and not home.unit.elders]
    random.shuffle(eligible)
    count = 0
    for home in eligible:
        if count >= wanted:
            return
        home.is_protected = True
        count += len(home.members)


def _choose_newborn(homes: Sequence[Home]) -> None:
    """One household with both parents, an older child and a child of this week."""
    for home in homes:
        children = [one for one in home.members if one.age < 15]
        has_newborn = any(one.age == 0 for one in children)
        is_small = home.unit.parents == 2 and not home.unit.elders and not home.unit.grown
        if is_small and len(children) > 1 and has_newborn:
            home.newborn_first = True
            return


def _draw_building(home: Home, place: Place, recipe: Recipe, random: Random) -> str | None:
    is_small = home.unit.size <= 2 and not home.unit.elders
    if not recipe.buildings or not is_small or random.random() > 0.2:
        return None
    floor, door = random.randint(1, 3), random.randint(1, 6)
    return f"{random.choice(recipe.buildings)}{place.oaza[-2:]}{floor}0{door}"


def _make_entry(
    member: Member,
    home: Home,
    lists: NameLists,
    recipe: Recipe,
    random: Random,
    *,
    number: int,
    order: int,
    born_on: date,
    on: date,
    place: Place,
    banchi: str,
    building: str | None,
) -> Entry:
    given = lists.draw_given(member.sex, born_on.year, random)
    kana = _katakana(f"{home.surname.kana} {given.kana}")
    former = None
    if member.sex is Sex.FEMALE and member.age >= 20:
        former = lists.draw_surname(random) if random.random() < recipe.former_name_share else None
    moved_in_on = None
    if random.random() < 0.3:
        moved_in_on = born_on + timedelta(days=random.randint(0, (on - born_on).days))
    protected_from = on - timedelta(days=30 + order % 240) if home.is_protected else None
    return Entry(
        addressee_number=f"A-{number:08d}",
        household_number=f"S-{order:07d}",
        relationship=member.relationship,
        name=f"{home.surname.written}　{given.written}",
        name_kana=kana,
        former_name=former.written if former else None,
        former_name_kana=_katakana(former.kana) if former else None,
        alias=None,
        alias_kana=None,
        born_on=born_on,
        sex=member.sex,
        postal_code=place.postal_code,
        oaza=place.oaza,
        banchi=banchi,
        building=building,
        moved_in_on=moved_in_on,
        status=ResidentStatus.RESIDENT,
        status_on=None,
        protected_from=protected_from,
        protected_until=protected_from + timedelta(days=365) if protected_from else None,
    )


def _katakana(hiragana: str) -> str:
    return "".join(chr(ord(one) + 0x60) if "ぁ" <= one <= "ゖ" else one for one in hiragana)


def _years_before(on: date, years: int) -> date:
    try:
        return on.replace(year=on.year - years)
    except ValueError:
        return on.replace(year=on.year - years, day=28)
