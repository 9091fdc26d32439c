"""One cell as a value, or a word that says what is wrong with it."""

import math
import re
import unicodedata
from typing import Final

from mieone.blocks.broker.model import JsonValue
from mieone.blocks.broker.model.dataset import CellKind, Column, Position

from .tables import Row

MAX_CELL: Final = 4000
_TRUE: Final = frozenset({"true", "1", "有", "○", "〇", "◯", "yes"})
_FALSE: Final = frozenset({"false", "0", "無", "", "no", "×", "-"})
# What a town's own font draws, and nobody else's: 外字.
_PRIVATE: Final = re.compile("[\ue000-\uf8ff\U000f0000-\U000ffffd\U00100000-\U0010fffd\ufffd]")


class BadCell(Exception):
    """Kept in this room: becomes a finding."""


def read_cell(column: Column, text: str) -> JsonValue:
    """None for an empty cell. Raises BadCell naming what is wrong."""
    text = text.strip()
    if len(text) > MAX_CELL:
        raise BadCell("too_long")
    if _PRIVATE.search(text):
        raise BadCell("private_character")
    if not text:
        if column.is_required:
            raise BadCell("empty")
        return None
    match column.kind:
        case CellKind.TEXT:
            return text
        case CellKind.LIST:
            return [part.strip() for part in text.split(";") if part.strip()]
        case CellKind.BOOLEAN:
            return read_boolean(text)
        case CellKind.NUMBER | CellKind.INTEGER:
            return _number(column, text)


def _number(column: Column, text: str) -> int | float:
    # Towns write １，２００ as well as 1200.
    plain = unicodedata.normalize("NFKC", text).replace(",", "")
    if "_" in plain:
        raise BadCell("no_number")
    try:
        value: int | float = int(plain) if column.kind is CellKind.INTEGER else float(plain)
    except ValueError:
        raise BadCell("no_number") from None
    if not math.isfinite(value):
        raise BadCell("no_number")
    if column.low is not None and value < column.low:
        raise BadCell("too_small")
    if column.high is not None and value > column.high:
        raise BadCell("too_large")
    return int(value) if isinstance(value, float) and value.is_integer() else value


def read_boolean(text: str) -> bool:
    lowered = unicodedata.normalize("NFKC", text.strip()).lower()
    if lowered in _TRUE:
        return True
    if lowered in _FALSE:
        return False
    raise BadCell("no_yes_or_no")


def read_point(row: Row, position: Position) -> tuple[float, float] | None:
    """Longitude and latitude; None where neither stands and neither must. Raises BadCell."""
    names = (position.longitude, position.latitude)
    degrees = [row.get(name, "").strip() for name in names]
    if not any(degrees):
        if position.is_required:
            raise BadCell("empty")
        return None
    try:
        lon, lat = (float(unicodedata.normalize("NFKC", text)) for text in degrees)
    except ValueError:
        raise BadCell("no_number") from None
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise BadCell("no_place_on_earth")
    if position.within is not None:
        west, south, east, north = position.within
        if not (west <= lon <= east and south <= lat <= north):
            raise BadCell("outside_region")
    return lon, lat
