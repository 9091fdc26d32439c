"""Geo-queries (clause 4.10): relation, geometry and coordinates, checked as RFC 7946 asks."""

import math
import re
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from mieone.blocks.broker.model import GeoQuery, GeoRelation, Iri, JsonValue
from mieone.blocks.broker.problems import BadRequestData, TooComplexQuery

_DEPTH: Final[Mapping[str, int]] = {
    "Point": 0,
    "MultiPoint": 1,
    "LineString": 1,
    "MultiLineString": 2,
    "Polygon": 2,
    "MultiPolygon": 3,
}
"""How many lists stand around a position."""
_MOST_POSITIONS: Final = 5_000
_LONGEST: Final = 500_000
_DISTANCE: Final = re.compile(r"(maxDistance|minDistance)==(\d{1,12}(?:\.\d{1,12})?)", re.ASCII)


def parse_geo(georel: str, geometry: str, coordinates: JsonValue, geoproperty: Iri) -> GeoQuery:
    """`coordinates` is the text of a parameter, or the array of a body."""
    relation, distances = _parse_relation(georel)
    if geometry not in _DEPTH:
        raise BadRequestData(f"{geometry!r} is no geometry of a geo-query")
    read = _parse_coordinates(coordinates)
    asked: dict[str, JsonValue] = {"type": geometry, "coordinates": read}
    check_geometry(asked)
    return GeoQuery(
        relation=relation,
        geometry=asked,
        property=geoproperty,
        max_distance_m=distances.get("maxDistance"),
        min_distance_m=distances.get("minDistance"),
    )


def _parse_relation(georel: str) -> tuple[GeoRelation, dict[str, float]]:
    name, *modifiers = georel.split(";")
    try:
        relation = GeoRelation(name)
    except ValueError:
        relation = GeoRelation.COVERED_BY
    if relation is GeoRelation.COVERED_BY:
        # That one is NGSI v2's.
        raise BadRequestData(f"{name!r} is no relation of a geo-query")
    distances: dict[str, float] = {}
    for modifier in modifiers:
        matched = _DISTANCE.fullmatch(modifier)
        if relation is not GeoRelation.NEAR or matched is None or matched[1] in distances:
            raise BadRequestData(f"{modifier!r} is no modifier of {name}")
        distances[matched[1]] = float(matched[2])
    if relation is GeoRelation.NEAR and not distances:
        raise BadRequestData("near asks for ;maxDistance==metres or ;minDistance==metres")
    return relation, distances


def _parse_coordinates(coordinates: JsonValue) -> JsonValue:
    if not isinstance(coordinates, str):
        return coordinates
    if len(coordinates) > _LONGEST:
        raise TooComplexQuery(f"coordinates are longer than {_LONGEST} characters")
    try:
        read: JsonValue = msgspec.json.decode(coordinates)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise BadRequestData("coordinates are no JSON array") from error
    return read


def check_geometry(geometry: JsonValue) -> None:
    """Raises BadRequestData unless this is a GeoJSON geometry other than a collection."""
    if not isinstance(geometry, dict):
        raise BadRequestData("a geometry is an object")
    kind, coordinates = geometry.get("type"), geometry.get("coordinates")
    if not isinstance(kind, str) or kind not in _DEPTH:
        raise BadRequestData(f"{kind!r} is no type of geometry")
    positions = 0
    for line in _lines(coordinates, _DEPTH[kind]):
        positions += len(line)
        if positions > _MOST_POSITIONS:
            raise TooComplexQuery(f"the geometry has more than {_MOST_POSITIONS} positions")
        _check_line(kind, line)
    if positions == 0:
        raise BadRequestData("the geometry has no positions")


def _lines(coordinates: JsonValue, depth: int) -> Iterator[list[JsonValue]]:
    """The runs of positions at their depth; a Point is a run of one."""
    if depth == 0:
        yield [coordinates]
        return
    if not isinstance(coordinates, list):
        raise BadRequestData("coordinates are nested too little for this geometry")
    if depth == 1:
        yield coordinates
        return
    if not coordinates:
        raise BadRequestData("an empty part is no geometry")
    for part in coordinates:
        yield from _lines(part, depth - 1)


def _check_line(kind: str, line: list[JsonValue]) -> None:
    for position in line:
        _check_position(position)
    if kind.endswith("LineString") and len(line) < 2:
        raise BadRequestData("a line has two positions at least")
    if kind.endswith("Polygon"):
        if len(line) < 4:
            raise BadRequestData("a ring has four positions at least")
        if line[0] != line[-1]:
            raise BadRequestData("a ring ends where it begins")


def _check_position(position: JsonValue) -> None:
    if not isinstance(position, list) or not 2 <= len(position) <= 4:
        raise BadRequestData("a position is [longitude, latitude] or [longitude, latitude, height]")
    numbers: list[float] = []
    for number in position:
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise BadRequestData("a position consists of numbers")
        if not math.isfinite(number):
            raise BadRequestData("a position consists of finite numbers")
        numbers.append(number)
    if not (-180 <= numbers[0] <= 180 and -90 <= numbers[1] <= 90):
        raise BadRequestData("longitudes are within ±180, latitudes within ±90")
