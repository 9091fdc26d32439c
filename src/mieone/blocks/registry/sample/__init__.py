"""Synthetic residents that add up to the towns' real figures: the same every time from a seed."""

import csv
import io
from collections.abc import Sequence
from datetime import date

import msgspec
import yaml

from mieone.blocks.registry.model import COLUMNS, Entry, ResidentStatus, Sex
from mieone.blocks.registry.rules.addresses import write_address
from mieone.blocks.registry.rules.ages import age_on
from mieone.blocks.registry.rules.characters import decide_printable
from mieone.blocks.registry.rules.matching import substitutes_of
from mieone.core.model import TownCode
from mieone.core.region import Region

from .names import NameLists
from .plan import list_figures
from .towns import Recipe, make_town

SOURCE = "synthetic"
"""What an import run of these people says about where they come from."""


class Population(msgspec.Struct, frozen=True, kw_only=True):
    """Synthetic residents, town by town."""

    seed: int
    on: date
    towns: dict[TownCode, tuple[Entry, ...]]


class SamplePerson(msgspec.Struct, frozen=True, kw_only=True):
    """One of the story's people. `name_on_card` and `address` are what their card would say."""

    key: str
    town: TownCode
    entry: Entry
    address: str
    name_on_card: str
    name_flags: tuple[int, ...]


def generate(region: Region, on: date, seed: int | None = None) -> Population:
    """Pure: the same region, seed and day make the same people."""
    recipe = read_recipe(region)
    chosen = recipe.seed if seed is None else seed
    lists = NameLists(region, recipe.cohorts)
    towns = {
        figures.town: make_town(figures, recipe, lists, region, chosen, on)
        for figures in list_figures(region, recipe.figures)
    }
    return Population(seed=chosen, on=on, towns=towns)


def read_recipe(region: Region) -> Recipe:
    content = yaml.safe_load(region.file("sample.yaml").read_text(encoding="utf-8"))
    return msgspec.convert(content, Recipe)


def write_csv(entries: Sequence[Entry]) -> bytes:
    """A register file as a town's core system would send it."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([_field(getattr(entry, name)) for name in COLUMNS] for entry in entries)
    return text.getvalue().encode()


def sample_people(population: Population, region: Region) -> list[SamplePerson]:
    """The story's people, found by rule. Who cannot be found in a region is left out."""
    found = []
    for wanted in read_recipe(region).story:
        entries = population.towns.get(wanted.town, ())
        candidates = _candidates(wanted.key, entries, population.on)
        if candidates:
            chosen = min(candidates, key=lambda one: one.addressee_number)
            found.append(_as_person(wanted.key, wanted.town, chosen, region))
    return found


def _candidates(key: str, entries: Sequence[Entry], on: date) -> list[Entry]:
    homes: dict[str, list[Entry]] = {}
    for entry in entries:
        homes.setdefault(entry.household_number, []).append(entry)
    open_homes = [home for home in homes.values() if home[0].protected_from is None]
    match key:
        case "newborn_mother":
            return _mothers_of_newborns(open_homes, on)
        case "lives_alone_79":
            return [home[0] for home in open_homes if len(home) == 1 and _age(home[0], on) == 79]
        case "protected":
            return [one for one in entries if one.protected_from and _age(one, on) >= 20]
        case "variant_name":
            heads = [home[0] for home in open_homes]
            return [one for one in heads if any(ord(c) > 0xFFFF for c in one.name)]
        case _:
            return []


def _mothers_of_newborns(homes: Sequence[Sequence[Entry]], on: date) -> list[Entry]:
    """With a spouse and an older child; of all of them those whose child is the youngest."""
    fitting: list[tuple[date, Entry]] = []
    for home in homes:
        wives = [one for one in home if one.relationship == "妻" and one.sex is Sex.FEMALE]
        children = [one for one in home if one.relationship == "子" and _age(one, on) < 15]
        if len(wives) == 1 and len(children) > 1 and len(home) == len(children) + 2:
            fitting.append((max(one.born_on for one in children), wives[0]))
    latest = max((born_on for born_on, _ in fitting), default=None)
    return [mother for born_on, mother in fitting if born_on == latest]


def _as_person(key: str, town: TownCode, entry: Entry, region: Region) -> SamplePerson:
    printable = decide_printable(entry.name, substitutes_of(region))
    return SamplePerson(
        key=key,
        town=town,
        entry=entry,
        address=write_address(town, entry.oaza, entry.banchi, entry.building, region),
        name_on_card=printable.text,
        name_flags=(*printable.substituted, *printable.missing),
    )


def _age(entry: Entry, on: date) -> int:
    return age_on(entry.born_on, on)


def _field(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, (ResidentStatus, Sex)):
        return value.value
    return value.isoformat() if isinstance(value, date) else str(value)
