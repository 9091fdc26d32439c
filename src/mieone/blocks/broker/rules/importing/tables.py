"""Bytes of a CSV or JSON file as rows of text cells."""

import csv
import io
from collections.abc import Mapping
from typing import TypeAlias

import msgspec

from mieone.blocks.broker.model import JsonValue
from mieone.blocks.broker.problems import BadRequestData

Row: TypeAlias = Mapping[str, str]

MAX_ROWS = 200_000
MAX_BYTES = 12 * 1024 * 1024


def read_table(content: bytes, *, is_json: bool) -> list[Row]:
    """UTF-8 (with or without BOM) or CP932; JSON is a list of flat objects or a GeoJSON collection.

    Raises BadRequestData when the file as a whole cannot be read.
    """
    if len(content) > MAX_BYTES:
        raise BadRequestData(f"the file is larger than {MAX_BYTES} bytes")
    rows = _json_rows(content) if is_json else _csv_rows(_decoded(content))
    if len(rows) > MAX_ROWS:
        raise BadRequestData(f"the file has more than {MAX_ROWS} rows")
    return rows


def _decoded(content: bytes) -> str:
    for encoding in ("utf-8-sig", "cp932"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise BadRequestData("the file is neither UTF-8 nor CP932")


def _csv_rows(text: str) -> list[Row]:
    if "\0" in text:
        raise BadRequestData("the file has a NUL character")
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        heading = next(reader, [])
        if len(set(heading)) != len(heading):
            raise BadRequestData("a heading stands twice")
        rows = [cells for cells in reader if any(cells)]
    except csv.Error as error:
        raise BadRequestData(f"not CSV: {error}") from None
    # A short row has empty cells at its end; what stands beyond the heading belongs to nothing.
    return [dict(zip(heading, cells + [""] * len(heading), strict=False)) for cells in rows]


def _json_rows(content: bytes) -> list[Row]:
    try:
        decoded: JsonValue = msgspec.json.decode(content)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise BadRequestData(f"not JSON: {error}") from None
    if isinstance(decoded, dict) and decoded.get("type") == "FeatureCollection":
        features = decoded.get("features")
        return [_feature_row(item) for item in features] if isinstance(features, list) else []
    objects = decoded if isinstance(decoded, list) else [decoded]
    return [_object_row(item) for item in objects]


def _object_row(item: JsonValue) -> Row:
    if not isinstance(item, dict):
        raise BadRequestData("a row is no JSON object")
    return {name: _cell(value) for name, value in item.items()}


def _feature_row(item: JsonValue) -> Row:
    row: dict[str, str] = {}
    if isinstance(item, dict):
        properties, geometry = item.get("properties"), item.get("geometry")
        if isinstance(properties, dict):
            row.update(_object_row(properties))
        if isinstance(geometry, dict) and geometry.get("type") == "Point":
            point = geometry.get("coordinates")
            if isinstance(point, list) and len(point) >= 2:
                row["lon"], row["lat"] = _cell(point[0]), _cell(point[1])
    return row


def _cell(value: JsonValue) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case list():
            return ";".join(_cell(member) for member in value)
        case _:
            return msgspec.json.encode(value).decode()
