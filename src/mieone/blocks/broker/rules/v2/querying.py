"""v2's query language as conditions of the model: names expanded, builtins as members."""

import re
from datetime import datetime
from typing import Final

from mieone.blocks.broker.model import (
    ANY_LOCATION,
    CORE_VOCABULARY,
    Absent,
    AllOf,
    Compare,
    Comparison,
    Condition,
    Exists,
    GeoQuery,
    GeoRelation,
    Order,
    Path,
    Scalar,
    Span,
)
from mieone.blocks.broker.problems import BadRequestData, TooComplexQuery
from mieone.blocks.broker.rules.patterns import compile_pattern

from .names import Names
from .places import make_geometry, read_position
from .times import find_time

BUILTIN_MEMBERS: Final = {
    "dateCreated": "createdAt",
    "dateModified": "modifiedAt",
    "dateExpires": "expiresAt",
    "servicePath": "scope",
}
"""Builtin attributes of v2 as members of an NGSI-LD entity."""
LONGEST: Final = 16_384
MOST_STATEMENTS: Final = 100
MOST_VALUES: Final = 1_000
_OPERATORS: Final = (
    ("==", Comparison.EQUAL),
    ("!=", Comparison.UNEQUAL),
    (">=", Comparison.GREATER_EQUAL),
    ("<=", Comparison.LESS_EQUAL),
    ("~=", Comparison.MATCH),
    (">", Comparison.GREATER),
    ("<", Comparison.LESS),
    (":", Comparison.EQUAL),
)
_NUMBER: Final = re.compile(r"[+-]?(\d{1,300}(\.\d{0,300})?|\.\d{1,300})([eE][+-]?\d{1,3})?", re.A)
_RELATIONS: Final = {
    "near": GeoRelation.NEAR,
    "coveredBy": GeoRelation.COVERED_BY,
    "intersects": GeoRelation.INTERSECTS,
    "equals": GeoRelation.EQUALS,
    "disjoint": GeoRelation.DISJOINT,
}
_DISTANCE: Final = re.compile(r"(maxDistance|minDistance):(\d{1,12}(?:\.\d{1,12})?)", re.A)


def parse_q(text: str, names: Names, *, is_metadata: bool = False) -> Condition:
    """`q`, or with `is_metadata` `mq`. Raises BadRequestData."""
    what = "mq" if is_metadata else "q"
    if len(text) > LONGEST:
        raise TooComplexQuery(f"{what} is longer than {LONGEST} characters")
    statements = _split(text, ";")
    if len(statements) > MOST_STATEMENTS:
        raise TooComplexQuery(f"{what} has more than {MOST_STATEMENTS} statements")
    parts = tuple(_parse_statement(part.strip(), names, is_metadata) for part in statements)
    return parts[0] if len(parts) == 1 else AllOf(parts)


def _split(text: str, mark: str) -> list[str]:
    """At every mark that does not stand between quotes."""
    parts, start, is_quoted = [], 0, False
    for place, letter in enumerate(text):
        if letter == "'":
            is_quoted = not is_quoted
        elif letter == mark and not is_quoted:
            parts.append(text[start:place])
            start = place + 1
    if is_quoted:
        raise BadRequestData("a quote is not closed")
    return [*parts, text[start:]]


def _parse_statement(text: str, names: Names, is_metadata: bool) -> Condition:
    if not text:
        raise BadRequestData("a statement of the query is empty")
    found = _find_operator(text)
    if found is None:
        if text.startswith("!"):
            return Absent(_parse_path(text[1:], names, is_metadata))
        return Exists(_parse_path(text, names, is_metadata))
    place, mark, operator = found
    path = _parse_path(text[:place].strip(), names, is_metadata)
    written = text[place + len(mark) :].strip()
    if not written:
        raise BadRequestData("the value after an operator is missing")
    if operator is Comparison.MATCH:
        compile_pattern(written)
        return Compare(path=path, operator=operator, values=(written,), is_metadata=is_metadata)
    values, is_quoted = _parse_values(written)
    is_equality = operator in (Comparison.EQUAL, Comparison.UNEQUAL)
    if not is_equality and (len(values) > 1 or isinstance(values[0], Span)):
        raise BadRequestData(f"{mark} takes one value, neither a list nor a range")
    if not is_equality and isinstance(values[0], bool):
        raise BadRequestData(f"{mark} compares numbers, times and texts")
    return Compare(
        path=path, operator=operator, values=values, is_quoted=is_quoted, is_metadata=is_metadata
    )


def _find_operator(text: str) -> tuple[int, str, Comparison] | None:
    is_quoted = False
    for place, letter in enumerate(text):
        if letter == "'":
            is_quoted = not is_quoted
        if is_quoted or place == 0:
            continue
        for mark, operator in _OPERATORS:
            if text.startswith(mark, place):
                return place, mark, operator
    return None


def _parse_path(text: str, names: Names, is_metadata: bool) -> Path:
    tokens = [_unquote(token) for token in _split(text, ".")]
    if not all(tokens) or any(letter in token for token in tokens for letter in "<>=!~()\"' "):
        raise BadRequestData(f"this is no attribute path: {text}")
    if not is_metadata:
        member = BUILTIN_MEMBERS.get(tokens[0])
        if member is not None:
            return Path(names=(CORE_VOCABULARY + member,), short=(member,))
        return Path(
            names=(names.attribute_iri(tokens[0]),), short=(tokens[0],), members=tuple(tokens[1:])
        )
    if len(tokens) < 2:
        raise BadRequestData("a path of mq is an attribute and a metadata name")
    return Path(
        names=(names.attribute_iri(tokens[0]), names.attribute_iri(tokens[1])),
        short=(tokens[0], tokens[1]),
        members=tuple(tokens[2:]),
    )


def _unquote(token: str) -> str:
    return token[1:-1] if len(token) > 1 and token[0] == token[-1] == "'" else token


def _parse_values(text: str) -> tuple[tuple[Scalar | Span, ...], bool]:
    written = _split(text, ",")
    if len(written) > MOST_VALUES:
        raise TooComplexQuery(f"a list has more than {MOST_VALUES} values")
    if len(written) > 1 and any(_find_range(part) for part in written):
        raise BadRequestData("a range cannot stand in a list")
    is_quoted = any(part.strip().startswith("'") for part in written)
    return tuple(_parse_value(part.strip()) for part in written), is_quoted


def _parse_value(text: str) -> Scalar | Span:
    found = _find_range(text)
    if found is None:
        return _parse_scalar(text)
    low, high = (_parse_scalar(part.strip()) for part in found)
    if _sort(low) is not _sort(high) or isinstance(low, bool):
        raise BadRequestData("the ends of a range are not comparable")
    return Span(low, high)


def _find_range(text: str) -> tuple[str, str] | None:
    is_quoted = False
    for place, letter in enumerate(text):
        if letter == "'":
            is_quoted = not is_quoted
        elif not is_quoted and text.startswith("..", place):
            return text[:place], text[place + 2 :]
    return None


def _parse_scalar(text: str) -> Scalar:
    if not text:
        raise BadRequestData("a value is empty")
    if text.startswith("'"):
        if len(text) < 2 or not text.endswith("'"):
            raise BadRequestData("a quote is not closed")
        return text[1:-1]
    if text in ("true", "false"):
        return text == "true"
    if _NUMBER.fullmatch(text):
        return int(text) if re.fullmatch(r"[+-]?\d+", text, re.A) else float(text)
    at = find_time(text)
    return text if at is None else at


def _sort(value: Scalar) -> type:
    if isinstance(value, bool | str | datetime):
        return type(value)
    return float


def parse_geo(georel: str, geometry: str, coords: str) -> GeoQuery:
    name, *modifiers = georel.split(";")
    relation = _RELATIONS.get(name)
    if relation is None:
        raise BadRequestData(f"invalid georel: {name}")
    distances: dict[str, float] = {}
    for modifier in modifiers:
        matched = _DISTANCE.fullmatch(modifier)
        if relation is not GeoRelation.NEAR or matched is None or matched[1] in distances:
            raise BadRequestData(f"invalid modifier of {name}: {modifier}")
        distances[matched[1]] = float(matched[2])
    if relation is GeoRelation.NEAR and not distances:
        raise BadRequestData("near asks for maxDistance or minDistance")
    if geometry not in ("point", "line", "box", "polygon"):
        raise BadRequestData(f"invalid geometry: {geometry}")
    positions = [read_position(part) for part in coords.split(";")]
    return GeoQuery(
        relation=relation,
        geometry=make_geometry(geometry, positions),
        property=ANY_LOCATION,
        max_distance_m=distances.get("maxDistance"),
        min_distance_m=distances.get("minDistance"),
    )


def parse_order(text: str, names: Names) -> tuple[Order, ...]:
    """`a,!b`; `geo:distance` is from where `near` looks."""
    fields = text.split(",")
    bare = [field.removeprefix("!") for field in fields]
    if not all(bare) or len(set(bare)) < len(bare):
        raise BadRequestData("orderBy names a field twice, or none")
    return tuple(
        _parse_field(name, field.startswith("!"), names)
        for name, field in zip(bare, fields, strict=True)
    )


def _parse_field(name: str, is_descending: bool, names: Names) -> Order:
    if name == "geo:distance":
        return Order(path=None, is_descending=is_descending, is_v2=True)
    member = name if name in ("id", "type") else BUILTIN_MEMBERS.get(name)
    if member is not None:
        return Order(path=None, member=member, is_descending=is_descending, is_v2=True)
    path = Path(names=(names.attribute_iri(name),), short=(name,))
    return Order(path=path, is_descending=is_descending, is_v2=True)
