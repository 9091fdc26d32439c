"""空間ID (ZFXY): cells of space, named `z/f/x/y`; x and y are tiles of Web Mercator, f a floor.

A floor of zoom z is 2^25 / 2^z metres high: 32 m at z = 20, 1 m at z = 25. f may be negative.
"""

import math
import re
from typing import Final

import msgspec

from mieone.blocks.broker.model import JsonValue
from mieone.blocks.broker.problems import BadRequestData

from .projection import Bounds

HIGHEST_ZOOM: Final = 35
NORTHERNMOST: Final = 85.0511287798066
"""Where Web Mercator ends."""
_WHOLE_HEIGHT_M: Final = 2**25
_FORM: Final = re.compile(r"(\d{1,2})/(-?\d{1,11})/(\d{1,11})/(\d{1,11})", re.ASCII)


class SpatialId(msgspec.Struct, frozen=True, order=True):
    z: int
    f: int
    x: int
    y: int

    def __str__(self) -> str:
        return f"{self.z}/{self.f}/{self.x}/{self.y}"


def encode_position(latitude: float, longitude: float, height_m: float, z: int) -> SpatialId:
    """The cell a position is in; west, north and lower sides belong to a cell, the others do not."""
    tiles = 2**z
    angle = math.radians(max(-NORTHERNMOST, min(NORTHERNMOST, latitude)))
    x = _clamp((longitude + 180) / 360 * tiles, 0, tiles - 1)
    y = _clamp((1 - math.asinh(math.tan(angle)) / math.pi) / 2 * tiles, 0, tiles - 1)
    f = int(height_m // (_WHOLE_HEIGHT_M / tiles))
    return SpatialId(z, f, x, y)


def _clamp(place: float, lowest: int, highest: int) -> int:
    return max(lowest, min(highest, math.floor(place)))


def parse_spatial_id(text: str) -> SpatialId:
    """Raises BadRequestData."""
    matched = _FORM.fullmatch(text)
    if matched is None:
        raise BadRequestData(f"{text[:60]!r} is no spatial id z/f/x/y")
    z, f, x, y = (int(part) for part in matched.groups())
    tiles = 2**z
    if z > HIGHEST_ZOOM or x >= tiles or y >= tiles or not -tiles <= f < tiles:
        raise BadRequestData(f"there is no cell {text}")
    return SpatialId(z, f, x, y)


def find_cell_bounds(cell: SpatialId) -> Bounds:
    tiles = 2**cell.z
    west, east = (edge / tiles * 360 - 180 for edge in (cell.x, cell.x + 1))
    north, south = (_latitude(edge / tiles) for edge in (cell.y, cell.y + 1))
    return west, south, east, north


def _latitude(part: float) -> float:
    return math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * part))))


def find_heights(cell: SpatialId) -> tuple[float, float]:
    """In metres, lower end included, upper end not."""
    step = _WHOLE_HEIGHT_M / 2**cell.z
    return cell.f * step, (cell.f + 1) * step


def list_children(cell: SpatialId) -> tuple[SpatialId, ...]:
    """The eight cells of the next zoom that fill this one."""
    return tuple(
        SpatialId(cell.z + 1, 2 * cell.f + up, 2 * cell.x + east, 2 * cell.y + south)
        for up in (0, 1)
        for south in (0, 1)
        for east in (0, 1)
    )


def find_parent(cell: SpatialId) -> SpatialId:
    """The cell of the zoom before that holds this one; of the whole world, itself."""
    if cell.z == 0:
        return cell
    return SpatialId(cell.z - 1, cell.f // 2, cell.x // 2, cell.y // 2)


def outline(cell: SpatialId) -> dict[str, JsonValue]:
    """The ground of the cell as a GeoJSON polygon."""
    west, south, east, north = find_cell_bounds(cell)
    ring: list[JsonValue] = [
        [west, south],
        [east, south],
        [east, north],
        [west, north],
        [west, south],
    ]
    return {"type": "Polygon", "coordinates": [ring]}
