"""Reading a region's files; whatever is wrong is named by file and row."""

import csv
from pathlib import Path
from typing import TypeVar

import msgspec
import yaml

T = TypeVar("T")


class RegionInvalid(Exception):
    """The region's files cannot be used; says which file and row, for whoever keeps them."""

    def __init__(self, file: str, row: str, reason: str) -> None:
        super().__init__(f"{file}, {row}: {reason}")
        self.file = file
        self.row = row
        self.reason = reason


def read_yaml(directory: Path, name: str, shape: type[T]) -> T:
    try:
        content = yaml.safe_load((directory / name).read_text(encoding="utf-8"))
    except FileNotFoundError as missing:
        raise RegionInvalid(name, "file", "is not there") from missing
    except (yaml.YAMLError, UnicodeDecodeError) as broken:
        raise RegionInvalid(name, "file", str(broken)) from broken
    return convert(name, "content", content, shape)


def read_table(directory: Path, name: str, row_type: type[T]) -> tuple[T, ...]:
    return tuple(
        convert(name, f"row {number}", row, row_type) for number, row in read_rows(directory, name)
    )


def read_rows(directory: Path, name: str) -> list[tuple[int, dict[str, str | None]]]:
    """Rows with their line numbers; an empty field is unknown, not empty text."""
    try:
        with (directory / name).open(encoding="utf-8", newline="") as lines:
            reader = csv.reader(lines)
            header = next(reader, [])
            numbered = list(enumerate(reader, start=2))
    except FileNotFoundError as missing:
        raise RegionInvalid(name, "file", "is not there") from missing
    except UnicodeDecodeError as broken:
        raise RegionInvalid(name, "file", "is not UTF-8") from broken
    for number, fields in numbered:
        if len(fields) != len(header):
            reason = f"{len(fields)} fields instead of {len(header)}"
            raise RegionInvalid(name, f"row {number}", reason)
    return [
        (number, {column: field or None for column, field in zip(header, fields, strict=True)})
        for number, fields in numbered
    ]


def convert(name: str, row: str, content: object, shape: type[T]) -> T:
    try:
        return msgspec.convert(content, shape, strict=False)
    except msgspec.ValidationError as wrong:
        raise RegionInvalid(name, row, str(wrong)) from wrong
