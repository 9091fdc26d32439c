"""Whole entities over NGSI-LD: created, replaced, merged, deleted, purged."""

from litestar import Response, delete, patch, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath

from mieone.blocks.broker.actions.parts import Broker
from mieone.blocks.broker.model import Change, Operation
from mieone.blocks.broker.rules.reading import (
    read_entity,
    read_instant,
    read_overlays,
    read_replacement,
)
from mieone.web import AnyRequest

from .ld_http import answer_empty, open_call, open_call_with_body
from .ld_writing import (
    FORMS,
    answer_write,
    check_entity_id,
    is_simplified,
    location_of,
    refuse_missing_id,
    type_filter,
    write_one,
)


@post("/entities", summary="Create an entity")
async def post_entity(
    request: AnyRequest, broker: NamedDependency[Broker]
) -> Response[bytes] | Response[None]:
    call, body = await open_call_with_body(request, broker, ())
    entity_id, fragment = read_entity(body, call.terms, broker.house.clock.now())
    change = Change(operation=Operation.CREATE, entity_id=entity_id, fragment=fragment)
    _, settled = await write_one(call, change)
    if settled is not None:
        return settled
    return answer_empty(call, 201, {"Location": location_of(entity_id)})


@put("/entities/{entity_id:str}", summary="Replace an entity")
async def put_entity(
    request: AnyRequest, broker: NamedDependency[Broker], entity_id: FromPath[str]
) -> Response[bytes] | Response[None]:
    call, body = await open_call_with_body(request, broker, ("type",))
    check_entity_id(entity_id)
    fragment = read_replacement(entity_id, body, call.terms, broker.house.clock.now())
    return await answer_write(
        call,
        Change(
            operation=Operation.REPLACE,
            entity_id=entity_id,
            fragment=fragment,
            type_filter=type_filter(call),
        ),
    )


@patch("/entities/{entity_id:str}", summary="Merge into an entity")
async def patch_entity(
    request: AnyRequest, broker: NamedDependency[Broker], entity_id: FromPath[str]
) -> Response[bytes] | Response[None]:
    call, body = await open_call_with_body(
        request,
        broker,
        ("type", "format", "lang", "observedAt"),
        options=FORMS,
        takes_merge_patch=True,
    )
    check_entity_id(entity_id)
    at = broker.house.clock.now()
    observed_at = call.params.find("observedAt")
    return await answer_write(
        call,
        Change(
            operation=Operation.MERGE,
            entity_id=entity_id,
            fragment=read_overlays(body, call.terms, at, is_simplified=is_simplified(call)),
            type_filter=type_filter(call),
            observed_at=None if observed_at is None else read_instant(observed_at, "observedAt"),
            language=call.params.find("lang"),
        ),
    )


@delete("/entities/{entity_id:str}", summary="Delete an entity", status_code=200)
async def delete_entity(
    request: AnyRequest, broker: NamedDependency[Broker], entity_id: FromPath[str]
) -> Response[bytes] | Response[None]:
    call = await open_call(request, broker, ("type",))
    check_entity_id(entity_id)
    change = Change(operation=Operation.DELETE, entity_id=entity_id, type_filter=type_filter(call))
    return await answer_write(call, change)


@put("/entities")
async def put_nothing() -> Response[None]:
    return refuse_missing_id()


@patch("/entities")
async def patch_nothing() -> Response[None]:
    return refuse_missing_id()


HANDLERS = (post_entity, put_entity, patch_entity, delete_entity, put_nothing, patch_nothing)
