"""/v2/entities/{id}/attrs/{name} and its bare value."""

import re

import msgspec
from litestar import Response, delete, get, put
from litestar.di import NamedDependency
from litestar.params import FromPath

from mieone.blocks.broker.actions.parts import Broker
from mieone.blocks.broker.actions.v2_entities import NO_ATTRIBUTE
from mieone.blocks.broker.model import (
    DEFAULT_INSTANCE,
    Change,
    Entity,
    Instance,
    Iri,
    JsonValue,
    Operation,
    Revision,
)
from mieone.blocks.broker.problems import (
    BadRequestData,
    NotAcceptable,
    OperationNotSupported,
    ResourceNotFound,
    UnsupportedMediaType,
)
from mieone.blocks.broker.rules.json_reading import read_json
from mieone.blocks.broker.rules.v2.bodies import (
    EXPIRES,
    AttributesBody,
    BodyForm,
    check_attribute_name,
    read_attributes,
    read_value,
)
from mieone.blocks.broker.rules.v2.showing import attribute_document
from mieone.blocks.broker.rules.v2.values import show
from mieone.web import AnyRequest

from .v2_entities import name_of
from .v2_http import (
    JSON,
    TEXT,
    V2Call,
    answer,
    answer_empty,
    choose_accept,
    content_type_of,
    open_v2,
    read_body,
    read_bytes,
)

_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?", re.ASCII)
_OPTIONS = ("overrideMetadata", "forcedUpdate", "flowControl")


@get("/v2/entities/{entity_id:str}/attrs/{attribute:str}")
async def get_attribute(
    request: AnyRequest,
    broker: NamedDependency[Broker],
    entity_id: FromPath[str],
    attribute: FromPath[str],
) -> Response[bytes]:
    call = await open_v2(request, broker, options=("skipForwarding",))
    instance = await _get_instance(call, entity_id, attribute)
    return answer(call, attribute_document(instance, call.names, call.params.list("metadata")))


@put("/v2/entities/{entity_id:str}/attrs/{attribute:str}", status_code=204)
async def update_attribute(
    request: AnyRequest,
    broker: NamedDependency[Broker],
    entity_id: FromPath[str],
    attribute: FromPath[str],
) -> Response[None]:
    document = await read_body(request)
    call = await open_v2(request, broker, options=_OPTIONS)
    body = read_attributes({attribute: document}, call.names, BodyForm.NORMALIZED)
    overrides = "overrideMetadata" in call.params.options
    await _update(call, entity_id, body, body.revision(overrides_metadata=overrides))
    return answer_empty(call)


@delete("/v2/entities/{entity_id:str}/attrs/{attribute:str}", status_code=204)
async def delete_attribute(
    request: AnyRequest,
    broker: NamedDependency[Broker],
    entity_id: FromPath[str],
    attribute: FromPath[str],
) -> Response[None]:
    call = await open_v2(request, broker, options=_OPTIONS)
    name = call.names.attribute_iri(check_attribute_name(attribute))
    change = Change(operation=Operation.DELETE_ATTRIBUTE, entity_id="", name=name)
    if attribute == EXPIRES:
        change = Change(operation=Operation.UPDATE, entity_id="", clears_expiry=True)
    await call.entities.change(name_of(entity_id, call.params), change)
    return answer_empty(call)


@get("/v2/entities/{entity_id:str}/attrs/{attribute:str}/value")
async def get_value(
    request: AnyRequest,
    broker: NamedDependency[Broker],
    entity_id: FromPath[str],
    attribute: FromPath[str],
) -> Response[bytes]:
    call = await open_v2(request, broker, options=("skipForwarding",), accepts=(JSON, TEXT))
    value = show(await _get_instance(call, entity_id, attribute), call.names).value
    offered = (JSON, TEXT) if isinstance(value, dict | list) else (TEXT,)
    media_type = choose_accept(request, offered)
    if media_type is None:
        raise NotAcceptable(f"this value can be had as {', '.join(offered)}")
    return answer(call, value, media_type=media_type)


@put("/v2/entities/{entity_id:str}/attrs/{attribute:str}/value", status_code=204)
async def update_value(
    request: AnyRequest,
    broker: NamedDependency[Broker],
    entity_id: FromPath[str],
    attribute: FromPath[str],
) -> Response[None]:
    value = await _read_bare_value(request)
    call = await open_v2(request, broker, options=_OPTIONS)
    check_attribute_name(attribute)
    name = call.names.attribute_iri(attribute)
    if attribute == EXPIRES:
        body = read_attributes({attribute: value}, call.names, BodyForm.KEY_VALUES)
        await _update(call, entity_id, body, None)
        return answer_empty(call)
    here = await call.entities.find(name_of(entity_id, call.params))
    known = None if here is None else here.attributes.get(name, {}).get(DEFAULT_INSTANCE)
    if here is not None and known is None:
        raise ResourceNotFound(NO_ATTRIBUTE)
    body = read_value(name, value, known, call.names)
    await _update(call, entity_id, body, body.revision(overrides_metadata=False))
    return answer_empty(call)


async def _update(
    call: V2Call, entity_id: str, body: AttributesBody, revision: Revision | None
) -> None:
    has_expiry = body.expires_at is not None
    change = Change(
        operation=Operation.UPDATE if has_expiry else Operation.UPDATE_EXISTING,
        entity_id="",
        fragment=body.fragment(),
        revision=revision,
        is_forced="forcedUpdate" in call.params.options,
    )
    try:
        await call.entities.change(name_of(entity_id, call.params), change)
    except OperationNotSupported as problem:
        raise ResourceNotFound(NO_ATTRIBUTE) from problem


async def _get_instance(call: V2Call, entity_id: str, attribute: str) -> Instance:
    check_attribute_name(attribute)
    name = call.names.attribute_iri(attribute)
    entity = await call.entities.get(name_of(entity_id, call.params), (name,))
    return _instance_of(entity, name)


def _instance_of(entity: Entity, name: Iri) -> Instance:
    instance = entity.attributes.get(name, {}).get(DEFAULT_INSTANCE)
    if instance is None:
        raise ResourceNotFound(NO_ATTRIBUTE)
    return instance


async def _read_bare_value(request: AnyRequest) -> JsonValue:
    """An object or array as JSON; a text in quotes, a number, true, false or null as text."""
    body = await read_bytes(request)
    media_type = content_type_of(request)
    if media_type == JSON:
        value = read_json(body)
        if not isinstance(value, dict | list):
            raise BadRequestData("as application/json a value is an object or an array")
        return value
    if media_type != TEXT:
        raise UnsupportedMediaType(f"a value comes as {JSON} or {TEXT}")
    try:
        text = body.decode().strip()
    except UnicodeDecodeError:
        raise BadRequestData("the body is not UTF-8") from None
    return _read_text(text)


def _read_text(text: str) -> JsonValue:
    if len(text) > 1 and text[0] == text[-1] == '"':
        return text[1:-1]
    if text in ("true", "false"):
        return text == "true"
    if text == "null":
        return None
    if not _NUMBER.fullmatch(text) or len(text) > 300:
        raise BadRequestData("the text is no number, and no string in quotes")
    number: JsonValue = msgspec.json.decode(text)
    return number


HANDLERS = (get_attribute, update_attribute, delete_attribute, get_value, update_value)
