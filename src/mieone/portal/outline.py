"""The towns' boundaries as drawn paths: pure geometry on the region's file."""

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import msgspec

from mieone.core.model import TownCode
from mieone.core.region import Region

from .model import Outline, TownShape

_WIDTH = 600
_MARGIN = 12

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
    rings = read_rings(region.file("boundaries.geojson"))
    west, south, east, north = _extent(ring for town in rings.values() for ring in town)
    # A degree of longitude is shorter than one of latitude by the cosine of where we are.
    narrow = math.cos(math.radians((south + north) / 2))
    scale = (_WIDTH - 2 * _MARGIN) / ((east - west) * narrow)

    def at(lon: float, lat: float) -> tuple[float, float]:
        x = _MARGIN + (lon - west) * narrow * scale
        return round(x, 1), round(_MARGIN + (north - lat) * scale, 1)

    shapes = []
    for town in region.towns:
        label_x, label_y = at(town.office.lon, town.office.lat)
        path = "".join(
            "M" + "L".join(f"{x} {y}" for x, y in (at(lon, lat) for lon, lat in ring)) + "Z"
            for ring in rings.get(town.code, ())
        )
        shapes.append(
            TownShape(code=town.code, names=town.name, path=path, label_x=label_x, label_y=label_y)
        )
    return Outline(
        width=_WIDTH,
        height=math.ceil((north - south) * scale + 2 * _MARGIN),
        shapes=tuple(shapes),
        bounds=((west, south), (east, north)),
    )


def bounds_of(region: Region, town: TownCode) -> tuple[tuple[float, float], tuple[float, float]]:
    rings = read_rings(region.file("boundaries.geojson"))
    west, south, east, north = _extent(rings[town])
    return (west, south), (east, north)


def _extent(rings: Iterable[Ring]) -> tuple[float, float, float, float]:
    points = [point for ring in rings for point in ring]
    lons, lats = [lon for lon, _ in points], [lat for _, lat in points]
    return min(lons), min(lats), max(lons), max(lats)
