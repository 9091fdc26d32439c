"""Batches of NGSI-LD: many entities in one request, each for itself."""

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

import msgspec
from litestar import Response, post
from litestar.di import NamedDependency
from litestar.exceptions import HTTPException

from mieone.blocks.broker.actions.parts import Broker
from mieone.blocks.broker.actions.sources import Journey
from mieone.blocks.broker.model import Change, JsonValue, NotUpdated, Operation, Outcome, Terms
from mieone.blocks.broker.problems import (
    BadRequestData,
    BrokerProblem,
    InvalidRequest,
    PersonalAttribute,
)
from mieone.blocks.broker.rules.merging import SCOPE
from mieone.blocks.broker.rules.my_number import mask
from mieone.blocks.broker.rules.reading import (
    check_uri,
    read_entity,
    read_fragment,
    read_id,
    read_instant,
    read_overlays,
)
from mieone.core.problems import Problem
from mieone.web import AnyRequest

from .ld_distributed import list_errors
from .ld_http import (
    Call,
    Item,
    answer,
    answer_empty,
    open_call_with_body,
    open_items,
    problem_document,
)
from .ld_writing import FORMS, is_simplified

MAX_ITEMS: Final = 1000
_Reader: TypeAlias = Callable[[Item], Change]


class Unread(msgspec.Struct, frozen=True):
    """An element that is no change: whose it would be, and why not."""

    entity_id: str
    problem: Problem


@post("/entityOperations/create", summary="Create entities", status_code=201)
async def post_create(
    request: AnyRequest, broker: NamedDependency[Broker]
) -> Response[bytes] | Response[None]:
    call, body = await open_call_with_body(request, broker, ())
    results = await _run(call, body, _entity_reader(call, Operation.CREATE))
    errors = _errors(call, results)
    if errors:
        return answer(call, _batch_result(results, errors), status=207)
    return answer(call, _made(results), status=201)


@post("/entityOperations/upsert", summary="Create or update entities", status_code=201)
async def post_upsert(
    request: AnyRequest, broker: NamedDependency[Broker]
) -> Response[bytes] | Response[None]:
    call, body = await open_call_with_body(request, broker, (), options=("replace", "update"))
    if {"replace", "update"} <= call.params.options:
        raise InvalidRequest("options takes either replace or update")
    is_update = "update" in call.params.options
    operation = Operation.UPSERT_UPDATE if is_update else Operation.UPSERT_REPLACE
    results = await _run(call, body, _entity_reader(call, operation))
    errors = _errors(call, results)
    if errors:
        return answer(call, _batch_result(results, errors), status=207)
    made = _made(results)
    return answer(call, made, status=201) if made else answer_empty(call)


@post("/entityOperations/update", summary="Update entities")
async def post_update(
    request: AnyRequest, broker: NamedDependency[Broker]
) -> Response[bytes] | Response[None]:
    call, body = await open_call_with_body(
        request, broker, (), options=("noOverwrite", "replace", "update")
    )
    keeps = "noOverwrite" in call.params.options
    at = broker.house.clock.now()

    def read(item: Item) -> Change:
        terms = _terms(item)
        return Change(
            operation=Operation.APPEND if keeps else Operation.UPDATE,
            entity_id=read_id(item.document),
            fragment=read_fragment(item.document, terms, at, takes_nulls=not keeps),
            keep_existing=keeps,
        )

    return _answer_changes(call, await _run(call, body, read))


@post("/entityOperations/merge", summary="Merge into entities")
async def post_merge(
    request: AnyRequest, broker: NamedDependency[Broker]
) -> Response[bytes] | Response[None]:
    call, body = await open_call_with_body(
        request,
        broker,
        ("format", "lang", "observedAt"),
        options=FORMS,
        takes_merge_patch=True,
    )
    at = broker.house.clock.now()
    observed_at = call.params.find("observedAt")
    moment = None if observed_at is None else read_instant(observed_at, "observedAt")
    language = call.params.find("lang")
    simplified = is_simplified(call)

    def read(item: Item) -> Change:
        terms = _terms(item)
        return Change(
            operation=Operation.MERGE,
            entity_id=read_id(item.document),
            fragment=read_overlays(item.document, terms, at, is_simplified=simplified),
            observed_at=moment,
            language=language,
        )

    return _answer_changes(call, await _run(call, body, read))


@post("/entityOperations/delete", summary="Delete entities")
async def post_delete(
    request: AnyRequest, broker: NamedDependency[Broker]
) -> Response[bytes] | Response[None]:
    call, body = await open_call_with_body(request, broker, ())

    def read(item: Item) -> Change:
        entity_id = check_uri(item.document, "an element of the array")
        return Change(operation=Operation.DELETE, entity_id=entity_id)

    return _answer_changes(call, await _run(call, body, read))


def _entity_reader(call: Call, operation: Operation) -> _Reader:
    at = call.broker.house.clock.now()

    def read(item: Item) -> Change:
        entity_id, fragment = read_entity(item.document, _terms(item), at)
        return Change(operation=operation, entity_id=entity_id, fragment=fragment)

    return read


async def _run(call: Call, body: JsonValue, read: _Reader) -> list[Outcome | Unread]:
    """One result an element, in order. What cannot be read does not hold up the others."""
    if isinstance(body, list) and len(body) > MAX_ITEMS:
        raise HTTPException(status_code=413, detail=f"a batch has at most {MAX_ITEMS} elements")
    items = await open_items(call, body)
    read_items = [_read(item, read) for item in items]
    changes = [one for one in read_items if isinstance(one, Change)]
    outcomes = iter(
        await call.broker.sources.write(call.tenant, changes, _journey(call, items), is_batch=True)
    )
    return [next(outcomes) if isinstance(one, Change) else one for one in read_items]


def _journey(call: Call, items: Sequence[Item]) -> Journey:
    """Sources are told in the context of the elements, where they have one in common."""
    first, *others = (item.terms for item in items)
    if isinstance(first, BrokerProblem) or any(terms is not first for terms in others):
        return call.journey
    return msgspec.structs.replace(call.journey, terms=first)


def _read(item: Item, read: _Reader) -> Change | Unread:
    try:
        return read(item)
    except BrokerProblem as problem:
        return Unread(_shown_id(item.document), problem)


def _shown_id(document: JsonValue) -> str:
    shown = document.get("id") if isinstance(document, dict) else document
    return mask(shown) if isinstance(shown, str) else ""


def _terms(item: Item) -> Terms:
    if isinstance(item.terms, BrokerProblem):
        raise item.terms
    return item.terms


def _answer_changes(
    call: Call, results: Sequence[Outcome | Unread]
) -> Response[bytes] | Response[None]:
    errors = _errors(call, results)
    if errors:
        return answer(call, _batch_result(results, errors), status=207)
    return answer_empty(call)


def _batch_result(
    results: Sequence[Outcome | Unread], errors: list[JsonValue]
) -> dict[str, JsonValue]:
    done = (one.change.entity_id for one in results if isinstance(one, Outcome) and _is_done(one))
    return {"success": list(dict.fromkeys(done)), "errors": errors}


def _errors(call: Call, results: Sequence[Outcome | Unread]) -> list[JsonValue]:
    errors: list[JsonValue] = []
    for result in results:
        if isinstance(result, Unread):
            document = problem_document(result.problem)
            errors.append({"entityId": result.entity_id, "error": document})
            continue
        errors += _listed(call, result)
        if missed := _missed(result):
            names = ", ".join(one.name for one in missed)
            partly = BadRequestData(f"not updated: {names} ({missed[0].reason})")
            errors.append({"entityId": result.change.entity_id, "error": problem_document(partly)})
    return errors


def _listed(call: Call, outcome: Outcome) -> list[JsonValue]:
    if isinstance(outcome.problem, PersonalAttribute):
        # The id itself may be what is refused.
        shown = mask(outcome.change.entity_id)
        return [{"entityId": shown, "error": problem_document(outcome.problem)}]
    return list_errors(call, outcome)


def _missed(outcome: Outcome) -> list[NotUpdated]:
    """A scope that an entity has none of is passed over in a batch (the suite's D014)."""
    return [one for one in outcome.not_updated if one.name != SCOPE]


def _is_done(outcome: Outcome) -> bool:
    failed_elsewhere = any(source.problem is not None for source in outcome.sources)
    return outcome.problem is None and not _missed(outcome) and not failed_elsewhere


def _made(results: Sequence[Outcome | Unread]) -> list[JsonValue]:
    made = (
        one.change.entity_id
        for one in results
        if isinstance(one, Outcome)
        and (one.was_created or any(source.has_created for source in one.sources))
    )
    return list(dict.fromkeys(made))


HANDLERS = (post_create, post_upsert, post_update, post_merge, post_delete)
