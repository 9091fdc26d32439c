"""Bytes of a CSV or JSON file as rows of text cells."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

import msgspec

from mieone.blocks.broker.model import JsonValue
from mieone.blocks.broker.problems import UnreadableFile

from .formulas import unmark

Row: TypeAlias = Mapping[str, str]

MAX_ROWS: Final = 200_000
MAX_BYTES: Final = 12 * 1024 * 1024
_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")


class Table(msgspec.Struct, frozen=True, kw_only=True):
    headings: frozenset[str]
    rows: Sequence[Row]
    lines: Sequence[int] = ()
    """Where in the file each row begins, from 1, the heading counted; none for JSON."""

    def line_of(self, number: int) -> int:
        """Of the row of that number, from 1; 0 where there are no lines."""
        return self.lines[number - 1] if self.lines else 0


def read_table(content: bytes, *, is_json: bool) -> Table:
    """UTF-8 or UTF-16 (with a byte order mark) or CP932; JSON is a list of flat objects or GeoJSON.

    Raises UnreadableFile when the file as a whole cannot be read.
    """
    if len(content) > MAX_BYTES:
        raise UnreadableFile(f"the file is larger than {MAX_BYTES} bytes", "file_too_large")
    if not content.strip():
        raise UnreadableFile("the file is empty", "file_empty")
    table = _json_table(content) if is_json else _csv_table(_decoded(content))
    if len(table.rows) > MAX_ROWS:
        raise UnreadableFile(f"the file has more than {MAX_ROWS} rows", "file_too_long")
    return table


def _decoded(content: bytes) -> str:
    encodings = ("utf-16",) if content[:2] in _UTF_16 else ("utf-8-sig", "cp932")
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UnreadableFile("the file is neither UTF-8 nor CP932", "file_encoding")


def _csv_table(text: str) -> Table:
    if "\0" in text:
        raise UnreadableFile("the file has a NUL character", "file_encoding")
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[Row] = []
    lines: list[int] = []
    try:
        heading = [name.strip() for name in next(reader, [])]
        if len(set(heading)) != len(heading):
            raise UnreadableFile("a heading stands twice", "heading_twice", 1)
        begins = reader.line_num + 1
        for cells in reader:
            if any(cells):
                # A short row has empty cells at its end; what stands beyond the heading belongs to nothing.
                padded = [*map(unmark, cells), *[""] * len(heading)]
                rows.append(dict(zip(heading, padded, strict=False)))
                lines.append(begins)
            begins = reader.line_num + 1
    except csv.Error as error:
        raise UnreadableFile(f"not CSV: {error}", "no_csv", reader.line_num) from None
    return Table(headings=frozenset(heading), rows=rows, lines=lines)


def _json_table(content: bytes) -> Table:
    try:
        decoded: JsonValue = msgspec.json.decode(content)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise UnreadableFile(f"not JSON: {error}", "no_json") from None
    if isinstance(decoded, dict) and decoded.get("type") == "FeatureCollection":
        features = decoded.get("features")
        rows = [_feature_row(item) for item in features] if isinstance(features, list) else []
    else:
        objects = decoded if isinstance(decoded, list) else [decoded]
        rows = [_object_row(item) for item in objects]
    return Table(headings=frozenset(name for row in rows for name in row), rows=rows)


def _object_row(item: JsonValue) -> Row:
    if not isinstance(item, dict):
        raise UnreadableFile("a row is no JSON object", "no_json")
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
