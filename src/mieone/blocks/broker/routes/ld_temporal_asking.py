"""Temporal queries as they come: parameters of an address, or members of a body."""

from collections.abc import Mapping
from typing import Final

import msgspec

from mieone.blocks.broker.model import (
    CORE_VOCABULARY,
    EntitySelector,
    GeoQuery,
    JsonValue,
    Query,
    Terms,
)
from mieone.blocks.broker.model.temporal import TemporalQuery
from mieone.blocks.broker.problems import BadRequestData, InvalidRequest
from mieone.blocks.broker.rules.forms import Form, Format
from mieone.blocks.broker.rules.patterns import compile_pattern
from mieone.blocks.broker.rules.q import (
    parse_geo,
    parse_order,
    parse_q,
    parse_scope_q,
    parse_types,
)
from mieone.blocks.broker.rules.reading import check_uri
from mieone.blocks.broker.rules.temporal.asking import Words, read_aggregation, read_span
from mieone.blocks.broker.rules.temporal.rendering import TemporalForm, TemporalFormat

from .ld_forms import read_form
from .ld_http import Call, Params

TIME_PARAMS: Final = (
    "aggrMethods",
    "aggrPeriodDuration",
    "endTimeAt",
    "lastN",
    "timeAt",
    "timeproperty",
    "timerel",
)
FORM_PARAMS: Final = ("attrs", "datasetId", "format", "lang", "omit", "pick")
QUERY_PARAMS: Final = (
    "collation",
    "coordinates",
    "count",
    "csf",
    "expandValues",
    "geometry",
    "geoproperty",
    "georel",
    "id",
    "idPattern",
    "limit",
    "offset",
    "orderBy",
    "q",
    "scopeQ",
    "type",
)
_FORMATS: Final = {
    "normalized": TemporalFormat.NORMALIZED,
    "concise": TemporalFormat.CONCISE,
    "temporalValues": TemporalFormat.VALUES,
    "simplified": TemporalFormat.VALUES,
    "keyValues": TemporalFormat.VALUES,
    "aggregatedValues": TemporalFormat.AGGREGATED,
}
BODY_PARAMS: Final = ("count", "format", "limit", "offset")
"""What stands in the address also when the query stands in a body."""
OPTIONS: Final = (*_FORMATS, "sysAttrs")
_GEO: Final = ("georel", "geometry", "coordinates")


def read_words(params: Params) -> Words:
    return Words(
        relation=params.find("timerel"),
        at=params.find("timeAt"),
        end_at=params.find("endTimeAt"),
        property=params.find("timeproperty"),
        last_n=params.number("lastN", 0, 1, 10**9) or None,
        methods=params.list("aggrMethods"),
        period=params.find("aggrPeriodDuration"),
    )


def read_temporal(
    call: Call, query: Query, *, is_needed: bool
) -> tuple[TemporalQuery, TemporalForm]:
    """Raises InvalidRequest for an unknown format, BadRequestData for all other mistakes."""
    words = read_words(call.params)
    format_ = _read_format(call.params)
    form = _read_form(call)
    aggregation = read_aggregation(words) if format_ is TemporalFormat.AGGREGATED else None
    span = read_span(words, is_needed=is_needed)
    asked = TemporalQuery(entities=query, span=span, aggregation=aggregation)
    return asked, TemporalForm(
        form=form, format=format_, property=span.property, aggregation=aggregation
    )


def _read_form(call: Call) -> Form:
    form = read_form(call, Format.NORMALIZED)
    for picked in (form.pick, form.omit):
        if picked is not None and any(picked.attributes.values()):
            raise BadRequestData("a history leads to no linked entities")
    return form


def _read_format(params: Params) -> TemporalFormat:
    named = params.find("format")
    if named is not None:
        if named not in _FORMATS:
            raise InvalidRequest(f"there is no temporal format {named[:40]}")
        return _FORMATS[named]
    asked = {_FORMATS[option] for option in params.options if option in _FORMATS}
    if len(asked) > 1:
        raise InvalidRequest("options names more than one format")
    return asked.pop() if asked else TemporalFormat.NORMALIZED


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


def read_query(call: Call, selectors: tuple[EntitySelector, ...]) -> Query:
    """Raises BadRequestData, also for a question that is too wide."""
    params, terms, page = call.params, call.terms, call.params.page()
    condition, scope, order = params.find("q"), params.find("scopeQ"), params.find("orderBy")
    query = Query(
        entities=selectors,
        attributes=tuple(terms.expand_name(name) for name in params.list("attrs")),
        condition=None if condition is None else parse_q(condition, terms),
        geo=_read_geo(params, terms),
        scope=None if scope is None else parse_scope_q(scope),
        datasets=params.list("datasetId") or None,
        order=() if order is None else parse_order(order, terms),
        limit=page.limit,
        offset=page.offset,
        wants_count=page.wants_count,
    )
    has_types = any(one.types is not None for one in selectors)
    if not (has_types or query.attributes or query.condition or query.geo or call.journey.is_local):
        raise BadRequestData("a query needs one of type, attrs, q, georel or local=true")
    return query


def _read_geo(params: Params, terms: Terms) -> GeoQuery | None:
    georel, geometry, coordinates = (params.find(name) for name in _GEO)
    name = params.find("geoproperty")
    if georel is None and geometry is None and coordinates is None:
        if name is not None:
            raise BadRequestData("geoproperty goes only with georel, geometry and coordinates")
        return None
    if georel is None or geometry is None or coordinates is None:
        raise BadRequestData("georel, geometry and coordinates go together")
    expanded = f"{CORE_VOCABULARY}location" if name is None else terms.expand_name(name)
    return parse_geo(georel, geometry, coordinates, expanded)


def open_body(call: Call, body: JsonValue) -> tuple[Call, tuple[EntitySelector, ...]]:
    """The query of a body as if its members were parameters, and its entities."""
    if not isinstance(body, dict):
        raise BadRequestData("a query is an object")
    if body.get("type") != "Query":
        raise BadRequestData("type is not Query")
    values: dict[str, str] = {}
    for name, member in body.items():
        match name:
            case "type" | "entities" | "@context":
                continue
            case "geoQ":
                values |= _texts(member, ("georel", "geometry", "coordinates", "geoproperty"), name)
            case "temporalQ":
                values |= _texts(member, TIME_PARAMS, name)
            case "attrs" | "q" | "csf" | "scopeQ" | "lang" | "pick" | "omit" | "datasetId":
                values[name] = _text(member, name)
            case "orderBy" | "collation" | "expandValues":
                values[name] = _text(member, name)
            case _:
                raise BadRequestData(f"a temporal query has no member {name[:60]}")
    values |= {name: text for name in BODY_PARAMS if (text := call.params.find(name)) is not None}
    params = Params(values, call.params.options)
    selectors = _read_selectors(body.get("entities", []), call.terms)
    return msgspec.structs.replace(call, params=params), selectors


def _read_selectors(entities: JsonValue, terms: Terms) -> tuple[EntitySelector, ...]:
    if not isinstance(entities, list) or len(entities) > 100:
        raise BadRequestData("entities is an array of at most 100 selectors")
    selectors = []
    for member in entities:
        values = _texts(member, ("id", "idPattern", "type"), "entities")
        selector = read_selector(Params(values), terms)
        if selector is None:
            raise BadRequestData("a selector of entities names a type, an id or an idPattern")
        selectors.append(selector)
    return tuple(selectors)


def _texts(member: JsonValue, known: tuple[str, ...], what: str) -> Mapping[str, str]:
    if not isinstance(member, dict):
        raise BadRequestData(f"{what} is not an object")
    unknown = sorted(member.keys() - set(known))
    if unknown:
        raise BadRequestData(f"{what} has no member {unknown[0][:60]}")
    return {name: _text(value, name) for name, value in member.items()}


def _text(value: JsonValue, what: str) -> str:
    """As it would stand in an address."""
    if isinstance(value, str):
        return value
    if what == "coordinates":
        return msgspec.json.encode(value).decode()
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, list) and value and all(isinstance(part, str) for part in value):
        return ",".join(str(part) for part in value)
    raise BadRequestData(f"{what} is no text")
