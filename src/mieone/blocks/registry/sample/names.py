"""Names for synthetic people, from the region's lists: surnames by weight, given names by cohort."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from random import Random
from typing import Literal

import msgspec

from mieone.blocks.registry.model import Sex
from mieone.core.region import Region
from mieone.core.region_tables import GivenName, Surname

COHORT_SHARE = 0.8
"""How many carry a name of their cohort; the others any."""


class Cohort(msgspec.Struct, frozen=True, kw_only=True):
    sex: Literal["M", "F"]
    born_before: int
    endings: str


class Name(msgspec.Struct, frozen=True):
    written: str
    kana: str


class NameLists:
    """The region's names, arranged for drawing."""

    def __init__(self, region: Region, cohorts: Sequence[Cohort]) -> None:
        self._surnames = [Name(row.kanji, row.kana) for row in region.surnames]
        self._weights = list(_running_total(region.surnames))
        self._variants: dict[str, list[str]] = defaultdict(list)
        for row in region.name_variants:
            self._variants[row.surname].append(row.variant)
        self._cohorts = [
            (cohort, _ending_in(region.given_names, cohort))
            for cohort in sorted(cohorts, key=lambda one: one.born_before)
        ]
        self._any: Mapping[Sex, Sequence[Name]] = {
            Sex.FEMALE: [Name(r.kanji, r.kana) for r in region.given_names if r.sex == "F"],
            Sex.MALE: [Name(r.kanji, r.kana) for r in region.given_names if r.sex == "M"],
        }

    def draw_surname(self, random: Random) -> Name:
        return random.choices(self._surnames, cum_weights=self._weights)[0]

    def draw_variant(self, surname: Name, random: Random) -> Name:
        """The surname as some families register it; the same where there is no variant."""
        written = self._variants.get(surname.written)
        return Name(random.choice(written), surname.kana) if written else surname

    def has_variant(self, surname: Name) -> bool:
        return surname.written in self._variants

    def draw_given(self, sex: Sex, born_year: int, random: Random) -> Name:
        letter = "F" if sex is Sex.FEMALE else "M"
        if random.random() < COHORT_SHARE:
            for cohort, names in self._cohorts:
                if cohort.sex == letter and born_year < cohort.born_before and names:
                    return random.choice(names)
        return random.choice(self._any[sex])


def _ending_in(names: Sequence[GivenName], cohort: Cohort) -> list[Name]:
    return [
        Name(row.kanji, row.kana)
        for row in names
        if row.sex == cohort.sex and row.kanji.endswith(tuple(cohort.endings))
    ]


def _running_total(surnames: Sequence[Surname]) -> list[float]:
    """Those without a known weight fade out slowly below the least of the known ones."""
    known = [row.weight for row in surnames if row.weight is not None]
    least = min(known, default=1000)
    total, totals, place = 0.0, [], 0
    for row in surnames:
        if row.weight is None:
            place += 1
        total += row.weight if row.weight is not None else least / (1 + place / 100)
        totals.append(total)
    return totals
