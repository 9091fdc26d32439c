"""Queries for entities as they come: parameters of an address, or members of a body."""

from datetime import timedelta
from typing import Final

import msgspec

from mieone.blocks.broker.actions.mapping import USUAL_LIFETIME
from mieone.blocks.broker.model import (
    CORE_VOCABULARY,
    EntitySelector,
    GeoQuery,
    GeoRelation,
    JsonValue,
    Query,
    Terms,
)
from mieone.blocks.broker.problems import BadRequestData
from mieone.blocks.broker.rules.patterns import compile_pattern
from mieone.blocks.broker.rules.q import (
    parse_geo,
    parse_order,
    parse_q,
    parse_scope_q,
    parse_types,
)
from mieone.blocks.broker.rules.reading import check_uri
from mieone.blocks.broker.rules.spatial_id import find_heights, outline, parse_spatial_id

from .ld_forms import FORM_PARAMS
from .ld_http import Call, Params

FILTER_PARAMS: Final = (
    "coordinates",
    "csf",
    "expandValues",
    "geometry",
    "geoproperty",
    "georel",
    "id",
    "idPattern",
    "jsonKeys",
    "q",
    "scopeQ",
    "spatialId",
    "type",
)
PAGE_PARAMS: Final = (
    "after",
    "collation",
    "count",
    "entityMap",
    "entityMapLifetime",
    "limit",
    "offset",
    "orderBy",
    "splitEntities",
)
_GEO: Final = ("georel", "geometry", "coordinates")
_IN_BODIES: Final = frozenset((*FORM_PARAMS, *FILTER_PARAMS, *PAGE_PARAMS, "local")) - {"id"}
_MOST_SELECTORS: Final = 100
_LAST_SEQUENCE: Final = 2**63 - 1


def read_selector(params: Params, terms: Terms) -> EntitySelector | None:
    ids, pattern, types = params.list("id"), params.find("idPattern"), params.find("type")
    if not (ids or pattern or types):
        return None
    if pattern is not None:
        compile_pattern(pattern)
    return EntitySelector(
        ids=tuple(check_uri(one, "id") for one in ids) or None,
        id_pattern=pattern,
        types=None if types is None else parse_types(types, terms),
    )


def read_lifetime(params: Params) -> timedelta:
    """Of an entity map."""
    text = params.find("entityMapLifetime")
    if text is None:
        return USUAL_LIFETIME
    try:
        lifetime = msgspec.convert(text, timedelta)
    except msgspec.ValidationError:
        raise BadRequestData("entityMapLifetime is an ISO 8601 duration") from None
    if lifetime <= timedelta():
        raise BadRequestData("entityMapLifetime is longer than nothing")
    return lifetime


def read_query(
    call: Call, selectors: tuple[EntitySelector, ...], *, is_bounded: bool = False
) -> Query:
    """Raises BadRequestData, also for a question that is too wide.

    `is_bounded`: the request names an entity map, and asks for nothing beyond.
    """
    params, terms, page = call.params, call.terms, call.params.page()
    condition, scope, order = params.find("q"), params.find("scopeQ"), params.find("orderBy")
    sources = params.find("csf")
    if params.has("collation"):
        # Answered in another order than was asked for, it would be wrong without a sign of it.
        raise BadRequestData(
            "collation is not supported: texts stand in the order of their letters"
        )
    query = Query(
        entities=selectors,
        attributes=tuple(terms.expand_name(name) for name in params.list("attrs")),
        condition=None if condition is None else parse_q(condition, terms),
        geo=read_geo(params, terms),
        scope=None if scope is None else parse_scope_q(scope),
        datasets=params.list("datasetId") or None,
        order=() if order is None else parse_order(order, terms),
        limit=page.limit,
        offset=page.offset,
        wants_count=page.wants_count,
        source_condition=None if sources is None else parse_q(sources, terms, "csf"),
        splits=params.flag("splitEntities"),
        orders_here_only=True,
    )
    if params.has("after"):
        if query.order:
            raise BadRequestData("after goes only with the order of making")
        after = params.number("after", 0, 0, _LAST_SEQUENCE)
        query = msgspec.structs.replace(query, after=after, offset=0)
    has_types = any(one.types is not None for one in selectors)
    is_narrow = has_types or query.attributes or query.condition or query.geo
    if not (is_narrow or is_bounded or call.journey.is_local):
        raise BadRequestData("a query needs one of type, attrs, q, georel or local=true")
    return query


def read_geo(params: Params, terms: Terms) -> GeoQuery | None:
    georel, geometry, coordinates = (params.find(name) for name in _GEO)
    name = params.find("geoproperty")
    expanded = f"{CORE_VOCABULARY}location" if name is None else terms.expand_name(name)
    cell = params.find("spatialId")
    if cell is not None:
        if not (georel is None and geometry is None and coordinates is None):
            raise BadRequestData("spatialId does not go with georel")
        asked = parse_spatial_id(cell)
        return GeoQuery(
            relation=GeoRelation.INTERSECTS,
            geometry=outline(asked),
            property=expanded,
            heights_m=find_heights(asked),
        )
    if georel is None and geometry is None and coordinates is None:
        return None
    if georel is None or geometry is None or coordinates is None:
        raise BadRequestData("georel, geometry and coordinates go together")
    return parse_geo(georel, geometry, coordinates, expanded)


def open_query_body(call: Call, body: JsonValue) -> tuple[Call, tuple[EntitySelector, ...]]:
    """The query of a body as if its members were parameters, and its entities."""
    if not isinstance(body, dict):
        raise BadRequestData("a query is an object")
    if body.get("type") != "Query":
        raise BadRequestData("type is not Query")
    values: dict[str, str] = dict(call.params.all)
    for name, member in body.items():
        if name == "geoQ":
            values |= read_texts(member, (*_GEO, "geoproperty"), name)
        elif name in _IN_BODIES:
            values[name] = read_text(member, name)
        elif name not in ("type", "entities"):
            raise BadRequestData(f"a query has no member {name[:60]}")
    opened = msgspec.structs.replace(call, params=Params(values, call.params.options))
    return opened, read_selectors(body.get("entities", []), call.terms)


def read_selectors(entities: JsonValue, terms: Terms) -> tuple[EntitySelector, ...]:
    if not isinstance(entities, list) or len(entities) > _MOST_SELECTORS:
        raise BadRequestData(f"entities is an array of at most {_MOST_SELECTORS} selectors")
    selectors = []
    for member in entities:
        selector = read_selector(
            Params(read_texts(member, ("id", "idPattern", "type"), "entities")), terms
        )
        if selector is None:
            raise BadRequestData("a selector of entities names a type, an id or an idPattern")
        selectors.append(selector)
    return tuple(selectors)


def read_texts(member: JsonValue, known: tuple[str, ...], what: str) -> dict[str, str]:
    if not isinstance(member, dict):
        raise BadRequestData(f"{what} is not an object")
    unknown = sorted(member.keys() - set(known))
    if unknown:
        raise BadRequestData(f"{what} has no member {unknown[0][:60]}")
    return {name: read_text(value, name) for name, value in member.items()}


def read_text(value: JsonValue, what: str) -> str:
    """As it would stand in an address."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if what == "coordinates":
        return msgspec.json.encode(value).decode()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list) and value and all(isinstance(part, str) for part in value):
        return ",".join(str(part) for part in value)
    raise BadRequestData(f"{what} is no text")
