"""Attributes and single instances of a history over NGSI-LD."""

from litestar import HttpMethod, Response, delete, patch, post, route
from litestar.di import NamedDependency
from litestar.params import FromPath

from mieone.blocks.broker.actions import temporal
from mieone.blocks.broker.actions.parts import Broker
from mieone.blocks.broker.model import DEFAULT_INSTANCE
from mieone.blocks.broker.problems import BadRequestData
from mieone.blocks.broker.rules.reading import (
    check_uri,
    read_temporal_fragment,
    read_temporal_instance,
)
from mieone.blocks.broker.rules.temporal.keys import find_instance_id
from mieone.web import AnyRequest

from .ld_http import answer_empty, open_call, open_call_with_body
from .ld_temporal_writing import storing
from .ld_writing import check_entity_id, refuse_missing_id


@post(
    "/temporal/entities/{entity_id:str}/attrs",
    summary="Add instances to a history",
    status_code=200,
)
async def post_temporal_attributes(
    request: AnyRequest, broker: NamedDependency[Broker], entity_id: FromPath[str]
) -> Response[None]:
    call, body = await open_call_with_body(request, broker, ())
    check_entity_id(entity_id)
    at = broker.house.clock.now()
    document = read_temporal_fragment(body, call.terms, at)
    async with storing(broker) as conn:
        await broker.history_room.check_history(conn, call.tenant)
        await temporal.add_instances(
            conn, call.tenant, entity_id, document, broker.personal, at, creates=False
        )
    return answer_empty(call)


@delete(
    "/temporal/entities/{entity_id:str}/attrs/{name:str}",
    summary="Delete an attribute's history",
    status_code=200,
)
async def delete_temporal_attribute(
    request: AnyRequest,
    broker: NamedDependency[Broker],
    entity_id: FromPath[str],
    name: FromPath[str],
) -> Response[None]:
    call = await open_call(request, broker, ("datasetId", "deleteAll"))
    check_entity_id(entity_id)
    if find_instance_id(name) is not None:
        raise BadRequestData("an instance is named without its attribute")
    attribute = call.terms.expand_name(name)
    dataset = call.params.find("datasetId") or DEFAULT_INSTANCE
    if dataset != DEFAULT_INSTANCE:
        check_uri(dataset, "datasetId")
    chosen = None if call.params.flag("deleteAll") else dataset
    async with broker.house.database.transaction() as conn:
        await temporal.forget_attribute(conn, call.tenant, entity_id, attribute, chosen)
    return answer_empty(call)


@patch(
    "/temporal/entities/{entity_id:str}/attrs/{name:str}/{instance_id:str}",
    summary="Correct an instance",
)
async def patch_temporal_instance(
    request: AnyRequest,
    broker: NamedDependency[Broker],
    entity_id: FromPath[str],
    name: FromPath[str],
    instance_id: FromPath[str],
) -> Response[None]:
    call, body = await open_call_with_body(request, broker, (), takes_merge_patch=True)
    check_entity_id(entity_id)
    attribute = call.terms.expand_name(name)
    uri = check_uri(instance_id, "the instance id of the path")
    at = broker.house.clock.now()
    _, instance = read_temporal_instance(attribute, body, call.terms, at)
    async with storing(broker) as conn:
        await temporal.correct(
            conn, call.tenant, entity_id, attribute, uri, instance, broker.personal, at
        )
    return answer_empty(call)


@delete(
    "/temporal/entities/{entity_id:str}/attrs/{name:str}/{instance_id:str}",
    summary="Delete an instance",
    status_code=200,
)
async def delete_temporal_instance(
    request: AnyRequest,
    broker: NamedDependency[Broker],
    entity_id: FromPath[str],
    name: FromPath[str],
    instance_id: FromPath[str],
) -> Response[None]:
    call = await open_call(request, broker, ())
    check_entity_id(entity_id)
    attribute = call.terms.expand_name(name)
    uri = check_uri(instance_id, "the instance id of the path")
    async with broker.house.database.transaction() as conn:
        await temporal.forget_one(conn, call.tenant, entity_id, attribute, uri)
    return answer_empty(call)


_WRITING = [HttpMethod.POST, HttpMethod.PUT, HttpMethod.PATCH, HttpMethod.DELETE]


@route("/temporal/entities/attrs", http_method=_WRITING, status_code=200)
async def change_history_of_nothing() -> Response[None]:
    return refuse_missing_id()


@route("/temporal/entities/attrs/{name:str}", http_method=_WRITING, status_code=200)
async def change_attribute_of_no_history(name: FromPath[str]) -> Response[None]:
    return refuse_missing_id()


@route(
    "/temporal/entities/attrs/{name:str}/{instance_id:str}",
    http_method=_WRITING,
    status_code=200,
)
async def change_instance_of_no_history(
    name: FromPath[str], instance_id: FromPath[str]
) -> Response[None]:
    return refuse_missing_id()


HANDLERS = (
    post_temporal_attributes,
    delete_temporal_attribute,
    patch_temporal_instance,
    delete_temporal_instance,
    change_history_of_nothing,
    change_attribute_of_no_history,
    change_instance_of_no_history,
)
