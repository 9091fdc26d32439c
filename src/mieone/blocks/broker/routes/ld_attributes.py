"""Attributes of one entity over NGSI-LD."""

from litestar import HttpMethod, Response, delete, patch, post, put, route
from litestar.di import NamedDependency
from litestar.params import FromPath

from mieone.blocks.broker.actions.parts import Broker
from mieone.blocks.broker.actions.temporal import record_end
from mieone.blocks.broker.model import DEFAULT_INSTANCE, Change, Iri, JsonValue, Operation
from mieone.blocks.broker.problems import BadRequestData, ResourceNotFound
from mieone.blocks.broker.rules.merging import SCOPE
from mieone.blocks.broker.rules.reading import (
    check_uri,
    read_attribute,
    read_fragment,
    read_partial,
)
from mieone.web import AnyRequest

from .ld_http import Call, answer_empty, open_call, open_call_with_body
from .ld_writing import answer_write, check_entity_id, refuse_missing_id, type_filter

_NO_ATTRIBUTES = frozenset({"id", "@id", "type", "@type", "@context"})


@post("/entities/{entity_id:str}/attrs", summary="Append attributes")
async def post_attributes(
    request: AnyRequest, broker: NamedDependency[Broker], entity_id: FromPath[str]
) -> Response[bytes] | Response[None]:
    call, body = await open_call_with_body(
        request,
        broker,
        ("type",),
        options=("noOverwrite",),
        # Not in the standard here, but known clients (ngsijs) call every change a merge patch.
        takes_merge_patch=True,
    )
    check_entity_id(entity_id)
    return await answer_write(
        call,
        Change(
            operation=Operation.APPEND,
            entity_id=entity_id,
            fragment=read_fragment(body, call.terms, broker.house.clock.now()),
            keep_existing="noOverwrite" in call.params.options,
            type_filter=type_filter(call),
        ),
    )


@patch("/entities/{entity_id:str}/attrs", summary="Update attributes")
async def patch_attributes(
    request: AnyRequest, broker: NamedDependency[Broker], entity_id: FromPath[str]
) -> Response[bytes] | Response[None]:
    call, body = await open_call_with_body(request, broker, ("type",), takes_merge_patch=True)
    check_entity_id(entity_id)
    at = broker.house.clock.now()
    return await answer_write(
        call,
        Change(
            operation=Operation.UPDATE,
            entity_id=entity_id,
            fragment=read_fragment(body, call.terms, at, takes_nulls=True),
            type_filter=type_filter(call),
        ),
    )


@patch(
    "/entities/{entity_id:str}/attrs/{name:str}",
    summary="Update members of an attribute",
)
async def patch_attribute(
    request: AnyRequest,
    broker: NamedDependency[Broker],
    entity_id: FromPath[str],
    name: FromPath[str],
) -> Response[bytes] | Response[None]:
    call, body = await open_call_with_body(request, broker, ("type",), takes_merge_patch=True)
    check_entity_id(entity_id)
    attribute = _expand(call, name)
    document = _unwrap(call, attribute, body)
    fragment = read_partial(attribute, document, call.terms, broker.house.clock.now())
    return await answer_write(
        call,
        Change(
            operation=Operation.PARTIAL,
            entity_id=entity_id,
            fragment=fragment,
            name=attribute,
            dataset=next(iter(fragment.overlays[attribute]), None),
            type_filter=type_filter(call),
            document=body,
        ),
    )


@put(
    "/entities/{entity_id:str}/attrs/{name:str}",
    summary="Replace an attribute",
)
async def put_attribute(
    request: AnyRequest,
    broker: NamedDependency[Broker],
    entity_id: FromPath[str],
    name: FromPath[str],
) -> Response[bytes] | Response[None]:
    call, body = await open_call_with_body(request, broker, ("type",))
    check_entity_id(entity_id)
    attribute = _expand(call, name)
    document = _unwrap(call, attribute, body)
    fragment = read_attribute(attribute, document, call.terms, broker.house.clock.now())
    return await answer_write(
        call,
        Change(
            operation=Operation.REPLACE_ATTRIBUTE,
            entity_id=entity_id,
            fragment=fragment,
            name=attribute,
            dataset=next(iter(fragment.attributes[attribute]), None),
            type_filter=type_filter(call),
            document=body,
        ),
    )


@delete(
    "/entities/{entity_id:str}/attrs/{name:str}",
    summary="Delete an attribute",
    status_code=200,
)
async def delete_attribute(
    request: AnyRequest,
    broker: NamedDependency[Broker],
    entity_id: FromPath[str],
    name: FromPath[str],
) -> Response[bytes] | Response[None]:
    call = await open_call(request, broker, ("type", "datasetId", "deleteAll"))
    check_entity_id(entity_id)
    change = Change(
        operation=Operation.DELETE_ATTRIBUTE,
        entity_id=entity_id,
        name=_expand(call, name, takes_scope=True),
        dataset=_dataset(call),
        every_dataset=call.params.flag("deleteAll"),
        type_filter=type_filter(call),
    )
    try:
        return await answer_write(call, change)
    except ResourceNotFound:
        if not await _end_in_history(call, change):
            raise
        return answer_empty(call)


async def _end_in_history(call: Call, change: Change) -> bool:
    """Of an entity that only its history knows; there the deletion is told by deletedAt."""
    house = call.broker.house
    dataset = None if change.every_dataset else change.dataset or DEFAULT_INSTANCE
    assert change.name is not None
    async with house.database.transaction() as conn:
        return await record_end(
            conn, call.tenant, change.entity_id, change.name, dataset, house.clock.now()
        )


def _expand(call: Call, name: str, *, takes_scope: bool = False) -> Iri:
    if name in _NO_ATTRIBUTES:
        raise BadRequestData(f"{name} is no attribute")
    expanded = call.terms.expand_name(name)
    if expanded == SCOPE and not takes_scope:
        raise BadRequestData("scope is no attribute; attrs takes it in a fragment")
    return expanded


def _unwrap(call: Call, name: Iri, body: JsonValue) -> JsonValue:
    """Older clients send a fragment of the entity: the attribute under its name, and nothing else."""
    if not isinstance(body, dict) or len(body) != 1:
        return body
    ((key, inner),) = body.items()
    is_wrapped = isinstance(inner, dict | list) and call.terms.member(key) is None
    return inner if is_wrapped and call.terms.expand_name(key) == name else body


def _dataset(call: Call) -> str | None:
    dataset = call.params.find("datasetId")
    return dataset if dataset in (None, "@none") else check_uri(dataset, "datasetId")


_WRITING = [HttpMethod.POST, HttpMethod.PUT, HttpMethod.PATCH, HttpMethod.DELETE]


@route("/entities/attrs", http_method=_WRITING, status_code=200)
async def change_attributes_of_nothing() -> Response[None]:
    return refuse_missing_id()


@route("/entities/attrs/{name:str}", http_method=_WRITING, status_code=200)
async def change_attribute_of_nothing(name: FromPath[str]) -> Response[None]:
    return refuse_missing_id()


HANDLERS = (
    post_attributes,
    patch_attributes,
    patch_attribute,
    put_attribute,
    delete_attribute,
    change_attributes_of_nothing,
    change_attribute_of_nothing,
)
