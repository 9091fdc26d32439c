"""What of an instance the indexes hold: enough to find every candidate, never to answer alone.

Whatever is not held exactly (long texts, numbers that a double rounds, long or nested lists) says
`is_opaque`: it is a candidate of every comparison on its attribute. All else is held so that an
equal number, text, boolean or instant is found exactly.
"""

import math
from collections.abc import Iterator
from datetime import datetime
from typing import Final, TypeAlias

import msgspec

from mieone.blocks.broker.model import AttributeKind, DatasetId, Instance, JsonValue

from .instants import find_instant

PLACES: Final = 16
"""How many elements of a list are indexed; of longer lists only the document knows."""
WORDS_OCTETS: Final = 512
WIDEST: Final = 540.0
"""Longitudes beyond ±180 are kept as they are; beyond this a box covers the whole round."""

TRUE: Final = "\x02true"
FALSE: Final = "\x02false"
VOCABULARY: Final = "\x03"
"""Before the IRIs of VocabProperties, as texts, vocabulary and booleans share a column."""
_MARKS: Final = ("\x02", "\x03")

Bounds: TypeAlias = tuple[float, float, float, float]
"""West, south, east, north; a point's box is degenerate."""


class IndexRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of broker.attribute without tenant, name and sequence. Place 0 is always there."""

    dataset: DatasetId
    place: int = 0
    number: float | None = None
    words: str | None = None
    instant: datetime | None = None
    bounds: Bounds | None = None
    is_opaque: bool = False


_OPAQUE: Final = IndexRow(dataset="", is_opaque=True)
_NOTHING: Final = IndexRow(dataset="")


def project(dataset: DatasetId, instance: Instance) -> list[IndexRow]:
    if instance.kind is AttributeKind.GEO_PROPERTY:
        return [_project_geometry(dataset, instance.value)]
    mark = VOCABULARY if instance.kind is AttributeKind.VOCAB_PROPERTY else ""
    rows = [_project_value(value, mark) for value in _comparable(instance)]
    if len(rows) > PLACES:
        rows = [_OPAQUE]
    return [
        msgspec.structs.replace(row, dataset=dataset, place=place)
        for place, row in enumerate(rows or [_NOTHING])
    ]


def _comparable(instance: Instance) -> list[JsonValue]:
    """The values that a comparison without a path into the value looks at."""
    value = instance.value
    if instance.kind is AttributeKind.LANGUAGE_PROPERTY and isinstance(value, dict):
        values: list[JsonValue] = []
        for text in value.values():
            values.extend(text if isinstance(text, list) else [text])
        return values
    return list(value) if isinstance(value, list) else [value]


def _project_value(value: JsonValue, mark: str) -> IndexRow:
    value = unwrap(value)
    if isinstance(value, bool):
        return IndexRow(dataset="", words=TRUE if value else FALSE)
    if isinstance(value, int | float):
        return _project_number(value)
    if isinstance(value, str):
        return _project_text(value, mark)
    return _NOTHING if value is None or isinstance(value, dict) else _OPAQUE


def unwrap(value: JsonValue) -> JsonValue:
    """`{"@type": "DateTime", "@value": x}` and `{"object": x}` of a list count as x."""
    if isinstance(value, dict):
        if "@value" in value:
            return value["@value"]
        if len(value) == 1 and "object" in value:
            return value["object"]
    return value


def _project_number(value: float) -> IndexRow:
    try:
        number = float(value)
    except OverflowError:
        return _OPAQUE
    if not math.isfinite(number) or number != value:
        return _OPAQUE
    return IndexRow(dataset="", number=number)


def _project_text(text: str, mark: str) -> IndexRow:
    if not is_indexable(text):
        return _OPAQUE
    return IndexRow(dataset="", words=mark + text, instant=find_instant(text))


def is_indexable(text: str) -> bool:
    """PostgreSQL keeps neither NUL nor half of a surrogate pair; long texts are not indexed."""
    if len(text) >= WORDS_OCTETS or "\x00" in text or text.startswith(_MARKS):
        return False
    try:
        return len(text.encode()) < WORDS_OCTETS
    except UnicodeEncodeError:
        return False


def _project_geometry(dataset: DatasetId, value: JsonValue) -> IndexRow:
    bounds = find_bounds(value)
    return IndexRow(dataset=dataset, bounds=bounds, is_opaque=bounds is None)


def find_bounds(geometry: JsonValue) -> Bounds | None:
    """The box around a GeoJSON geometry as its coordinates stand (RFC 7946 §3.1.9: whoever crosses
    the antimeridian is cut there); None when there is no position in it."""
    point = _find_point(geometry)
    if point is not None:
        # By far the most frequent, and quick this way.
        return point
    west = south = math.inf
    east = north = -math.inf
    try:
        for longitude, latitude, *_ in _positions(geometry):
            west, east = min(west, longitude), max(east, longitude)
            south, north = min(south, latitude), max(north, latitude)
    except OverflowError:
        # A whole number that no double holds.
        return None
    if not (math.isfinite(west + east) and math.isfinite(south + north)):
        return None
    if west < -WIDEST or east > WIDEST:
        west, east = min(west, -WIDEST), max(east, WIDEST)
    return west, south, east, north


def _find_point(geometry: JsonValue) -> Bounds | None:
    """The box of a Point between the ends of the map; anything else is looked at closely."""
    if not isinstance(geometry, dict) or geometry.get("type") != "Point":
        return None
    position = geometry.get("coordinates")
    if not isinstance(position, list) or len(position) not in (2, 3):
        return None
    longitude, latitude = position[:2]
    if not isinstance(longitude, int | float) or not isinstance(latitude, int | float):
        return None
    if not (-WIDEST <= longitude <= WIDEST and -WIDEST <= latitude <= WIDEST):
        return None
    x, y = float(longitude), float(latitude)
    return x, y, x, y


def list_heights(geometry: JsonValue) -> list[float]:
    """The third ordinates, where positions have one."""
    return [position[2] for position in _positions(geometry) if len(position) > 2]


def _positions(geometry: JsonValue) -> Iterator[tuple[float, ...]]:
    waiting: list[JsonValue] = [geometry]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            waiting.extend(part[name] for name in ("geometries", "coordinates") if name in part)
        elif isinstance(part, list):
            match part:
                case [int() | float(), int() | float(), *_]:
                    yield tuple(float(n) for n in part[:3] if isinstance(n, int | float))
                case _:
                    waiting.extend(part)
