"""Registrations of context sources over NGSI-LD."""

from typing import Final
from urllib.parse import quote
from uuid import uuid4

import msgspec
from litestar import Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from mieone.blocks.broker.actions import registering
from mieone.blocks.broker.actions.parts import Broker
from mieone.blocks.broker.model import CORE_VOCABULARY, AllOf, EntitySelector, GeoQuery, JsonValue
from mieone.blocks.broker.problems import BadRequestData
from mieone.blocks.broker.rules.patterns import compile_pattern
from mieone.blocks.broker.rules.q import parse_geo, parse_q, parse_scope_q, parse_types
from mieone.blocks.broker.rules.reading import check_uri
from mieone.blocks.broker.rules.registrations import read_registration, render_record
from mieone.blocks.broker.rules.registrations.watching import (
    SourceQuery,
    list_fitting,
    read_time_query,
)
from mieone.web import AnyRequest

from .ld_http import Call, answer, answer_empty, open_call, open_call_with_body
from .ld_paging import page_headers

PATH: Final = "/csourceRegistrations"
_FILTERS: Final = ("id", "type", "idPattern", "attrs", "q", "csf", "georel", "scopeQ")
_PARAMS: Final = (
    *_FILTERS,
    "geometry",
    "coordinates",
    "geoproperty",
    "timerel",
    "timeAt",
    "endTimeAt",
    "timeproperty",
    "lang",
    "limit",
    "offset",
    "count",
)
_OPTIONS: Final = ("sysAttrs",)


def make_registration_id() -> str:
    return f"urn:ngsi-ld:ContextSourceRegistration:{uuid4()}"


@post(PATH, summary="Register a context source", status_code=201)
async def post_registration(request: AnyRequest, broker: NamedDependency[Broker]) -> Response[None]:
    call, body = await open_call_with_body(request, broker, ())
    at = broker.house.clock.now()
    registration = read_registration(body, call.terms, at, make_registration_id)
    await registering.register(broker, call.tenant, registration)
    location = f"/ngsi-ld/v1{PATH}/{quote(registration.id, safe=':')}"
    return answer_empty(call, 201, {"Location": location})


@get(PATH, summary="Find context sources")
async def get_registrations(
    request: AnyRequest, broker: NamedDependency[Broker]
) -> Response[bytes]:
    call = await open_call(request, broker, _PARAMS, options=_OPTIONS)
    page = call.params.page()
    asked = read_source_query(call)
    fitting = [
        (record, infos)
        for record in await registering.list_records(broker, call.tenant)
        if (infos := list_fitting(record.registration, asked))
    ]
    chosen = fitting[page.offset : page.offset + page.limit]
    return answer(
        call,
        [
            render_record(
                record,
                call.terms,
                information=None,
                shows_times="sysAttrs" in call.params.options,
                is_listed=True,
            )
            for record, _ in chosen
        ],
        headers=page_headers(
            call,
            page,
            has_more=len(fitting) > page.offset + page.limit,
            count=len(fitting),
        ),
    )


@get(f"{PATH}/{{registration_id:str}}", summary="Show a registration")
async def get_registration(
    request: AnyRequest, broker: NamedDependency[Broker], registration_id: FromPath[str]
) -> Response[bytes]:
    call = await open_call(request, broker, (), options=_OPTIONS)
    check_uri(registration_id, "the id of a registration")
    record = await registering.get_record(broker, call.tenant, registration_id)
    shows_times = "sysAttrs" in call.params.options
    return answer(call, render_record(record, call.terms, shows_times=shows_times))


@patch(f"{PATH}/{{registration_id:str}}", summary="Change a registration", status_code=204)
async def patch_registration(
    request: AnyRequest, broker: NamedDependency[Broker], registration_id: FromPath[str]
) -> Response[None]:
    call, body = await open_call_with_body(request, broker, (), takes_merge_patch=True)
    check_uri(registration_id, "the id of a registration")
    await registering.change(broker, call.tenant, registration_id, body, call.terms)
    return answer_empty(call)


@delete(f"{PATH}/{{registration_id:str}}", summary="End a registration", status_code=204)
async def delete_registration(
    request: AnyRequest, broker: NamedDependency[Broker], registration_id: FromPath[str]
) -> Response[None]:
    call = await open_call(request, broker, ())
    check_uri(registration_id, "the id of a registration")
    await registering.end(broker, call.tenant, registration_id)
    return answer_empty(call)


def read_source_query(call: Call) -> SourceQuery:
    """Raises BadRequestData, also where nothing is asked."""
    params, terms = call.params, call.terms
    if not any(params.has(name) for name in _FILTERS):
        raise BadRequestData(f"a query for registrations needs one of {', '.join(_FILTERS)}")
    types, pattern = params.find("type"), params.find("idPattern")
    ids = tuple(check_uri(one, "id") for one in params.list("id"))
    if pattern is not None:
        compile_pattern(pattern)
    selectors: tuple[EntitySelector, ...] = ()
    if types is not None or ids or pattern is not None:
        selectors = (
            EntitySelector(
                ids=ids or None,
                id_pattern=pattern,
                types=None if types is None else parse_types(types, terms),
            ),
        )
    # q and csf both speak of the source: entities are not known here.
    written = [(name, params.find(name)) for name in ("q", "csf")]
    conditions = tuple(parse_q(text, terms, name) for name, text in written if text is not None)
    scope = params.find("scopeQ")
    return SourceQuery(
        selectors=selectors,
        names=tuple(terms.expand_name(one) for one in params.list("attrs")),
        time=read_time_query(
            {
                name: params.find(name)
                for name in ("timerel", "timeAt", "endTimeAt", "timeproperty")
                if params.has(name)
            }
        ),
        geo=_read_geo(call),
        scope=None if scope is None else parse_scope_q(scope),
        filter=AllOf(conditions) if conditions else None,
    )


def _read_geo(call: Call) -> GeoQuery | None:
    params = call.params
    written = [params.find(name) for name in ("georel", "geometry", "coordinates")]
    named = params.find("geoproperty")
    georel, geometry, coordinates = written
    if georel is None and geometry is None and coordinates is None:
        return None
    if georel is None or geometry is None or coordinates is None:
        raise BadRequestData("georel, geometry and coordinates stand together")
    return parse_geo(
        georel,
        geometry,
        _close_ring(coordinates) if geometry == "Polygon" else coordinates,
        f"{CORE_VOCABULARY}location" if named is None else call.terms.expand_name(named),
    )


def _close_ring(coordinates: str) -> JsonValue:
    """One ring written without its outer list and its last position is still a polygon (037_07)."""
    try:
        read: JsonValue = msgspec.json.decode(coordinates)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return coordinates
    if not isinstance(read, list) or not read or not all(map(_is_position, read)):
        return read
    return [read if read[0] == read[-1] else [*read, read[0]]]


def _is_position(value: JsonValue) -> bool:
    return isinstance(value, list) and bool(value) and not isinstance(value[0], list)


HANDLERS = (
    post_registration,
    get_registrations,
    get_registration,
    patch_registration,
    delete_registration,
)
