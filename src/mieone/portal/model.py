"""Words of the portal: places on the map, outlines of towns, figures of a town."""

from enum import StrEnum

import msgspec

from mieone.core.model import TownCode
from mieone.core.region import Names


class PlaceKind(StrEnum):
    OFFICE = "office"
    STATION = "station"
    SHELTER = "shelter"
    EMERGENCY = "emergency"


class Hazard(StrEnum):
    FLOOD = "flood"
    LANDSLIDE = "landslide"
    STORM_SURGE = "storm_surge"
    EARTHQUAKE = "earthquake"
    TSUNAMI = "tsunami"
    LARGE_FIRE = "large_fire"
    INLAND_FLOOD = "inland_flood"
    VOLCANO = "volcano"


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
    town: TownCode
    name: str
    kana: str = ""
    address: str = ""
    note: str = ""
    lat: float | None = None
    lon: float | None = None
    hazards: tuple[Hazard, ...] = ()
    """What an emergency site is safe from."""


class TownShape(msgspec.Struct, frozen=True, kw_only=True):
    """A town's outline in the drawing's own units."""

    code: TownCode
    names: Names
    path: str
    label_x: float
    label_y: float
    label_at: tuple[float, float]
    """Where the town's name stands, as longitude and latitude."""


class Outline(msgspec.Struct, frozen=True, kw_only=True):
    """The region drawn small: for those without WebGL, on paper, and on the home page."""

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
