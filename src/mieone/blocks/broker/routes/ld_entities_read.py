"""Entities over NGSI-LD: one retrieved, many queried."""

from collections.abc import Iterable
from typing import Final

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from mieone.blocks.broker.actions.mapping import find_all, get_map, record_map, take_page
from mieone.blocks.broker.actions.parts import Broker
from mieone.blocks.broker.actions.sources import Gathered
from mieone.blocks.broker.model import EntitySelector, Found, Query
from mieone.blocks.broker.model.entity_map import EntityMap
from mieone.blocks.broker.problems import ResourceNotFound
from mieone.blocks.broker.rules.conditions import fits_selector
from mieone.web import AnyRequest

from .ld_asking import (
    FILTER_PARAMS,
    PAGE_PARAMS,
    open_query_body,
    read_lifetime,
    read_query,
    read_selector,
)
from .ld_entities_answer import ENTITIES_ACCEPTS, ENTITY_ACCEPTS, answer_entities, answer_entity
from .ld_forms import FORM_OPTIONS, FORM_PARAMS, read_form
from .ld_http import Call, open_call, open_call_with_body
from .ld_paging import page_headers
from .ld_writing import check_entity_id

QUERY_PARAMS: Final = (*FORM_PARAMS, *FILTER_PARAMS, *PAGE_PARAMS)
MAP_HEADER: Final = "NGSILD-EntityMap"
_WARNING: Final = "NGSILD-Warning"


@get("/entities/{entity_id:str}", summary="Retrieve an entity")
async def get_entity(
    request: AnyRequest, broker: NamedDependency[Broker], entity_id: FromPath[str]
) -> Response[bytes]:
    call = await open_call(
        request,
        broker,
        (*FORM_PARAMS, "type", "entityMap", "jsonKeys"),
        options=FORM_OPTIONS,
        accepts=ENTITY_ACCEPTS,
    )
    check_entity_id(entity_id)
    form = read_form(call)
    selector = read_selector(call.params, call.terms) or EntitySelector()
    asked = Query(
        entities=(msgspec.structs.replace(selector, ids=(entity_id,)),),
        attributes=tuple(form.attributes),
        datasets=form.datasets,
        limit=1,
    )
    entity, warnings = await broker.sources.retrieve(call.tenant, entity_id, asked, call.journey)
    if entity is None or not fits_selector(entity, selector):
        missing = ResourceNotFound(f"there is no entity {entity_id[:200]}")
        missing.headers = _warn(warnings)
        raise missing
    return await answer_entity(call, entity, form, _warn(warnings))


@get("/entities", summary="Query entities")
async def get_entities(request: AnyRequest, broker: NamedDependency[Broker]) -> Response[bytes]:
    call = await open_call(
        request, broker, QUERY_PARAMS, options=FORM_OPTIONS, accepts=ENTITIES_ACCEPTS
    )
    selector = read_selector(call.params, call.terms)
    map_id = request.headers.get(MAP_HEADER.lower())
    selectors = () if selector is None else (selector,)
    return await _answer_query(call, selectors, map_id, is_batch=False)


@post("/entityOperations/query", summary="Query entities by a body", status_code=200)
async def post_query(request: AnyRequest, broker: NamedDependency[Broker]) -> Response[bytes]:
    call, body = await open_call_with_body(
        request,
        broker,
        QUERY_PARAMS,
        options=FORM_OPTIONS,
        accepts=ENTITIES_ACCEPTS,
        # The conformance suite asks so (D011_02).
        takes_link=True,
    )
    call, selectors = open_query_body(call, body)
    map_id = request.headers.get(MAP_HEADER.lower())
    return await _answer_query(call, selectors, map_id, is_batch=True)


async def _answer_query(
    call: Call, selectors: tuple[EntitySelector, ...], map_id: str | None, *, is_batch: bool
) -> Response[bytes]:
    form = read_form(call)
    gathered, cursor, held = await _find(call, selectors, map_id, is_batch=is_batch)
    found = gathered.found
    headers = page_headers(
        call, call.params.page(), has_more=found.has_more, count=found.count, after=cursor
    )
    if held is not None:
        headers[MAP_HEADER] = held.id
    return await answer_entities(call, found.entities, form, headers | _warn(gathered.warnings))


async def _find(
    call: Call, selectors: tuple[EntitySelector, ...], map_id: str | None, *, is_batch: bool
) -> tuple[Gathered, int | None, EntityMap | None]:
    """A page, where the next one begins, and the map that it was taken from."""
    query = read_query(call, selectors, is_bounded=map_id is not None)
    sources, database = call.broker.sources, call.broker.house.database
    if map_id is None and not call.params.flag("entityMap"):
        gathered = await sources.query(call.tenant, query, call.journey, is_batch=is_batch)
        return gathered, _find_cursor(query, gathered.found), None
    if map_id is not None:
        async with database.transaction() as conn:
            held = await get_map(conn, call.tenant, map_id)
        return await take_page(sources, call.tenant, held, query, call.journey), None, held
    whole = await find_all(sources, call.tenant, query, call.journey, is_batch=is_batch)
    now, lifetime = call.broker.house.clock.now(), read_lifetime(call.params)
    async with database.transaction() as conn:
        held = await record_map(conn, call.tenant, whole.found, now, lifetime)
    return await take_page(sources, call.tenant, held, query, call.journey), None, held


def _find_cursor(query: Query, found: Found) -> int | None:
    """Where the next page begins, when all of this one stands in the order of making here."""
    whole = len(found.sequences) == len(found.entities)
    return found.sequences[-1] if whole and found.sequences and not query.order else None


def _warn(warnings: Iterable[str]) -> dict[str, str]:
    joined = ", ".join(warnings)
    return {_WARNING: joined} if joined else {}


HANDLERS = (get_entity, get_entities, post_query)
