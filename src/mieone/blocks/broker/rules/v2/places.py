"""Simple location formats of NGSI v2 (latitude first) as GeoJSON (longitude first)."""

import math
from typing import Final

from mieone.blocks.broker.model import JsonValue
from mieone.blocks.broker.problems import BadRequestData
from mieone.blocks.broker.rules.q import check_geometry

SIMPLE: Final = frozenset({"geo:point", "geo:line", "geo:box", "geo:polygon"})
_RING: Final = 4
"""Positions of the smallest ring, the first repeated at its end."""


def read_place(kind: str, value: JsonValue) -> dict[str, JsonValue]:
    """The value of an attribute of a type in SIMPLE."""
    if kind == "geo:point":
        if not isinstance(value, str):
            raise BadRequestData("geo:point is a text: latitude, longitude")
        return make_geometry("point", [read_position(value)])
    if not isinstance(value, list) or not all(isinstance(part, str) for part in value):
        raise BadRequestData(f"{kind} is an array of texts: latitude, longitude")
    positions = [read_position(str(part)) for part in value]
    return make_geometry(kind.removeprefix("geo:"), positions)


def read_position(text: str) -> tuple[float, float]:
    """`latitude, longitude` as longitude and latitude."""
    parts = text.split(",")
    if len(parts) != 2:
        raise BadRequestData("a position is latitude and longitude, with a comma between")
    try:
        latitude, longitude = (float(part) for part in parts)
    except ValueError:
        raise BadRequestData("a latitude or longitude is no number") from None
    if not (math.isfinite(latitude) and math.isfinite(longitude)):
        raise BadRequestData("a latitude or longitude is no number")
    if abs(latitude) > 90 or abs(longitude) > 180:
        raise BadRequestData("a latitude or longitude is out of range")
    return longitude, latitude


def make_geometry(shape: str, positions: list[tuple[float, float]]) -> dict[str, JsonValue]:
    """`shape` is point, line, box or polygon; positions have longitude first."""
    points: list[JsonValue] = [[longitude, latitude] for longitude, latitude in positions]
    if shape == "point" and len(points) == 1:
        return {"type": "Point", "coordinates": points[0]}
    if shape == "line" and len(points) > 1:
        return {"type": "LineString", "coordinates": points}
    if shape == "box" and len(points) == 2:
        return _make_box(*positions)
    if shape == "polygon" and len(points) >= _RING:
        if points[0] != points[-1]:
            raise BadRequestData("a polygon ends where it begins")
        return {"type": "Polygon", "coordinates": [points]}
    raise BadRequestData(f"this is not the number of positions of a {shape}")


def _make_box(first: tuple[float, float], last: tuple[float, float]) -> dict[str, JsonValue]:
    west, east = sorted((first[0], last[0]))
    south, north = sorted((first[1], last[1]))
    if west == east or south == north:
        raise BadRequestData("the corners of a box have no area between them")
    ring: list[JsonValue] = [
        [west, south],
        [east, south],
        [east, north],
        [west, north],
        [west, south],
    ]
    return {"type": "Polygon", "coordinates": [ring]}


def read_geojson(value: JsonValue) -> dict[str, JsonValue]:
    """A geometry, or the one of a Feature or of a FeatureCollection that holds one Feature."""
    if isinstance(value, dict) and value.get("type") == "FeatureCollection":
        features = value.get("features")
        if not isinstance(features, list) or len(features) != 1:
            raise BadRequestData("a FeatureCollection holds exactly one Feature")
        value = features[0]
    if isinstance(value, dict) and value.get("type") == "Feature":
        value = value.get("geometry")
    check_geometry(value)
    if not isinstance(value, dict):
        raise BadRequestData("a geometry is an object")
    return value
