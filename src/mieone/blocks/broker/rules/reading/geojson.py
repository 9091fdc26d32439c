"""GeoJSON geometries (RFC 7946), checked to the last position."""

from collections.abc import Callable, Mapping
from typing import Final

from mieone.blocks.broker.model import JsonValue
from mieone.blocks.broker.problems import BadRequestData

GEOMETRIES: Final = frozenset(
    (
        "Point",
        "MultiPoint",
        "LineString",
        "MultiLineString",
        "Polygon",
        "MultiPolygon",
        "GeometryCollection",
    )
)
MAX_POSITIONS: Final = 100_000
MAX_MEMBERS: Final = 1_000


def looks_like_geometry(document: JsonValue) -> bool:
    return (
        isinstance(document, dict)
        and ("coordinates" in document or "geometries" in document)
        and isinstance(kind := document.get("type"), str)
        and kind in GEOMETRIES
    )


def check_geometry(document: JsonValue, what: str = "geometry") -> dict[str, JsonValue]:
    """All seven types; longitudes and latitudes in range, rings closed."""
    if not isinstance(document, dict):
        raise BadRequestData(f"{what} is not a GeoJSON geometry")
    _check_geometry(document, what, is_inner=False)
    return document


def _check_geometry(document: dict[str, JsonValue], what: str, *, is_inner: bool) -> None:
    kind = document.get("type")
    if kind == "GeometryCollection":
        members = document.get("geometries")
        if not isinstance(members, list) or len(members) > MAX_MEMBERS or is_inner:
            raise BadRequestData(f"{what}: geometries is not an array of plain geometries")
        for member in members:
            if not isinstance(member, dict):
                raise BadRequestData(f"{what}: geometries holds what is no geometry")
            _check_geometry(member, what, is_inner=True)
        return
    check = _CHECKS.get(kind) if isinstance(kind, str) else None
    if check is None:
        raise BadRequestData(f"{what}: type is not one of GeoJSON's geometries")
    check(document.get("coordinates"), what)


def _position(value: JsonValue, what: str) -> None:
    if not isinstance(value, list) or not 2 <= len(value) <= 4:
        raise BadRequestData(f"{what}: a position is [longitude, latitude]")
    for number in value:
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise BadRequestData(f"{what}: a position holds numbers only")
    longitude, latitude = value[0], value[1]
    assert isinstance(longitude, int | float)
    assert isinstance(latitude, int | float)
    if not (-180 <= longitude <= 180 and -90 <= latitude <= 90):
        raise BadRequestData(f"{what}: longitude or latitude is out of range")


def _many(each: Callable[[JsonValue, str], None], least: int) -> Callable[[JsonValue, str], None]:
    def check(value: JsonValue, what: str) -> None:
        if not isinstance(value, list) or not least <= len(value) <= MAX_POSITIONS:
            raise BadRequestData(f"{what}: coordinates are not nested as the type asks")
        for part in value:
            each(part, what)

    return check


def _ring(value: JsonValue, what: str) -> None:
    _many(_position, 4)(value, what)
    assert isinstance(value, list)
    if value[0] != value[-1]:
        raise BadRequestData(f"{what}: a ring of a polygon is not closed")


_CHECKS: Final[Mapping[str, Callable[[JsonValue, str], None]]] = {
    "Point": _position,
    "MultiPoint": _many(_position, 1),
    "LineString": _many(_position, 2),
    "MultiLineString": _many(_many(_position, 2), 1),
    "Polygon": _many(_ring, 1),
    "MultiPolygon": _many(_many(_ring, 1), 1),
}
