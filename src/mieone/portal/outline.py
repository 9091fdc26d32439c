"""The towns' boundaries as drawn paths: pure geometry on the region's file."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import msgspec
from shapely import Polygon, maximum_inscribed_circle

from mieone.core.model import TownCode
from mieone.core.region import Region, Town

from .model import Outline, TownShape

_WIDTH = 600
_MARGIN = 12
_SIDE = 40
"""Room for names that are wider than their town."""

Ring = list[tuple[float, float]]


class Geometry(msgspec.Struct, frozen=True):
    type: str
    coordinates: msgspec.Raw

    def rings(self) -> list[Ring]:
        if self.type == "Polygon":
            return msgspec.json.decode(self.coordinates, type=list[Ring])
        polygons = msgspec.json.decode(self.coordinates, type=list[list[Ring]])
        return [ring for polygon in polygons for ring in polygon]


class Properties(msgspec.Struct, frozen=True):
    town: TownCode


class Feature(msgspec.Struct, frozen=True):
    properties: Properties
    geometry: Geometry


class Boundaries(msgspec.Struct, frozen=True):
    features: tuple[Feature, ...]


@lru_cache(maxsize=4)
def read_rings(path: Path) -> Mapping[TownCode, Sequence[Ring]]:
    """The file does not change while we run."""
    boundaries = msgspec.json.decode(path.read_bytes(), type=Boundaries)
    return {feature.properties.town: feature.geometry.rings() for feature in boundaries.features}


def draw_outline(region: Region) -> Outline:
    return _draw(region.file("boundaries.geojson"), region.towns)


@lru_cache(maxsize=4)
def _draw(path: Path, towns: tuple[Town, ...]) -> Outline:
    rings = read_rings(path)
    west, south, east, north = _extent(ring for town in rings.values() for ring in town)
    # A degree of longitude is shorter than one of latitude by the cosine of where we are.
    narrow = math.cos(math.radians((south + north) / 2))
    scale = (_WIDTH - 2 * _SIDE) / ((east - west) * narrow)

    def at(lon: float, lat: float) -> tuple[float, float]:
        x = _SIDE + (lon - west) * narrow * scale
        return round(x, 1), round(_MARGIN + (north - lat) * scale, 1)

    shapes = tuple(_shape(town, rings[town.code], at) for town in towns if town.code in rings)
    return Outline(
        width=_WIDTH,
        height=math.ceil((north - south) * scale + 2 * _MARGIN),
        shapes=shapes,
        bounds=((west, south), (east, north)),
    )


def _shape(
    town: Town, rings: Sequence[Ring], at: Callable[[float, float], tuple[float, float]]
) -> TownShape:
    label = label_point(rings)
    label_x, label_y = at(*label)
    drawn = (" ".join(f"{x} {y}" for x, y in (at(lon, lat) for lon, lat in ring)) for ring in rings)
    return TownShape(
        code=town.code,
        names=town.name,
        path="".join(f"M{points}Z" for points in drawn),
        label_x=label_x,
        label_y=label_y,
        label_at=label,
    )


def label_point(rings: Sequence[Ring]) -> tuple[float, float]:
    """The middle of the largest circle inside the town: where its name has most room."""
    largest = max((Polygon(ring) for ring in rings), key=lambda polygon: polygon.area)
    centre = maximum_inscribed_circle(largest, tolerance=0.005)
    lon, lat = centre.coords[0]
    return round(lon, 5), round(lat, 5)


def bounds_of(region: Region, town: TownCode) -> tuple[tuple[float, float], tuple[float, float]]:
    rings = read_rings(region.file("boundaries.geojson"))
    west, south, east, north = _extent(rings[town])
    return (west, south), (east, north)


def _extent(rings: Iterable[Ring]) -> tuple[float, float, float, float]:
    points = [point for ring in rings for point in ring]
    lons, lats = [lon for lon, _ in points], [lat for _, lat in points]
    return min(lons), min(lats), max(lons), max(lats)
