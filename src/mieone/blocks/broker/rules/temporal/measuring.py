"""What an aggregation can reckon with in a value."""

import math
from hashlib import blake2b
from typing import Final

import msgspec

from mieone.blocks.broker.model import AttributeKind, Instance, JsonValue
from mieone.blocks.broker.model.temporal import AggregationMethod, ValueSort

_ENCODER: Final = msgspec.json.Encoder(order="deterministic")
_NATIVE: Final = frozenset(
    {AttributeKind.PROPERTY, AttributeKind.JSON_PROPERTY, AttributeKind.LIST_PROPERTY}
)
_TYPED: Final = {
    "DateTime": ValueSort.DATE_TIME,
    "Date": ValueSort.DATE,
    "Time": ValueSort.TIME,
}
_COUNTS: Final = frozenset({AggregationMethod.TOTAL_COUNT, AggregationMethod.DISTINCT_COUNT})
_EXTREMES: Final = frozenset({AggregationMethod.MINIMUM, AggregationMethod.MAXIMUM})
_SUMS: Final = frozenset({AggregationMethod.SUM, AggregationMethod.AVERAGE})
_SPREAD: Final = frozenset({AggregationMethod.DEVIATION, AggregationMethod.SQUARES})
METHODS: Final = {
    ValueSort.NUMBER: _COUNTS | _EXTREMES | _SUMS | _SPREAD,
    ValueSort.BOOLEAN: _COUNTS | _EXTREMES | _SUMS | _SPREAD,
    ValueSort.ARRAY: _COUNTS | _EXTREMES | _SUMS,
    ValueSort.TEXT: _COUNTS | _EXTREMES,
    ValueSort.DATE_TIME: _COUNTS | _EXTREMES,
    ValueSort.DATE: _COUNTS | _EXTREMES,
    ValueSort.TIME: _COUNTS | _EXTREMES | {AggregationMethod.AVERAGE},
    ValueSort.OTHER: _COUNTS,
}
"""ETSI GS CIM 009 tables 4.5.19.1-1 to -3."""
NUMERIC: Final = frozenset({ValueSort.NUMBER, ValueSort.BOOLEAN, ValueSort.ARRAY})
"""Their `number` says all that methods other than counts need."""


class Measure(msgspec.Struct, frozen=True):
    sort: ValueSort
    number: float | None
    fingerprint: int
    """Equal for equal values; 64 bits, signed as PostgreSQL has them."""


def measure(instance: Instance) -> Measure:
    sort, number = _reckon(instance)
    return Measure(sort, number, fingerprint(instance.value))


def _reckon(instance: Instance) -> tuple[ValueSort, float | None]:
    value = instance.value
    if instance.kind not in _NATIVE:
        return ValueSort.OTHER, None
    if isinstance(value, bool):
        return ValueSort.BOOLEAN, float(value)
    if isinstance(value, int | float):
        return _number(value)
    if isinstance(value, list):
        return ValueSort.ARRAY, float(len(value))
    if isinstance(value, str):
        return ValueSort.TEXT, None
    if isinstance(value, dict) and isinstance(value.get("@value"), str):
        return _TYPED.get(_last_word(value.get("@type")), ValueSort.OTHER), None
    return ValueSort.OTHER, None


def _number(value: float) -> tuple[ValueSort, float | None]:
    try:
        number = float(value)
    except OverflowError:
        return ValueSort.OTHER, None
    return (ValueSort.NUMBER, number) if math.isfinite(number) else (ValueSort.OTHER, None)


def _last_word(kind: JsonValue) -> str:
    """`DateTime` of `https://uri.etsi.org/ngsi-ld/DateTime`, and of the short name."""
    return kind.rsplit("/", 1)[-1].rsplit("#", 1)[-1] if isinstance(kind, str) else ""


def fingerprint(value: JsonValue) -> int:
    digest = blake2b(_ENCODER.encode(_plain(value)), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def _plain(value: JsonValue) -> JsonValue:
    """1 and 1.0 are one value; true is another."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, list):
        return [_plain(element) for element in value]
    if isinstance(value, dict):
        return {name: _plain(member) for name, member in value.items()}
    return value
