"""What the answers of sources to a write mean."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from mieone.blocks.broker.model import (
    Change,
    JsonValue,
    Operation,
    Outcome,
    SourceMode,
    SourceResult,
)
from mieone.blocks.broker.problems import (
    AlreadyExists,
    BadRequestData,
    BrokerProblem,
    Conflict,
    LoopDetected,
    OperationNotSupported,
    ResourceNotFound,
    SourceFailed,
    SourceUnavailable,
)
from mieone.blocks.broker.rules.registrations.splitting import Share

from .asking import Answer, Fault, SourceFailedError

_OUTRIGHT: Final = frozenset({Operation.CREATE, Operation.UPSERT_REPLACE, Operation.UPSERT_UPDATE})
_OF_ONE_ATTRIBUTE: Final = frozenset(
    {Operation.PARTIAL, Operation.REPLACE_ATTRIBUTE, Operation.DELETE_ATTRIBUTE}
)
_PROBLEMS: Final[Mapping[int, type[BrokerProblem]]] = {
    400: BadRequestData,
    404: ResourceNotFound,
    422: OperationNotSupported,
    508: LoopDetected,
}


def combine(
    change: Change, local: Outcome | None, results: Sequence[SourceResult], *, is_known: bool
) -> Outcome:
    if not results:
        return local if local is not None else Outcome(change=change)
    updated = tuple(name for one in results if one.problem is None for name in one.names)
    if (
        local is not None
        and is_known
        and updated
        and change.operation in _OF_ONE_ATTRIBUTE
        and isinstance(local.problem, ResourceNotFound)
    ):
        # Of this entity the attribute is there and not here: there it was done.
        local = None
    if local is None:
        return Outcome(change=change, sources=tuple(results), was_kept_here=False, updated=updated)
    return msgspec.structs.replace(
        local,
        change=change,
        sources=tuple(results),
        updated=tuple(dict.fromkeys((*local.updated, *updated))),
    )


def result_of(
    share: Share, problem: BrokerProblem | None, *, has_created: bool = False
) -> SourceResult:
    return SourceResult(
        registration_id=share.source.registration.id,
        problem=problem,
        names=share.names,
        has_created=has_created,
    )


def unanswered(failure: SourceFailedError) -> BrokerProblem:
    kind = SourceUnavailable if failure.fault is Fault.NO_ANSWER else SourceFailed
    return kind(f"the source has not done it: {failure.text}")


def judge(share: Share, answer: Answer) -> SourceResult:
    if answer.status == 207:
        return result_of(share, SourceFailed("the source has done only a part of it"))
    if answer.is_well:
        made = share.change.operation in _OUTRIGHT and answer.status == 201
        return result_of(share, None, has_created=made)
    if answer.status == 508 and share.source.mode is SourceMode.INCLUSIVE:
        # The way leads back to us: we do it ourselves anyway.
        return result_of(share, None)
    return result_of(share, _problem_of(share, answer.status, _reason_of(answer)))


def judge_each(shares: Sequence[Share], document: JsonValue) -> list[SourceResult]:
    """A BatchOperationResult."""
    errors: dict[str, JsonValue] = {}
    listed = document.get("errors") if isinstance(document, dict) else None
    for one in listed if isinstance(listed, list) else []:
        if isinstance(one, dict) and isinstance(one.get("entityId"), str):
            errors[str(one["entityId"])] = one.get("error")
    if not errors:
        failed = SourceFailed("the source has done only a part of it")
        return [result_of(share, failed) for share in shares]
    return [_judge_error(share, errors) for share in shares]


def _judge_error(share: Share, errors: Mapping[str, JsonValue]) -> SourceResult:
    if share.change.entity_id not in errors:
        return result_of(share, None)
    error = errors[share.change.entity_id]
    status, reason = 502, "the source has refused it"
    if isinstance(error, dict):
        if isinstance(error.get("status"), int):
            status = int(str(error["status"]))
        reason = str(error.get("detail") or error.get("title") or reason)[:300]
    return result_of(share, _problem_of(share, status, reason))


def _problem_of(share: Share, status: int, reason: str) -> BrokerProblem:
    if status == 409:
        made = share.change.operation is Operation.CREATE
        return AlreadyExists(reason) if made else Conflict(reason)
    if status in _PROBLEMS:
        return _PROBLEMS[status](reason)
    if status in (408, 429, 503, 504):
        return SourceUnavailable(reason)
    return SourceFailed(reason)


def _reason_of(answer: Answer) -> str:
    try:
        document = answer.read()
    except SourceFailedError:
        document = None
    told = ""
    if isinstance(document, dict):
        told = str(document.get("detail") or document.get("description") or "")[:300]
    return f"the source answers {answer.status}" + (f": {told}" if told else "")
