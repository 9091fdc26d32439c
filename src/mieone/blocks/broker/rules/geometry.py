"""Where things are: exact answers to geo-queries.

Predicates are planar in longitude and latitude as GeoJSON says (RFC 7946 §3.1.1: an edge is the
straight line between its ends; §3.1.9: what crosses the antimeridian is cut there), heights do not
count, and a shape that touches itself is first made valid. `near` measures the geodesic on WGS84
from the nearest points of both: to the nanometre for points; for edges the nearest point is found
by sampling and golden section, good to a millimetre on edges of up to a hundred kilometres.
"""

import math
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final, TypeAlias, assert_never

import msgspec
import shapely
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from mieone.blocks.broker.model import GeoQuery, GeoRelation, JsonValue

from .geodesy import find_distance_m, find_reach
from .projection import WIDEST, Bounds, find_bounds, list_heights

_Predicate: TypeAlias = Callable[[BaseGeometry, BaseGeometry], bool]

# Read from the asked geometry, which is prepared: "a thing within it" is "it contains the thing".
_PREDICATES: Final[Mapping[GeoRelation, _Predicate]] = {
    GeoRelation.WITHIN: shapely.contains,
    GeoRelation.CONTAINS: shapely.within,
    GeoRelation.INTERSECTS: shapely.intersects,
    GeoRelation.EQUALS: shapely.equals,
    GeoRelation.DISJOINT: shapely.disjoint,
    GeoRelation.OVERLAPS: shapely.overlaps,
    GeoRelation.COVERED_BY: shapely.covers,
}


_MAY_BE_INVALID: Final = frozenset({"Polygon", "MultiPolygon", "GeometryCollection"})
_NOT_READABLE: Final = (ArithmeticError, ValueError, TypeError, KeyError, AttributeError)


def fits_geometry(value: JsonValue, asked: GeoQuery) -> bool:
    """Whether the geometry `value` of a thing fits; what is no geometry fits nothing."""
    found = read_geometry(value)
    if found is None or not _is_at_height(value, asked.heights_m):
        return False
    reference = _prepare(msgspec.json.encode(asked.geometry))
    if reference is None:
        return False
    if asked.relation is GeoRelation.NEAR:
        return _is_near(found, reference, asked)
    return bool(_PREDICATES[asked.relation](reference, found))


def _is_at_height(value: JsonValue, heights: tuple[float, float] | None) -> bool:
    """What says nothing of its height is at every height."""
    if heights is None:
        return True
    low, high = heights
    own = list_heights(value)
    return not own or (min(own) < high and max(own) >= low)


def _is_near(found: BaseGeometry, reference: BaseGeometry, asked: GeoQuery) -> bool:
    low, high = asked.min_distance_m, asked.max_distance_m
    least, most = find_reach(found, reference)
    if (high is None or most <= high) and (low is None or least >= low):
        return True
    if (high is not None and least > high) or (low is not None and most < low):
        return False
    distance = find_distance_m(found, reference)
    return (high is None or distance <= high) and (low is None or distance >= low)


def distance_m(value: JsonValue, asked: GeoQuery) -> float:
    """For ordering; infinite for what is no geometry."""
    found = read_geometry(value)
    reference = _prepare(msgspec.json.encode(asked.geometry))
    if found is None or reference is None:
        return math.inf
    return find_distance_m(found, reference)


@lru_cache(maxsize=1024)
def _prepare(encoded: bytes) -> BaseGeometry | None:
    found = read_geometry(msgspec.json.decode(encoded))
    if found is not None:
        shapely.prepare(found)
    return found


def read_geometry(value: JsonValue) -> BaseGeometry | None:
    """Valid, or None."""
    if not isinstance(value, dict):
        return None
    if value.get("type") == "Point":
        # By far the most frequent, and quick this way.
        return _read_point(value.get("coordinates"))
    try:
        found = shape(value)
        if found.geom_type in _MAY_BE_INVALID and not shapely.is_valid(found):
            found = shapely.make_valid(found)
    except (*_NOT_READABLE, shapely.errors.ShapelyError):
        return None
    # Of what is empty they are no numbers.
    return found if all(map(math.isfinite, found.bounds)) else None


def _read_point(position: JsonValue) -> BaseGeometry | None:
    match position:
        case [int() | float() as longitude, int() | float() as latitude, *_]:
            if abs(longitude) <= WIDEST and abs(latitude) <= WIDEST:
                return shapely.Point(longitude, latitude)
    return None


def find_boxes(asked: GeoQuery) -> tuple[Bounds, ...] | None:
    """One of these boxes touches the box of whatever fits; None where no box helps."""
    match asked.relation:
        case GeoRelation.DISJOINT:
            return None
        case GeoRelation.NEAR:
            if asked.max_distance_m is None:
                return None
            bounds = find_bounds(asked.geometry)
            return None if bounds is None else _reach_around(bounds, asked.max_distance_m)
        case (
            GeoRelation.WITHIN
            | GeoRelation.CONTAINS
            | GeoRelation.INTERSECTS
            | GeoRelation.EQUALS
            | GeoRelation.OVERLAPS
            | GeoRelation.COVERED_BY
        ):
            bounds = find_bounds(asked.geometry)
            return None if bounds is None else (bounds,)
        case _ as never:
            assert_never(never)


# The smaller radius of curvature of the ellipsoid, and a little more room for its flattening.
_LEAST_RADIUS_M: Final = 6_335_439.0
_ROOM: Final = 1.01


def _reach_around(bounds: Bounds, distance: float) -> tuple[Bounds, ...]:
    """Boxes that hold every point within `distance` metres of the box, on both sides of ±180°."""
    west, south, east, north = bounds
    angle = distance / _LEAST_RADIUS_M * _ROOM
    latitude = math.radians(max(abs(south), abs(north)))
    south, north = south - math.degrees(angle), north + math.degrees(angle)
    if latitude + angle >= math.pi / 2:
        return ((-WIDEST, south, WIDEST, north),)
    wider = math.degrees(math.asin(min(1.0, math.sin(angle) / math.cos(latitude)))) * _ROOM
    west, east = west - wider, east + wider
    if east - west >= 360:
        return ((-WIDEST, south, WIDEST, north),)
    return tuple((west + turn, south, east + turn, north) for turn in (-360.0, 0.0, 360.0))
