"""A region as data: its towns, its association and its open data, read from one directory."""

from collections.abc import Callable, Mapping
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec

from mieone.core.model import TownCode
from mieone.core.region_files import RegionInvalid, convert, read_rows, read_table, read_yaml
from mieone.core.region_tables import (
    AddressSpelling,
    CharacterSubstitution,
    EvacuationSite,
    Figure,
    GivenName,
    Holiday,
    Locality,
    NameVariant,
    Office,
    PostalCode,
    Shelter,
    Station,
    Surname,
    WeatherArea,
    WeatherStation,
)

T = TypeVar("T")
TABLES = (
    "offices",
    "addresses",
    "postal_codes",
    "stations",
    "shelters",
    "evacuation_sites",
    "weather_areas",
    "weather_stations",
    "figures",
    "summaries",
    "surnames",
    "given_names",
    "name_variants",
    "characters",
    "spelling",
)


class Names(msgspec.Struct, frozen=True, kw_only=True):
    """One name in the three languages; `yasashii` carries ruby as 町《まち》."""

    ja: str
    kana: str
    yasashii: str
    en: str

    def shown_in(self, language: str) -> str:
        return {"ja": self.ja, "ja-x-yasashii": self.yasashii}.get(language, self.en)


class Point(msgspec.Struct, frozen=True):
    lat: Annotated[float, msgspec.Meta(ge=-90, le=90)]
    lon: Annotated[float, msgspec.Meta(ge=-180, le=180)]


class Town(msgspec.Struct, frozen=True, kw_only=True):
    code: TownCode
    code5: Annotated[str, msgspec.Meta(pattern=r"^\d{5}$")]
    name: Names
    county: str | None
    office: Point
    office_phone: str | None
    website: str
    member_from: date
    member_until: date | None
    """The first day the town no longer takes part."""

    def is_member(self, on: date) -> bool:
        return self.member_from <= on and (self.member_until is None or on < self.member_until)


class Association(msgspec.Struct, frozen=True, kw_only=True):
    """The body that prepares the towns' work and decides nothing."""

    name: Names
    telephone: str | None
    telephone_is_sample: bool
    address: str | None


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """Where a file comes from and what must be shown beside it."""

    publisher: str
    licence: str
    attribution: str
    as_of: str
    taken_from: str
    note: str | None = None


class RegionCard(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """region.yaml as written."""

    id: str
    names: Names
    prefecture: Names
    association: Association
    towns: tuple[Town, ...]


class Region(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """What one installation knows of its region. Tables are read when first asked for."""

    id: str
    names: Names
    prefecture: Names
    towns: tuple[Town, ...]
    association: Association
    sources: Mapping[str, Source]
    directory: Path

    @classmethod
    def load(cls, directory: Path) -> "Region":
        card = read_yaml(directory, "region.yaml", RegionCard)
        sources = read_yaml(directory, "sources.yaml", dict[str, Source])
        check_towns(card.towns)
        check_sources(directory, sources)
        return cls(
            id=card.id,
            names=card.names,
            prefecture=card.prefecture,
            towns=card.towns,
            association=card.association,
            sources=sources,
            directory=directory,
        )

    def town(self, code: TownCode | str) -> Town:
        """Raises KeyError: a code that is not of this region is a bug, or was checked before."""
        return self.towns_by_code[TownCode(code)]

    def has_town(self, code: str) -> bool:
        return TownCode(code) in self.towns_by_code

    @cached_property
    def towns_by_code(self) -> Mapping[TownCode, Town]:
        return {town.code: town for town in self.towns}

    @property
    def town_codes(self) -> frozenset[TownCode]:
        return frozenset(self.towns_by_code)

    def file(self, name: str) -> Path:
        path = self.directory / name
        if not path.is_file():
            raise RegionInvalid(name, "file", "is not there")
        return path

    def source(self, name: str) -> Source:
        if name not in self.sources:
            raise RegionInvalid("sources.yaml", name, "has no source")
        return self.sources[name]

    @cached_property
    def holidays(self) -> Mapping[date, str]:
        return {row.day: row.name for row in read_table(self.directory, "holidays.csv", Holiday)}

    @cached_property
    def offices(self) -> tuple[Office, ...]:
        return self._table_of_towns("offices.csv", Office, lambda row: row.town)

    @cached_property
    def addresses(self) -> tuple[Locality, ...]:
        return self._table_of_towns("addresses.csv", Locality, lambda row: row.town)

    @cached_property
    def postal_codes(self) -> tuple[PostalCode, ...]:
        return self._table_of_towns("postal_codes.csv", PostalCode, lambda row: row.town)

    @cached_property
    def stations(self) -> tuple[Station, ...]:
        return self._table_of_towns("stations.csv", Station, lambda row: row.town)

    @cached_property
    def shelters(self) -> tuple[Shelter, ...]:
        return self._table_of_towns("shelters.csv", Shelter, lambda row: row.town)

    @cached_property
    def evacuation_sites(self) -> tuple[EvacuationSite, ...]:
        return self._table_of_towns("evacuation_sites.csv", EvacuationSite, lambda row: row.town)

    @cached_property
    def weather_areas(self) -> tuple[WeatherArea, ...]:
        return self._table_of_towns("weather_areas.csv", WeatherArea, lambda row: row.town)

    @cached_property
    def weather_stations(self) -> tuple[WeatherStation, ...]:
        return read_table(self.directory, "weather_stations.csv", WeatherStation)

    @cached_property
    def figures(self) -> tuple[Figure, ...]:
        """Statistics over the years, one figure a row."""
        return self._table_of_towns("statistics_timeseries.csv", Figure, lambda row: row.town)

    @cached_property
    def summaries(self) -> Mapping[TownCode, Mapping[str, float]]:
        """The latest statistics of each town; the year stands in the column's name."""
        rows = read_rows(self.directory, "statistics_summary.csv")
        return {
            TownCode(row["town"]): {
                column: convert("statistics_summary.csv", f"row {number}", text, float)
                for column, text in row.items()
                if column != "town" and text is not None
            }
            for number, row in rows
            if row["town"] is not None
        }

    @cached_property
    def surnames(self) -> tuple[Surname, ...]:
        return read_table(self.directory, "names_surnames.csv", Surname)

    @cached_property
    def given_names(self) -> tuple[GivenName, ...]:
        return read_table(self.directory, "names_given.csv", GivenName)

    @cached_property
    def name_variants(self) -> tuple[NameVariant, ...]:
        return read_table(self.directory, "name_variants.csv", NameVariant)

    @cached_property
    def characters(self) -> tuple[CharacterSubstitution, ...]:
        return read_table(self.directory, "characters.csv", CharacterSubstitution)

    @cached_property
    def spelling(self) -> AddressSpelling:
        return read_yaml(self.directory, "address_spelling.yaml", AddressSpelling)

    def check(self) -> None:
        """Read every table, so that a wrong row is found before somebody needs it.

        Of stations, shelters and evacuation sites this is all that is done with their rows here: what
        people see of them comes from the open context, which takes in the files themselves.
        """
        for table in TABLES:
            getattr(self, table)
        if not self.holidays:
            raise RegionInvalid("holidays.csv", "file", "is empty")

    def _table_of_towns(
        self, name: str, row_type: type[T], town_of: Callable[[T], TownCode]
    ) -> tuple[T, ...]:
        rows = read_table(self.directory, name, row_type)
        for number, row in enumerate(rows, start=2):
            if not self.has_town(town_of(row)):
                raise RegionInvalid(name, f"row {number}", f"no town {town_of(row)} here")
        return rows


def check_towns(towns: tuple[Town, ...]) -> None:
    for place, town in enumerate(towns, start=1):
        where = f"town {place}"
        if town.code != town.code5 + check_digit_of(town.code5):
            raise RegionInvalid("region.yaml", where, f"code {town.code} has a wrong check digit")
        if town.member_until is not None and town.member_until <= town.member_from:
            raise RegionInvalid("region.yaml", where, "member_until is not after member_from")
    if len({town.code for town in towns}) != len(towns) or not towns:
        raise RegionInvalid("region.yaml", "towns", "none, or one twice")


def check_digit_of(code5: str) -> str:
    """全国地方公共団体コード: weights 6 to 2 over the five digits, modulo 11."""
    total = sum(int(digit) * weight for digit, weight in zip(code5, range(6, 1, -1), strict=True))
    return str((11 - total % 11) % 10)


def check_sources(directory: Path, sources: Mapping[str, Source]) -> None:
    """Open data keeps its source and licence beside it, file by file."""
    for name in sorted(sources):
        if not (directory / name).is_file():
            raise RegionInvalid("sources.yaml", name, "names a file that is not there")
    for path in sorted(directory.glob("*.csv")) + sorted(directory.glob("*.geojson")):
        if path.name not in sources:
            raise RegionInvalid("sources.yaml", path.name, "has no source")
