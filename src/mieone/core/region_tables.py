"""The rows of a region's tables, one struct per file."""

from datetime import date
from typing import Annotated, Literal

import msgspec

from mieone.core.model import TownCode

Latitude = Annotated[float, msgspec.Meta(ge=-90, le=90)]
Longitude = Annotated[float, msgspec.Meta(ge=-180, le=180)]
Digits7 = Annotated[str, msgspec.Meta(pattern=r"^\d{7}$")]


class Row(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Columns a struct does not know are an error in the file."""


class Office(Row, frozen=True):
    town: TownCode
    kind: Literal["main", "branch"]
    name: str
    kana: str
    postal_code: Digits7 | None
    address: str | None
    telephone: str | None
    lat: Latitude | None
    lon: Longitude | None


class Locality(Row, frozen=True):
    """A 大字, and a 小字 where the source has one; `prefix` is how the town writes it."""

    town: TownCode
    prefix: str | None
    oaza: str
    koaza: str | None
    lat: Latitude
    lon: Longitude


class PostalCode(Row, frozen=True):
    town: TownCode
    postal_code: Digits7
    neighbourhood: str | None
    """None: the code for all of the town that has none of its own."""
    neighbourhood_kana: str | None
    partial: bool
    several: bool
    note: str | None


class Station(Row, frozen=True):
    """A station stands once for each of its lines."""

    town: TownCode
    name: str
    line: str
    operator: str
    lat: Latitude
    lon: Longitude


class Shelter(Row, frozen=True):
    """指定避難所."""

    town: TownCode
    common_id: str
    name: str
    address: str
    lat: Latitude
    lon: Longitude
    same_address_as_evacuation_site: bool
    mayor_notes: str | None
    accepted_persons: str | None
    """Whom the shelter is for when it is not for everybody, as the publisher writes it."""
    note: str | None
    in_town: bool


class EvacuationSite(Row, frozen=True):
    """指定緊急避難場所, with the hazards it is safe from."""

    town: TownCode
    common_id: str
    name: str
    address: str
    lat: Latitude
    lon: Longitude
    flood: bool
    landslide: bool
    storm_surge: bool
    earthquake: bool
    tsunami: bool
    large_fire: bool
    inland_flood: bool
    volcano: bool
    same_address_as_shelter: bool
    note: str | None
    in_town: bool


class Figure(Row, frozen=True):
    town: TownCode
    item: str
    label: str
    group: str
    unit: str | None
    year: int
    value: float | None


class WeatherArea(Row, frozen=True):
    """The area a warning is given for (class20) and those around it."""

    town: TownCode
    class20: str
    class15: str
    class15_name: str
    class10: str
    class10_name: str
    office: str
    office_name: str


class WeatherStation(Row, frozen=True):
    """AMeDAS; some stand outside the region."""

    station_id: str
    name: str
    kana: str
    name_en: str
    lat: Latitude
    lon: Longitude
    alt_m: float
    kind: str
    elements: str
    town: str | None
    municipality: str | None


class Holiday(Row, frozen=True):
    day: date
    name: str


class Surname(Row, frozen=True):
    kanji: str
    kana: str
    weight: int | None


class GivenName(Row, frozen=True):
    sex: Literal["M", "F"]
    kanji: str
    kana: str


class NameVariant(Row, frozen=True):
    """A surname as some families register it."""

    surname: str
    variant: str


class CharacterSubstitution(Row, frozen=True):
    """A character outside JIS X 0213 and the one printed in its place."""

    original: str
    substitute: str
    kuten: str


class District(Row, frozen=True):
    town: TownCode
    names: tuple[str, ...]


class FormerMunicipality(Row, frozen=True):
    town: TownCode
    county: str
    names: tuple[str, ...]


class NamedPlace(Row, frozen=True):
    town: TownCode
    name: str
    postal_code: Digits7


class AddressSpelling(Row, frozen=True):
    """How one place is written in several ways; for comparing only."""

    characters: tuple[tuple[str, ...], ...]
    prefixes: tuple[str, ...]
    districts: tuple[District, ...]
    former: tuple[FormerMunicipality, ...]
    places: tuple[NamedPlace, ...]
