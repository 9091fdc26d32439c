"""The values a rule may speak about, their types, and the value that is not known yet."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType

import msgspec


class Unknown(msgspec.Struct, frozen=True):
    """A missing input. It spreads through every expression and names the fields to ask for."""

    fields: frozenset[str]


class Kind(StrEnum):
    INT = "int"
    DECIMAL = "decimal"
    DATE = "date"
    BOOL = "bool"
    TEXT = "text"


class RecordType(msgspec.Struct, frozen=True):
    fields: Mapping[str, Kind]


class ListType(msgspec.Struct, frozen=True):
    of: RecordType


Type = Kind | RecordType | ListType
Scalar = int | Decimal | date | bool | str


class Record(msgspec.Struct, frozen=True):
    """One row of a repeat group, for example one child."""

    path: str
    values: Mapping[str, Scalar | Unknown]

    def find(self, name: str) -> Scalar | Unknown:
        """A field that was not answered is unknown, never empty, zero or false."""
        return self.values.get(name, Unknown(frozenset({f"{self.path}.{name}"})))

    def extended(self, name: str, value: Scalar | Unknown) -> "Record":
        return Record(self.path, MappingProxyType({**self.values, name: value}))


Value = Scalar | Unknown | Record | tuple[Record, ...]


def unknown(*fields: str) -> Unknown:
    return Unknown(frozenset(fields))


def join_unknown(values: tuple[Value, ...]) -> Unknown | None:
    """All missing fields of the given values together; None when every value is known."""
    missing: frozenset[str] = frozenset()
    found = False
    for value in values:
        if isinstance(value, Unknown):
            found = True
            missing |= value.fields
    return Unknown(missing) if found else None
