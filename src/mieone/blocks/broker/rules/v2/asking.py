"""Everything a v2 query says, brought together as one query of the model."""

from collections.abc import Sequence
from typing import Final

import msgspec

from mieone.blocks.broker.model import (
    AnyType,
    EntitySelector,
    GeoQuery,
    JsonValue,
    OneType,
    Query,
    TypeSelection,
)
from mieone.blocks.broker.problems import BadRequestData
from mieone.blocks.broker.rules.patterns import compile_pattern

from .names import Names
from .querying import parse_geo, parse_order, parse_q
from .syntax import check_name

_SELECTING: Final = frozenset({"id", "idPattern", "type", "typePattern"})
_EXPRESSING: Final = frozenset({"q", "mq", "georel", "geometry", "coords"})


class Expression(msgspec.Struct, frozen=True, kw_only=True):
    """As written."""

    q: str | None = None
    mq: str | None = None
    georel: str | None = None
    geometry: str | None = None
    coords: str | None = None


def make_query(
    selectors: Sequence[EntitySelector],
    expression: Expression,
    names: Names,
    paths: tuple[str, ...],
    order: str | None = None,
) -> Query:
    """Without its page. Raises BadRequestData."""
    geo = read_geo(expression)
    if order is not None and "geo:distance" in order and (geo is None or geo.relation != "near"):
        raise BadRequestData("orderBy=geo:distance goes with georel=near")
    return Query(
        entities=tuple(selectors),
        condition=None if expression.q is None else parse_q(expression.q, names),
        metadata_condition=(
            None if expression.mq is None else parse_q(expression.mq, names, is_metadata=True)
        ),
        geo=geo,
        order=() if order is None else parse_order(order, names),
        paths=paths,
    )


def read_geo(expression: Expression) -> GeoQuery | None:
    georel, geometry, coords = expression.georel, expression.geometry, expression.coords
    if georel is None and geometry is None and coords is None:
        return None
    if georel is None or geometry is None or coords is None:
        raise BadRequestData("georel, geometry and coords go together")
    return parse_geo(georel, geometry, coords)


def make_selector(
    names: Names,
    *,
    ids: Sequence[str] = (),
    id_pattern: str | None = None,
    types: Sequence[str] = (),
    type_pattern: str | None = None,
) -> EntitySelector:
    if ids and id_pattern is not None:
        raise BadRequestData("id and idPattern exclude each other")
    if types and type_pattern is not None:
        raise BadRequestData("type and typePattern exclude each other")
    for pattern in (id_pattern, type_pattern):
        if pattern is not None:
            compile_pattern(pattern)
    return EntitySelector(
        ids=tuple(check_name(one, "entity id") for one in ids) or None,
        # This one fits every id, and is what most clients send.
        id_pattern=None if id_pattern == ".*" else id_pattern,
        types=_make_types([check_name(one, "entity type") for one in types], names),
        type_pattern=type_pattern,
        is_v2=True,
    )


def _make_types(types: Sequence[str], names: Names) -> TypeSelection | None:
    ones = tuple(OneType(names.type_iri(name)) for name in types)
    if not ones:
        return None
    return ones[0] if len(ones) == 1 else AnyType(ones)


def read_selector(document: JsonValue, names: Names) -> EntitySelector:
    """An element of `entities` in a query or subscription: id or idPattern, type or typePattern."""
    if not isinstance(document, dict):
        raise BadRequestData("an element of entities is no object")
    unknown = document.keys() - _SELECTING
    if unknown:
        raise BadRequestData(f"unknown member of an element of entities: {min(unknown)}")
    texts = {name: _text(document[name], name) for name in document}
    if "id" not in texts and "idPattern" not in texts:
        raise BadRequestData("an element of entities has neither id nor idPattern")
    return make_selector(
        names,
        ids=[texts["id"]] if "id" in texts else (),
        id_pattern=texts.get("idPattern"),
        types=[texts["type"]] if "type" in texts else (),
        type_pattern=texts.get("typePattern"),
    )


def read_expression(document: JsonValue) -> Expression:
    if not isinstance(document, dict):
        raise BadRequestData("expression is no object")
    unknown = document.keys() - _EXPRESSING
    if unknown:
        raise BadRequestData(f"unknown member of expression: {min(unknown)}")
    texts = {name: _text(document[name], name) for name in document}
    return Expression(**texts)


def read_name_list(document: JsonValue, what: str) -> tuple[str, ...]:
    """A list of attribute or metadata names."""
    if not isinstance(document, list):
        raise BadRequestData(f"{what} is no array")
    return tuple(check_name(name, f"{what}: a name") for name in document)


def _text(value: JsonValue, name: str) -> str:
    if not isinstance(value, str):
        raise BadRequestData(f"{name} is no string")
    if not value:
        raise BadRequestData(f"{name} is empty")
    return value
