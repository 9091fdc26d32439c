"""/v2/op: update, query, notify."""

from collections.abc import Sequence
from enum import StrEnum

from litestar import Response, post
from litestar.di import NamedDependency

from mieone.blocks.broker.actions.parts import Broker
from mieone.blocks.broker.actions.v2_entities import V2Name, find_problem
from mieone.blocks.broker.model import (
    DEFAULT_INSTANCE,
    Change,
    DatasetId,
    Fragment,
    Instance,
    Iri,
    JsonValue,
    Null,
    Operation,
    Outcome,
    Revision,
)
from mieone.blocks.broker.problems import (
    BadRequestData,
    OperationNotSupported,
    PartialUpdate,
    ResourceNotFound,
)
from mieone.blocks.broker.rules.v2.asking import (
    Expression,
    make_query,
    read_expression,
    read_name_list,
    read_selector,
)
from mieone.blocks.broker.rules.v2.bodies import BodyForm, EntityBody, read_entity, read_notified
from mieone.blocks.broker.rules.v2.showing import Shape
from mieone.core.problems import Problem
from mieone.web import AnyRequest

from .v2_entities import answer_query, form_of, shape_of
from .v2_http import (
    READ_OPTIONS,
    WRITE_OPTIONS,
    V2Call,
    answer_empty,
    check_object,
    open_v2,
    read_body,
)

_QUERY_MEMBERS = frozenset({"entities", "attrs", "attributes", "expression", "metadata"})
_MOST = 10_000


class ActionType(StrEnum):
    APPEND = "append"
    APPEND_STRICT = "appendStrict"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"


_OLD_NAMES = {
    "APPEND": ActionType.APPEND,
    "APPEND_STRICT": ActionType.APPEND_STRICT,
    "append_strict": ActionType.APPEND_STRICT,
    "UPDATE": ActionType.UPDATE,
    "REPLACE": ActionType.REPLACE,
    "DELETE": ActionType.DELETE,
}
"""As NGSI v1 wrote them."""


@post("/v2/op/update", status_code=204)
async def update_many(request: AnyRequest, broker: NamedDependency[Broker]) -> Response[None]:
    document = check_object(await read_body(request), "the body")
    unknown = document.keys() - {"actionType", "entities"}
    if unknown:
        raise BadRequestData(f"unknown member of the body: {min(unknown)}")
    action = _read_action(document.get("actionType"))
    entities = _read_list(document.get("entities"), "entities")
    call = await open_v2(request, broker, options=WRITE_OPTIONS, writes=len(entities))
    form = form_of(call.params)
    bodies = [read_entity(entity, call.names, form) for entity in entities]
    outcomes = await _write(call, action, bodies)
    _check_all(call, bodies, outcomes)
    return answer_empty(call)


def _read_action(written: JsonValue) -> ActionType:
    if isinstance(written, str):
        if written in _OLD_NAMES:
            return _OLD_NAMES[written]
        if written in tuple(ActionType):
            return ActionType(written)
    raise BadRequestData("actionType is append, appendStrict, update, replace or delete")


def _read_list(written: JsonValue, what: str) -> list[JsonValue]:
    if not isinstance(written, list) or not written:
        raise BadRequestData(f"{what} is no array with elements")
    if len(written) > _MOST:
        raise BadRequestData(f"{what} has more than {_MOST} elements")
    return written


async def _write(call: V2Call, action: ActionType, bodies: Sequence[EntityBody]) -> list[Outcome]:
    options = call.params.options
    overrides = "overrideMetadata" in options
    if action in (ActionType.APPEND, ActionType.APPEND_STRICT):
        is_strict = action is ActionType.APPEND_STRICT
        template = Change(
            operation=Operation.APPEND_STRICT if is_strict else Operation.UPDATE,
            entity_id="",
            revision=None if overrides else Revision(),
            is_forced="forcedUpdate" in options,
        )
        return await call.entities.append_all(bodies, template)
    changes = [
        (V2Name(id=body.id, type=body.type), _change(body, action, call, overrides=overrides))
        for body in bodies
    ]
    return await call.entities.change_all(changes)


def _change(body: EntityBody, action: ActionType, call: V2Call, *, overrides: bool) -> Change:
    content = body.content
    is_forced = "forcedUpdate" in call.params.options
    if action is ActionType.DELETE:
        if content.is_empty:
            return Change(operation=Operation.DELETE, entity_id="")
        gone: dict[Iri, dict[DatasetId, Instance | Null]] = {
            name: {DEFAULT_INSTANCE: Null()} for name in content.attributes
        }
        return Change(
            operation=Operation.UPDATE_EXISTING,
            entity_id="",
            fragment=Fragment(attributes=gone),
            clears_expiry=content.expires_at is not None,
        )
    is_update = action is ActionType.UPDATE
    return Change(
        operation=Operation.UPDATE_EXISTING if is_update else Operation.REPLACE,
        entity_id="",
        fragment=content.fragment(),
        revision=content.revision(overrides_metadata=overrides or not is_update),
        is_forced=is_forced,
    )


def _check_all(call: V2Call, bodies: Sequence[EntityBody], outcomes: Sequence[Outcome]) -> None:
    """One problem for the whole batch, though each entity was written or refused by itself."""
    problems = [find_problem(outcome) for outcome in outcomes]
    failed = [(body, problem) for body, problem in zip(bodies, problems, strict=True) if problem]
    if not failed:
        return
    for _, problem in failed:
        if not isinstance(problem, ResourceNotFound | OperationNotSupported):
            raise problem
    told = [(body, call.entities.in_v2_words(problem)) for body, problem in failed]
    reason = "; ".join(f"{_label(body)}: {_reason(problem)}" for body, problem in told)
    if len(failed) < len(outcomes):
        raise PartialUpdate(reason)
    if all(isinstance(problem, ResourceNotFound) for _, problem in failed):
        raise ResourceNotFound(reason)
    raise OperationNotSupported(reason)


def _label(body: EntityBody) -> str:
    return body.id if body.type is None else f"{body.id}/{body.type}"


def _reason(problem: Problem) -> str:
    return (
        "no such entity"
        if isinstance(problem, ResourceNotFound)
        else str(problem.detail.get("reason", problem.slug))
    )


@post("/v2/op/query", status_code=200)
async def query(request: AnyRequest, broker: NamedDependency[Broker]) -> Response[bytes]:
    document = check_object(await read_body(request), "the body")
    unknown = document.keys() - _QUERY_MEMBERS
    if unknown:
        raise BadRequestData(f"unknown member of the body: {min(unknown)}")
    call = await open_v2(request, broker, options=("count", *READ_OPTIONS))
    selectors = []
    if "entities" in document:
        entities = _read_list(document["entities"], "entities")
        selectors = [read_selector(entity, call.names) for entity in entities]
    expression = Expression()
    if "expression" in document:
        expression = read_expression(document["expression"])
    order = call.params.find("orderBy")
    asked = make_query(selectors, expression, call.names, call.paths, order)
    return await answer_query(call, asked, _shape(call, document))


def _shape(call: V2Call, document: dict[str, JsonValue]) -> Shape:
    shape = shape_of(call.params)
    attributes, metadata = shape.attributes, shape.metadata
    for name in ("attrs", "attributes"):
        if name in document:
            attributes = read_name_list(document[name], name)
    if "metadata" in document:
        metadata = read_name_list(document["metadata"], "metadata")
    return Shape(form=shape.form, attributes=attributes, metadata=metadata)


@post("/v2/op/notify", status_code=200)
async def take_notification(request: AnyRequest, broker: NamedDependency[Broker]) -> Response[None]:
    """What another broker notified is written here as an append."""
    document = check_object(await read_body(request), "the body")
    unknown = document.keys() - {"subscriptionId", "data"}
    if unknown:
        raise BadRequestData(f"unknown member of a notification: {min(unknown)}")
    if not isinstance(document.get("subscriptionId"), str):
        raise BadRequestData("subscriptionId is no string")
    entities = _read_list(document.get("data"), "data")
    call = await open_v2(request, broker, options=("keyValues",), writes=len(entities))
    named = request.headers.get("ngsiv2-attrsformat", "").strip().lower()
    form = BodyForm.KEY_VALUES if named == "keyvalues" else form_of(call.params)
    bodies = [read_notified(entity, call.names, form) for entity in entities]
    outcomes = await _write(call, ActionType.APPEND, bodies)
    _check_all(call, bodies, outcomes)
    return answer_empty(call, 200)


HANDLERS = (update_many, query, take_notification)
