"""Synthetic residents that add up to the towns' real figures: the same every time from a seed."""

import csv
import io
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import msgspec
import yaml

from mieone.blocks.registry.model import COLUMNS, Entry, ResidentStatus, Sex
from mieone.core.model import TownCode
from mieone.core.region import Region

from .names import NameLists
from .plan import list_figures
from .story import SamplePerson, StoredPeople, as_person, choose_people, read_people, write_people
from .towns import Recipe, make_town

SOURCE = "synthetic"
"""What an import run of these people says about where they come from."""

__all__ = [
    "SOURCE",
    "Population",
    "SamplePerson",
    "StoredPeople",
    "find_sample_person",
    "generate",
    "generate_town",
    "read_people",
    "read_sample_people",
    "sample_people",
    "write_csv",
    "write_people",
]


class Population(msgspec.Struct, frozen=True, kw_only=True):
    """Synthetic residents, town by town."""

    seed: int
    on: date
    towns: dict[TownCode, tuple[Entry, ...]]


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


def generate_town(
    region: Region, town: TownCode, on: date, seed: int | None = None
) -> tuple[Entry, ...]:
    """The people of one town, the same ones that `generate` makes; none for a strange town."""
    recipe = read_recipe(region)
    chosen = recipe.seed if seed is None else seed
    for figures in list_figures(region, recipe.figures):
        if figures.town == town:
            lists = NameLists(region, recipe.cohorts)
            return make_town(figures, recipe, lists, region, chosen, on)
    return ()


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
    """The story's people, the same ones for the same population."""
    story = read_recipe(region).story
    return choose_people(story, population.towns, population.on, region)


def read_sample_people(home: Path) -> list[SamplePerson]:
    """Those of the sample that was loaded; none before that."""
    stored = read_people(home)
    return [] if stored is None else list(stored.people)


def find_sample_person(
    stored: StoredPeople, region: Region, card_number: str
) -> SamplePerson | None:
    """Any synthetic resident, by the number on their simulated card."""
    town, _, number = card_number.partition("-")
    for entry in generate_town(region, TownCode(town), stored.on, stored.seed):
        if entry.addressee_number == number:
            return as_person("resident", TownCode(town), entry, region)
    return None


def _field(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, (ResidentStatus, Sex)):
        return value.value
    return value.isoformat() if isinstance(value, date) else str(value)
