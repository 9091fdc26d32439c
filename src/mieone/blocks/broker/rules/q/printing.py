"""The languages written out again, for requests that are passed on under the same context."""

from datetime import UTC, datetime
from types import UnionType

import msgspec

from mieone.blocks.broker.model import (
    Absent,
    AllOf,
    AllTypes,
    AnyOf,
    Compare,
    Condition,
    Exists,
    GeoQuery,
    OneType,
    Path,
    Scalar,
    ScopeQuery,
    Span,
    Terms,
    TypeSelection,
)

from .conditions import RESERVED


def print_q(condition: Condition, terms: Terms) -> str:
    """With the names of this context."""
    match condition:
        case Exists(path):
            return _print_path(path, terms)
        case Absent(path):
            return f"!{_print_path(path, terms)}"
        case Compare():
            return _print_comparison(condition, terms)
        case AllOf(parts):
            return ";".join(_print_part(part, terms, AllOf | AnyOf) for part in parts)
        case AnyOf(parts):
            return "|".join(_print_part(part, terms, AnyOf) for part in parts)


def _print_part(part: Condition, terms: Terms, bracketed: "type | UnionType") -> str:
    text = print_q(part, terms)
    return f"({text})" if isinstance(part, bracketed) else text


def _print_path(path: Path, terms: Terms) -> str:
    members = f"[{'.'.join(path.members)}]" if path.members else ""
    written = (
        short if short in RESERVED else terms.compact_name(name)
        for name, short in zip(path.names, path.short, strict=True)
    )
    return ".".join(written) + members


def _print_comparison(condition: Compare, terms: Terms) -> str:
    values = ",".join(_print_value(value, condition.is_quoted) for value in condition.values)
    return f"{_print_path(condition.path, terms)}{condition.operator.value}{values}"


def _print_value(value: Scalar | Span, is_quoted: bool) -> str:
    if isinstance(value, Span):
        return f"{_print_value(value.low, is_quoted)}..{_print_value(value.high, is_quoted)}"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
    if isinstance(value, str):
        if not is_quoted:
            return value
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return repr(value)


def print_types(selection: TypeSelection, terms: Terms) -> str:
    """With the names of this context."""
    if isinstance(selection, OneType):
        return terms.compact_type(selection.name)
    mark = ";" if isinstance(selection, AllTypes) else ","
    return mark.join(
        print_types(part, terms) if isinstance(part, OneType) else f"({print_types(part, terms)})"
        for part in selection.parts
    )


def print_scope_q(query: ScopeQuery) -> str:
    return ",".join(";".join(patterns) for patterns in query.alternatives)


def print_geo(query: GeoQuery) -> dict[str, str]:
    """The parameters georel, geometry and coordinates."""
    modifiers = "".join(
        f";{name}=={distance:.12f}".rstrip("0").rstrip(".")
        for name, distance in (
            ("maxDistance", query.max_distance_m),
            ("minDistance", query.min_distance_m),
        )
        if distance is not None
    )
    return {
        "georel": query.relation.value + modifiers,
        "geometry": str(query.geometry["type"]),
        "coordinates": msgspec.json.encode(query.geometry["coordinates"]).decode(),
    }
