"""Histories of entities over NGSI-LD: retrieved, queried, added to, deleted."""

import contextlib

from litestar import HttpMethod, Response, delete, get, post, route
from litestar.di import NamedDependency
from litestar.params import FromPath

from mieone.blocks.broker.actions import temporal
from mieone.blocks.broker.actions.parts import Broker
from mieone.blocks.broker.actions.temporal import TemporalPage
from mieone.blocks.broker.model import JsonValue, Query
from mieone.blocks.broker.model.temporal import TemporalQuery
from mieone.blocks.broker.problems import MethodNotAllowed, ResourceNotFound
from mieone.blocks.broker.rules.reading import read_temporal_entity
from mieone.blocks.broker.rules.temporal.rendering import (
    TemporalForm,
    edge_header,
    temporal_document,
)
from mieone.web import AnyRequest

from .ld_asking import read_selector
from .ld_distributed import warn
from .ld_http import Call, answer, answer_empty, open_call, open_call_with_body
from .ld_paging import page_headers
from .ld_temporal_asking import (
    BODY_PARAMS,
    FORM_PARAMS,
    OPTIONS,
    QUERY_PARAMS,
    TIME_PARAMS,
    open_body,
    read_query,
    read_temporal,
)
from .ld_temporal_writing import storing
from .ld_writing import check_entity_id, location_of

TEMPORAL = "/ngsi-ld/v1/temporal/entities"


@post("/temporal/entities", summary="Create or extend the history of an entity", status_code=201)
async def post_temporal_entity(
    request: AnyRequest, broker: NamedDependency[Broker]
) -> Response[None]:
    call, body = await open_call_with_body(request, broker, ())
    at = broker.house.clock.now()
    document = read_temporal_entity(body, call.terms, at)
    entity_id = check_entity_id(document.id or "")
    async with storing(broker) as conn:
        await broker.history_room.check_history(conn, call.tenant)
        is_new = await temporal.add_instances(
            conn, call.tenant, entity_id, document, broker.personal, at, creates=True
        )
    if not is_new:
        return answer_empty(call)
    return answer_empty(call, 201, {"Location": location_of(entity_id, TEMPORAL)})


@get("/temporal/entities", summary="Query histories")
async def query_temporal_entities(
    request: AnyRequest, broker: NamedDependency[Broker]
) -> Response[bytes]:
    params = (*FORM_PARAMS, *TIME_PARAMS, *QUERY_PARAMS)
    call = await open_call(request, broker, params, options=OPTIONS)
    selector = read_selector(call.params, call.terms)
    query = read_query(call, () if selector is None else (selector,))
    asked, form = read_temporal(call, query, is_needed=True)
    return await _answer_query(call, asked, form, None)


@post("/temporal/entityOperations/query", summary="Query histories by a body", status_code=200)
async def post_temporal_query(
    request: AnyRequest, broker: NamedDependency[Broker]
) -> Response[bytes]:
    call, body = await open_call_with_body(request, broker, BODY_PARAMS, options=OPTIONS)
    call, selectors = open_body(call, body)
    query = read_query(call, selectors)
    asked, form = read_temporal(call, query, is_needed=True)
    return await _answer_query(call, asked, form, body)


async def _answer_query(
    call: Call, asked: TemporalQuery, form: TemporalForm, body: JsonValue
) -> Response[bytes]:
    house = call.broker.house
    async with house.database.transaction() as conn:
        page = await temporal.query(conn, call.tenant, asked, form, house.settings.temporal_page)
    documents = [
        document
        for entity, told in page.histories
        if (document := temporal_document(entity, told, form, call.terms))
    ]
    histories = call.broker.sources.histories
    warnings: tuple[str, ...] = ()
    if await histories.are_asked(call.tenant, call.journey):
        documents, warnings = await histories.query(
            call.tenant, asked.entities, _query_of(call), body, documents, call.journey
        )
    headers = page_headers(
        call, call.params.page(), has_more=page.has_more, count=page.count
    ) | _edge(page, asked)
    status = 206 if page.edge else 200
    return answer(call, [*documents], status=status, headers=headers | warn(warnings))


def _query_of(call: Call) -> str:
    return call.path.partition("?")[2]


@get("/temporal/entities/{entity_id:str}", summary="Retrieve the history of an entity")
async def get_temporal_entity(
    request: AnyRequest, broker: NamedDependency[Broker], entity_id: FromPath[str]
) -> Response[bytes]:
    call = await open_call(request, broker, (*FORM_PARAMS, *TIME_PARAMS), options=OPTIONS)
    check_entity_id(entity_id)
    asked, form = read_temporal(call, Query(), is_needed=False)
    if await broker.sources.histories.are_asked(call.tenant, call.journey):
        return await _answer_from_everywhere(call, entity_id, asked, form)
    document, headers = await _retrieve(call, entity_id, asked, form)
    if not document:
        raise ResourceNotFound(f"nothing of {entity_id} is left by what was asked")
    return answer(call, document, status=206 if headers else 200, headers=headers)


async def _retrieve(
    call: Call, entity_id: str, asked: TemporalQuery, form: TemporalForm
) -> tuple[dict[str, JsonValue], dict[str, str]]:
    """From here; headers where it is only a part. Raises ResourceNotFound."""
    house = call.broker.house
    async with house.database.transaction() as conn:
        page = await temporal.retrieve(
            conn, call.tenant, entity_id, asked, form, house.settings.temporal_page
        )
    ((entity, told),) = page.histories
    return temporal_document(entity, told, form, call.terms), _edge(page, asked)


async def _answer_from_everywhere(
    call: Call, entity_id: str, asked: TemporalQuery, form: TemporalForm
) -> Response[bytes]:
    local: dict[str, JsonValue] | None = None
    headers: dict[str, str] = {}
    with contextlib.suppress(ResourceNotFound):
        local, headers = await _retrieve(call, entity_id, asked, form)
    document, warnings = await call.broker.sources.histories.retrieve(
        call.tenant, entity_id, _query_of(call), local or None, call.journey
    )
    if not document:
        raise ResourceNotFound(f"nothing of {entity_id} is left by what was asked")
    status = 206 if headers else 200
    return answer(call, document, status=status, headers=headers | warn(warnings))


def _edge(page: TemporalPage, asked: TemporalQuery) -> dict[str, str]:
    if page.edge is None:
        return {}
    text = edge_header(page.edge.start, page.edge.end, asked.span.last_n)
    return {"Content-Range": text}


@delete(
    "/temporal/entities/{entity_id:str}", summary="Delete the history of an entity", status_code=200
)
async def delete_temporal_entity(
    request: AnyRequest, broker: NamedDependency[Broker], entity_id: FromPath[str]
) -> Response[None]:
    call = await open_call(request, broker, ())
    check_entity_id(entity_id)
    async with broker.house.database.transaction() as conn:
        await temporal.forget_entity(conn, call.tenant, entity_id)
    return answer_empty(call)


@route(
    "/temporal/entities",
    http_method=[HttpMethod.DELETE, HttpMethod.PUT, HttpMethod.PATCH],
    status_code=200,
)
async def change_no_temporal_entity() -> Response[None]:
    """Most likely a client has put an empty id into the path."""
    raise MethodNotAllowed("the histories of all entities are changed one by one")


HANDLERS = (
    post_temporal_entity,
    query_temporal_entities,
    post_temporal_query,
    get_temporal_entity,
    delete_temporal_entity,
    change_no_temporal_entity,
)
