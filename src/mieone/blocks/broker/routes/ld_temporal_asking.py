"""Temporal queries as they come: parameters of an address, or members of a body."""

from typing import Final

import msgspec

from mieone.blocks.broker.model import (
    EntitySelector,
    JsonValue,
    Query,
)
from mieone.blocks.broker.model.temporal import TemporalQuery
from mieone.blocks.broker.problems import BadRequestData, InvalidRequest
from mieone.blocks.broker.rules.forms import Form, Format
from mieone.blocks.broker.rules.temporal.asking import Words, read_aggregation, read_span
from mieone.blocks.broker.rules.temporal.rendering import TemporalForm, TemporalFormat

from . import ld_asking
from .ld_asking import read_selectors, read_text, read_texts
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


def read_query(call: Call, selectors: tuple[EntitySelector, ...]) -> Query:
    """Raises BadRequestData, also for a question that is too wide."""
    if call.params.find("geoproperty") is not None and call.params.find("georel") is None:
        raise BadRequestData("geoproperty goes only with georel, geometry and coordinates")
    return ld_asking.read_query(call, selectors)


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
                values |= read_texts(
                    member, ("georel", "geometry", "coordinates", "geoproperty"), name
                )
            case "temporalQ":
                values |= read_texts(member, TIME_PARAMS, name)
            case "attrs" | "q" | "csf" | "scopeQ" | "lang" | "pick" | "omit" | "datasetId":
                values[name] = read_text(member, name)
            case "orderBy" | "collation" | "expandValues":
                values[name] = read_text(member, name)
            case _:
                raise BadRequestData(f"a temporal query has no member {name[:60]}")
    values |= {name: given for name in BODY_PARAMS if (given := call.params.find(name)) is not None}
    params = Params(values, call.params.options)
    selectors = read_selectors(body.get("entities", []), call.terms)
    return msgspec.structs.replace(call, params=params), selectors
