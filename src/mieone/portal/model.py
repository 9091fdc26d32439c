"""Words of the portal: places on the map, outlines of towns, figures of a town."""

from datetime import datetime
from enum import StrEnum

import msgspec

from mieone.core.model import TownCode
from mieone.core.region import Names


class PlaceKind(StrEnum):
    OFFICE = "office"
    STATION = "station"
    SHELTER = "shelter"
    EMERGENCY = "emergency"
    WEATHER = "weather"
    READING = "reading"


class Hazard(StrEnum):
    FLOOD = "flood"
    LANDSLIDE = "landslide"
    STORM_SURGE = "storm_surge"
    EARTHQUAKE = "earthquake"
    TSUNAMI = "tsunami"
    LARGE_FIRE = "large_fire"
    INLAND_FLOOD = "inland_flood"
    VOLCANO = "volcano"


class FigureName(StrEnum):
    """Readings that the map says in words; the value is the attribute's name in the open context."""

    TEMPERATURE = "temperature"
    RAINFALL = "rainfall"
    WATER_LEVEL = "waterLevel"
    OCCUPANCY = "occupancy"


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    name: FigureName
    value: float


class LifeEvent(StrEnum):
    """The ways into procedures that people think of themselves."""

    BIRTH = "birth"
    MOVING = "moving"
    DEATH = "death"
    CARE = "care"
    DISASTER = "disaster"
    CAR = "car"


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A point of the map and a line of the list beside it."""

    kind: PlaceKind
    town: TownCode | None
    """None outside the six towns: a weather station next door."""
    name: str
    kana: str = ""
    address: str = ""
    note: str = ""
    lat: float | None = None
    lon: float | None = None
    hazards: tuple[Hazard, ...] = ()
    """What an emergency site is safe from."""
    figures: tuple[Figure, ...] = ()
    read_at: datetime | None = None


class TownShape(msgspec.Struct, frozen=True, kw_only=True):
    """A town's outline in the drawing's own units."""

    code: TownCode
    names: Names
    path: str
    label_x: float
    label_y: float
    label_at: tuple[float, float]
    """Where the town's name stands, as longitude and latitude."""


class Grid(msgspec.Struct, frozen=True, kw_only=True):
    """How longitude and latitude become the drawing's own units."""

    west: float
    north: float
    by_degree: tuple[float, float]


class Outline(msgspec.Struct, frozen=True, kw_only=True):
    """The region drawn small: for those without WebGL, on paper, and on the home page."""

    grid: Grid
    width: int
    height: int
    shapes: tuple[TownShape, ...]
    bounds: tuple[tuple[float, float], tuple[float, float]]


class YearFigures(msgspec.Struct, frozen=True, kw_only=True):
    year: int
    births: int
    deaths: int


class TownFigure(msgspec.Struct, frozen=True, kw_only=True):
    """The latest value of one statistic."""

    name: str
    """Part of a message id: `portal.figures.<name>`."""
    unit: str
    """Part of a message id: `portal.figures.units.<unit>`."""
    value: float
    year: int
