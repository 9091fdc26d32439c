"""Decision tables: dated, cited rows, looked up by named inputs on a reference date."""

from collections.abc import Mapping, Sequence
from datetime import date
from enum import StrEnum
from typing import assert_never

import msgspec

from .values import Kind, Scalar, Unknown, Value, join_unknown

ANY = "any"


class Hit(StrEnum):
    UNIQUE = "unique"
    FIRST = "first"
    COLLECT_SUM = "collect_sum"


class TableError(ValueError):
    """A table that may not be published, or that has no answer where it must have one."""


class TableInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    type: Kind
    values: tuple[str, ...] = ()
    """The declared domain of a text input."""
    first: int | None = None
    last: int | None = None
    """The declared domain of a whole-number input; `last` may stay open."""


class Row(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id: str
    when: Mapping[str, str | int | bool | tuple[str, ...]]
    then: Mapping[str, int | str | bool]
    law_ref: str
    source: str
    verified: bool
    valid_from: str
    valid_until: str | None = None
    """The first day that no longer counts."""
    explain_ja: str

    def is_valid_on(self, day: date) -> bool:
        starts = date.fromisoformat(self.valid_from)
        return starts <= day and (
            self.valid_until is None or day < date.fromisoformat(self.valid_until)
        )


class Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id: str
    hit: Hit
    inputs: Mapping[str, TableInput]
    outputs: Mapping[str, Kind]
    rows: tuple[Row, ...]
    note: str = ""


class Lookup(msgspec.Struct, frozen=True):
    outputs: Mapping[str, Scalar | Unknown]
    rows: tuple[Row, ...]


def look_up(table: Table, inputs: Mapping[str, Value], on: date) -> Lookup:
    """The answer of the table on that day. A missing input that matters makes it unknown."""
    matches: list[Row] = []
    doubts: list[Unknown] = []
    for row in table.rows:
        if not row.is_valid_on(on):
            continue
        fit = _fits(row, inputs)
        if isinstance(fit, Unknown):
            doubts.append(fit)
        elif fit:
            matches.append(row)
            if table.hit is Hit.FIRST:
                break
    missing = join_unknown(tuple(doubts))
    if missing and not (table.hit is Hit.UNIQUE and matches):
        return Lookup(outputs=dict.fromkeys(table.outputs, missing), rows=())
    return Lookup(outputs=_combine(table, matches, on), rows=tuple(matches))


def _combine(table: Table, matches: Sequence[Row], on: date) -> dict[str, Scalar | Unknown]:
    match table.hit:
        case Hit.UNIQUE | Hit.FIRST:
            if not matches or (table.hit is Hit.UNIQUE and len(matches) > 1):
                raise TableError(f"{table.id}: {len(matches)} rows on {on.isoformat()}")
            return dict(matches[0].then)
        case Hit.COLLECT_SUM:
            return {name: sum(int(row.then[name]) for row in matches) for name in table.outputs}
        case _:
            assert_never(table.hit)


def _fits(row: Row, inputs: Mapping[str, Value]) -> bool | Unknown:
    doubts: list[Value] = []
    for name, cell in row.when.items():
        if cell == ANY:
            continue
        value = inputs.get(name, Unknown(frozenset({name})))
        if isinstance(value, Unknown):
            doubts.append(value)
        elif not cell_holds(cell, value):
            return False
    return join_unknown(tuple(doubts)) or True


def cell_holds(cell: str | int | bool | tuple[str, ...], value: Value) -> bool:
    """A cell is `any`, one value, several values, or a range of whole numbers such as `3..`."""
    if cell == ANY:
        return True
    if isinstance(cell, tuple):
        return value in cell
    if isinstance(cell, str) and ".." in cell:
        low, high = read_range(cell)
        return isinstance(value, int) and low <= value and (high is None or value <= high)
    return value == cell and isinstance(value, bool) is isinstance(cell, bool)


def read_range(cell: str) -> tuple[int, int | None]:
    low, high = cell.split("..", 1)
    return (int(low) if low else 0), (int(high) if high else None)
