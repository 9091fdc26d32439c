"""Distances over the ellipsoid WGS84 between shapes whose edges are straight in degrees."""

import math
from collections.abc import Callable
from typing import Final, TypeAlias

import numpy as np
import shapely
from geographiclib.geodesic import Geodesic
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

_EARTH: Final = Geodesic.WGS84
_RADIUS_M: Final = 6_371_008.8
_FLATTENING_ROOM: Final = 0.01
"""The distance on a sphere differs from the geodesic by less than this part of it."""
_SAMPLES: Final = 33
_GOLDEN: Final = (math.sqrt(5) - 1) / 2
_STEPS: Final = 48
_MOST_EDGES: Final = 24

_Floats: TypeAlias = NDArray[np.float64]


def geodesic_m(lon1: float, lat1: float, lon2: float, lat2: float) -> float:
    found = _EARTH.Inverse(lat1, lon1, lat2, lon2, Geodesic.DISTANCE)
    return float(found["s12"])


def find_reach(one: BaseGeometry, other: BaseGeometry) -> tuple[float, float]:
    """Bounds of the distance in metres, quickly: from a sphere and from sampled edges."""
    if one.geom_type == other.geom_type == "Point":
        # By far the most frequent, and quick this way.
        distance = _between_points_m(one, other)
        return distance * (1 - _FLATTENING_ROOM), distance * (1 + _FLATTENING_ROOM)
    if shapely.intersects(one, other):
        return 0.0, 0.0
    least, most = math.inf, math.inf
    for point in _vertices(other):
        distances, gap = _sampled(one, point)
        nearest = float(distances.min())
        most = min(most, nearest * (1 + _FLATTENING_ROOM))
        least = min(least, (nearest - gap) * (1 - _FLATTENING_ROOM))
    if other.geom_type != "Point":
        # Its own edges may come nearer than its corners.
        least = 0.0
    return max(least, 0.0), most


def _between_points_m(one: BaseGeometry, other: BaseGeometry) -> float:
    """On the sphere."""
    lon, lat = math.radians(shapely.get_x(one)), math.radians(shapely.get_y(one))
    other_lon, other_lat = math.radians(shapely.get_x(other)), math.radians(shapely.get_y(other))
    chord = (
        math.sin((lat - other_lat) / 2) ** 2
        + math.cos(lat) * math.cos(other_lat) * math.sin((lon - other_lon) / 2) ** 2
    )
    return 2 * _RADIUS_M * math.asin(math.sqrt(min(1.0, max(0.0, chord))))


def find_distance_m(one: BaseGeometry, other: BaseGeometry) -> float:
    """The geodesic between the nearest points of both; 0 where they meet."""
    if one.geom_type == other.geom_type == "Point":
        x, y = shapely.get_x(one), shapely.get_y(one)
        return geodesic_m(x, y, shapely.get_x(other), shapely.get_y(other))
    if shapely.intersects(one, other):
        return 0.0
    return min(_from_all_points(one, other), _from_all_points(other, one))


def _from_all_points(target: BaseGeometry, source: BaseGeometry) -> float:
    """From the corners of `source` to `target`: of two shapes that do not meet, the nearest points
    of straight edges include a corner of one of them."""
    return min(_from_point(target, point) for point in _vertices(source))


def _vertices(geometry: BaseGeometry) -> _Floats:
    found: _Floats = shapely.get_coordinates(geometry)
    return found


def _edges(geometry: BaseGeometry) -> tuple[_Floats, _Floats]:
    """Starts and ends; a point is an edge without length."""
    starts: list[_Floats] = []
    ends: list[_Floats] = []
    for part in _simple_parts(geometry):
        corners = _vertices(part)
        if len(corners) == 1:
            starts.append(corners)
            ends.append(corners)
        else:
            starts.append(corners[:-1])
            ends.append(corners[1:])
    return np.concatenate(starts), np.concatenate(ends)


def _simple_parts(geometry: BaseGeometry) -> list[BaseGeometry]:
    """Points, lines and rings."""
    found: list[BaseGeometry] = []
    for part in shapely.get_parts(geometry).tolist():
        if part.geom_type == "Polygon":
            found.extend(shapely.get_rings(part).tolist())
        elif part.geom_type.startswith(("Multi", "GeometryCollection")):
            found.extend(_simple_parts(part))
        else:
            found.append(part)
    return found


def _sphere_m(longitudes: _Floats, latitudes: _Floats, point: _Floats) -> _Floats:
    lon, lat = np.radians(point[0]), np.radians(point[1])
    lons, lats = np.radians(longitudes), np.radians(latitudes)
    chord = (
        np.sin((lats - lat) / 2) ** 2 + np.cos(lats) * np.cos(lat) * np.sin((lons - lon) / 2) ** 2
    )
    return np.asarray(2 * _RADIUS_M * np.arcsin(np.sqrt(np.clip(chord, 0.0, 1.0))))


def _places(edges: tuple[_Floats, _Floats]) -> _Floats:
    """Where along each edge it is sampled: an edge without length at its start only."""
    is_point = bool((edges[0] == edges[1]).all())
    return np.zeros(1) if is_point else np.linspace(0.0, 1.0, _SAMPLES)


def _sampled(geometry: BaseGeometry, point: _Floats) -> tuple[_Floats, float]:
    """Distances on the sphere to places on each edge, and how far from one the edge may stray."""
    starts, ends = edges = _edges(geometry)
    steps = _places(edges)[None, :, None]
    places = starts[:, None, :] + (ends - starts)[:, None, :] * steps
    distances = _sphere_m(places[..., 0], places[..., 1], point)
    if len(_places(edges)) == 1:
        return distances, 0.0
    longest = float(np.hypot(*(ends - starts).T).max())
    return distances, math.radians(longest / (_SAMPLES - 1)) * _RADIUS_M


def _from_point(geometry: BaseGeometry, point: _Floats) -> float:
    edges = _edges(geometry)
    distances, _ = _sampled(geometry, point)
    nearest = distances.min(axis=1)
    spacing = np.radians(np.hypot(*(edges[1] - edges[0]).T) / (_SAMPLES - 1)) * _RADIUS_M
    hopeful = nearest - spacing <= float(nearest.min()) * (1 + 2 * _FLATTENING_ROOM)
    chosen = np.flatnonzero(hopeful)
    chosen = chosen[np.argsort(nearest[chosen])][:_MOST_EDGES]
    return min(
        _to_edge(edges[0][edge], edges[1][edge], point, int(distances[edge].argmin()))
        for edge in chosen
    )


def _to_edge(start: _Floats, end: _Floats, point: _Floats, best: int) -> float:
    lon, lat = float(point[0]), float(point[1])
    (x0, y0), (x1, y1) = start.tolist(), end.tolist()

    def measure(part: float) -> float:
        return geodesic_m(lon, lat, x0 + (x1 - x0) * part, y0 + (y1 - y0) * part)

    if (x0, y0) == (x1, y1):
        return measure(0.0)
    low, high = max(0, best - 1) / (_SAMPLES - 1), min(_SAMPLES - 1, best + 1) / (_SAMPLES - 1)
    return min(_least(measure, low, high), measure(low), measure(high))


def _least(measure: Callable[[float], float], low: float, high: float) -> float:
    """The least value between, where there is one valley: golden section."""
    left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_left, at_right = measure(left), measure(right)
    for _ in range(_STEPS):
        if at_left <= at_right:
            high, right, at_right = right, left, at_left
            left = high - _GOLDEN * (high - low)
            at_left = measure(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + _GOLDEN * (high - low)
            at_right = measure(right)
    return min(at_left, at_right)
