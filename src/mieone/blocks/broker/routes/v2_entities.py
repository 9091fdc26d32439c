"""/v2/entities: entities, and all attributes of one."""

from urllib.parse import quote

import msgspec
from litestar import Response, delete, get, patch, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath

from mieone.blocks.broker.actions.parts import Broker
from mieone.blocks.broker.actions.v2_entities import V2Name, check_outcome
from mieone.blocks.broker.model import Change, Operation, Query, Revision
from mieone.blocks.broker.problems import AlreadyExists, BadRequestData
from mieone.blocks.broker.rules.v2.asking import Expression, make_query, make_selector
from mieone.blocks.broker.rules.v2.bodies import (
    DEFAULT_TYPE,
    AttributesBody,
    BodyForm,
    read_attributes,
    read_entity,
)
from mieone.blocks.broker.rules.v2.showing import (
    Shape,
    V2Form,
    attributes_document,
    entity_document,
)
from mieone.blocks.broker.rules.v2.syntax import check_name
from mieone.web import AnyRequest

from .v2_http import (
    READ_OPTIONS,
    WRITE_OPTIONS,
    V2Call,
    answer,
    answer_empty,
    answer_list,
    open_v2,
    read_body,
)
from .v2_params import V2Params


@get("/v2/entities")
async def list_entities(request: AnyRequest, broker: NamedDependency[Broker]) -> Response[bytes]:
    call = await open_v2(request, broker, options=("count", *READ_OPTIONS))
    params = call.params
    selector = make_selector(
        call.names,
        ids=params.list("id"),
        id_pattern=params.find("idPattern"),
        types=params.list("type"),
        type_pattern=params.find("typePattern"),
    )
    expression = Expression(
        q=params.find("q"),
        mq=params.find("mq"),
        georel=params.find("georel"),
        geometry=params.find("geometry"),
        coords=params.find("coords"),
    )
    asked = make_query([selector], expression, call.names, call.paths, params.find("orderBy"))
    return await answer_query(call, asked, shape_of(params))


async def answer_query(call: V2Call, asked: Query, shape: Shape) -> Response[bytes]:
    params = call.params
    asked = msgspec.structs.replace(
        asked, limit=params.limit, offset=params.offset, wants_count=params.wants_count
    )
    found = (await call.broker.sources.query(call.tenant, asked, call.journey)).found
    documents = [entity_document(entity, call.names, shape) for entity in found.entities]
    return answer_list(call, documents, found.count)


@post("/v2/entities")
async def create_entity(request: AnyRequest, broker: NamedDependency[Broker]) -> Response[None]:
    document = await read_body(request)
    call = await open_v2(request, broker, options=("upsert", *WRITE_OPTIONS))
    body = read_entity(document, call.names, form_of(call.params))
    upserts = "upsert" in call.params.options
    template = Change(
        operation=Operation.UPDATE,
        entity_id="",
        revision=_template_revision(call.params),
        is_forced="forcedUpdate" in call.params.options,
    )
    [outcome] = await call.entities.append_all([body], template, must_be_new=not upserts)
    if isinstance(outcome.problem, AlreadyExists):
        raise AlreadyExists("an entity of this id and type is here already")
    check_outcome(outcome)
    where = f"/v2/entities/{quote(body.id, safe=':')}?type={quote(body.type or DEFAULT_TYPE)}"
    return answer_empty(call, 204 if upserts else 201, {"Location": where})


@get("/v2/entities/{entity_id:str}")
async def get_entity(
    request: AnyRequest, broker: NamedDependency[Broker], entity_id: FromPath[str]
) -> Response[bytes]:
    call = await open_v2(request, broker, options=READ_OPTIONS)
    entity = await call.entities.get(name_of(entity_id, call.params))
    return answer(call, entity_document(entity, call.names, shape_of(call.params)))


@delete("/v2/entities/{entity_id:str}", status_code=204)
async def delete_entity(
    request: AnyRequest, broker: NamedDependency[Broker], entity_id: FromPath[str]
) -> Response[None]:
    call = await open_v2(request, broker, options=WRITE_OPTIONS)
    change = Change(operation=Operation.DELETE, entity_id="")
    await call.entities.change(name_of(entity_id, call.params), change)
    return answer_empty(call)


@get("/v2/entities/{entity_id:str}/attrs")
async def get_attributes(
    request: AnyRequest, broker: NamedDependency[Broker], entity_id: FromPath[str]
) -> Response[bytes]:
    call = await open_v2(request, broker, options=READ_OPTIONS)
    entity = await call.entities.get(name_of(entity_id, call.params))
    return answer(call, attributes_document(entity, call.names, shape_of(call.params)))


@post("/v2/entities/{entity_id:str}/attrs", status_code=204)
async def append_attributes(
    request: AnyRequest, broker: NamedDependency[Broker], entity_id: FromPath[str]
) -> Response[None]:
    call, body = await _open_attributes(request, broker, options=("append", *WRITE_OPTIONS))
    is_strict = "append" in call.params.options
    operation = Operation.APPEND_STRICT if is_strict else Operation.UPDATE
    await _change_attributes(call, entity_id, body, operation)
    return answer_empty(call)


@patch("/v2/entities/{entity_id:str}/attrs", status_code=204)
async def update_attributes(
    request: AnyRequest, broker: NamedDependency[Broker], entity_id: FromPath[str]
) -> Response[None]:
    call, body = await _open_attributes(request, broker, options=WRITE_OPTIONS)
    await _change_attributes(call, entity_id, body, Operation.UPDATE_EXISTING)
    return answer_empty(call)


@put("/v2/entities/{entity_id:str}/attrs", status_code=204)
async def replace_attributes(
    request: AnyRequest, broker: NamedDependency[Broker], entity_id: FromPath[str]
) -> Response[None]:
    call, body = await _open_attributes(request, broker, options=WRITE_OPTIONS, takes_nothing=True)
    await _change_attributes(call, entity_id, body, Operation.REPLACE)
    return answer_empty(call)


async def _open_attributes(
    request: AnyRequest,
    broker: Broker,
    *,
    options: tuple[str, ...],
    takes_nothing: bool = False,
) -> tuple[V2Call, AttributesBody]:
    document = await read_body(request)
    call = await open_v2(request, broker, options=options)
    body = read_attributes(document, call.names, form_of(call.params))
    if body.is_empty and not takes_nothing:
        raise BadRequestData("the body names no attribute")
    return call, body


async def _change_attributes(
    call: V2Call, entity_id: str, body: AttributesBody, operation: Operation
) -> None:
    options = call.params.options
    overrides = "overrideMetadata" in options or operation is Operation.REPLACE
    change = Change(
        operation=operation,
        entity_id="",
        fragment=body.fragment(),
        revision=body.revision(overrides_metadata=overrides),
        is_forced="forcedUpdate" in options,
    )
    await call.entities.change(name_of(entity_id, call.params), change)


def _template_revision(params: V2Params) -> Revision | None:
    return None if "overrideMetadata" in params.options else Revision()


def name_of(entity_id: str, params: V2Params) -> V2Name:
    kind = params.find("type")
    return V2Name(
        id=check_name(entity_id, "entity id"),
        type=None if kind is None else check_name(kind, "entity type"),
    )


def form_of(params: V2Params) -> BodyForm:
    return BodyForm.KEY_VALUES if "keyValues" in params.options else BodyForm.NORMALIZED


def shape_of(params: V2Params) -> Shape:
    options = params.options
    form = next((form for form in V2Form if form.value in options), V2Form.NORMALIZED)
    builtin = tuple(name for name in ("dateCreated", "dateModified") if name in options)
    attributes = params.list("attrs")
    if builtin:
        attributes = (*(attributes or ("*",)), *builtin)
    return Shape(form=form, attributes=attributes, metadata=params.list("metadata"))


HANDLERS = (
    list_entities,
    create_entity,
    get_entity,
    delete_entity,
    get_attributes,
    append_attributes,
    update_attributes,
    replace_attributes,
)
