"""Conditions that are kept: `q` and `mq` of a subscription, as JSON and back.

A scalar may be a text or an instant, which JSON cannot tell apart; hence a form of our own.
"""

from datetime import datetime
from typing import Final

import msgspec

from .query import (
    Absent,
    AllOf,
    AnyOf,
    Compare,
    Comparison,
    Condition,
    Exists,
    Path,
    Scalar,
    Span,
)

_AT: Final = "at"


class Filter:
    """No struct, so that msgspec asks the hooks below."""

    __slots__ = ("condition", "metadata")

    def __init__(
        self, condition: Condition | None = None, metadata: Condition | None = None
    ) -> None:
        self.condition = condition
        self.metadata = metadata

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Filter) and (self.condition, self.metadata) == (
            other.condition,
            other.metadata,
        )

    def __hash__(self) -> int:
        return hash((self.condition, self.metadata))


def encode_filter(value: object) -> object:
    """`enc_hook` of msgspec, which is told by NotImplementedError of what it is not for."""
    if not isinstance(value, Filter):
        raise NotImplementedError(type(value).__name__)
    return [None if part is None else _encode(part) for part in (value.condition, value.metadata)]


def decode_filter(kind: type, value: object) -> object:
    """`dec_hook` of msgspec, which is told by NotImplementedError of what it is not for."""
    if kind is not Filter or not isinstance(value, list):
        raise NotImplementedError(kind.__name__)
    condition, metadata = (None if part is None else _decode(part) for part in value)
    return Filter(condition, metadata)


def _encode(condition: Condition) -> object:
    match condition:
        case Exists(path):
            return {"exists": msgspec.to_builtins(path)}
        case Absent(path):
            return {"absent": msgspec.to_builtins(path)}
        case AllOf(parts):
            return {"and": [_encode(part) for part in parts]}
        case AnyOf(parts):
            return {"or": [_encode(part) for part in parts]}
        case Compare():
            return {
                "path": msgspec.to_builtins(condition.path),
                "operator": condition.operator.value,
                "values": [_encode_value(value) for value in condition.values],
                "quoted": condition.is_quoted,
                "metadata": condition.is_metadata,
                "expanded": list(condition.expanded),
            }


def _encode_value(value: Scalar | Span) -> object:
    if isinstance(value, Span):
        return {"low": _encode_value(value.low), "high": _encode_value(value.high)}
    return {_AT: value.isoformat()} if isinstance(value, datetime) else value


def _decode(stored: dict[str, object]) -> Condition:
    if "exists" in stored:
        return Exists(msgspec.convert(stored["exists"], Path))
    if "absent" in stored:
        return Absent(msgspec.convert(stored["absent"], Path))
    if "and" in stored:
        return AllOf(tuple(_decode(part) for part in _list(stored["and"])))
    if "or" in stored:
        return AnyOf(tuple(_decode(part) for part in _list(stored["or"])))
    return Compare(
        path=msgspec.convert(stored["path"], Path),
        operator=msgspec.convert(stored["operator"], Comparison),
        values=tuple(
            _decode_value(value) for value in msgspec.convert(stored["values"], list[object])
        ),
        is_quoted=bool(stored["quoted"]),
        is_metadata=bool(stored["metadata"]),
        expanded=msgspec.convert(stored["expanded"], tuple[str, ...]),
    )


def _list(value: object) -> list[dict[str, object]]:
    return [part for part in value if isinstance(part, dict)] if isinstance(value, list) else []


def _decode_value(value: object) -> Scalar | Span:
    if not isinstance(value, dict):
        return value  # type: ignore[return-value]
    if _AT in value:
        return datetime.fromisoformat(value[_AT])
    low, high = _decode_value(value["low"]), _decode_value(value["high"])
    return Span(low, high)  # type: ignore[arg-type]
