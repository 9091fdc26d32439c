"""The towns' boundaries as drawn paths: pure geometry on the region's file."""

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import msgspec
from shapely import Polygon, maximum_inscribed_circle

from mieone.core.model import TownCode
from mieone.core.region import Region, Town

from .model import Grid, Outline, Place, PlaceKind, TownShape

_WIDTH = 600
_MARGIN = 12
_SIDE = 40
"""Room for names that are wider than their town."""

_MARKS = {
    PlaceKind.OFFICE: "m-6-6h12v12h-12z",
    PlaceKind.STATION: "m-6 0a6 6 0 1 0 12 0a6 6 0 1 0-12 0",
    PlaceKind.SHELTER: "m0-7l7 12h-14z",
    PlaceKind.EMERGENCY: "m0-7l7 7l-7 7l-7-7z",
    PlaceKind.WEATHER: "m-3-7h6v4h4v6h-4v4h-6v-4h-4v-6h4z",
    PlaceKind.READING: "m0-7l7 5l-3 8h-8l-3-8z",
}
"""Each kind's own shape around its point, as in the legend."""

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
    grid = Grid(west=west, north=north, by_degree=(narrow * scale, scale))
    shapes = tuple(_shape(town, rings[town.code], grid) for town in towns if town.code in rings)
    return Outline(
        grid=grid,
        width=_WIDTH,
        height=math.ceil((north - south) * scale + 2 * _MARGIN),
        shapes=shapes,
        bounds=((west, south), (east, north)),
    )


def draw_places(outline: Outline, places: Iterable[Place]) -> dict[PlaceKind, str]:
    """All places of a kind as one path: small to send, and drawn without a script."""
    found: dict[PlaceKind, dict[tuple[int, int], None]] = {}
    for place in places:
        if place.lat is None or place.lon is None:
            continue
        x, y = place_at(outline.grid, place.lon, place.lat)
        if 0 <= x <= outline.width and 0 <= y <= outline.height:
            found.setdefault(place.kind, {})[round(x), round(y)] = None
    return {
        kind: "".join(f"M{x} {y}{_MARKS[kind]}" for x, y in found[kind])
        for kind in reversed(PlaceKind)
        if kind in found
    }


def place_at(grid: Grid, lon: float, lat: float) -> tuple[float, float]:
    across, down = grid.by_degree
    return (
        round(_SIDE + (lon - grid.west) * across, 1),
        round(_MARGIN + (grid.north - lat) * down, 1),
    )


def _shape(town: Town, rings: Sequence[Ring], grid: Grid) -> TownShape:
    label = label_point(rings)
    label_x, label_y = place_at(grid, *label)
    drawn = (
        " ".join(f"{x} {y}" for x, y in (place_at(grid, lon, lat) for lon, lat in ring))
        for ring in rings
    )
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
