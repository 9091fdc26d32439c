"""Answers to writes in which context sources took part: 207 where some of them failed."""

from collections.abc import Iterable, Iterator, Sequence

from litestar import Response

from mieone.blocks.broker.model import JsonValue, Operation, Outcome
from mieone.blocks.broker.problems import BrokerProblem
from mieone.core.problems import Problem

from .ld_http import Call, answer, problem_document

_OF_ATTRIBUTES = frozenset(
    {
        Operation.APPEND,
        Operation.UPDATE,
        Operation.PARTIAL,
        Operation.REPLACE_ATTRIBUTE,
        Operation.DELETE_ATTRIBUTE,
    }
)


def find_multi_status(call: Call, outcome: Outcome) -> Response[bytes] | None:
    """For an operation on one entity. None: nobody else was asked, or everything went well.

    Raises the problem where one party alone was asked, and failed.
    """
    if not outcome.sources:
        return None
    problems = list(_problems(outcome))
    if not problems:
        return None
    if len(problems) == 1 and len(outcome.sources) + outcome.was_kept_here == 1:
        raise problems[0][0]
    if all(problem.status == 404 for problem, _ in problems) and len(problems) == (
        len(outcome.sources) + outcome.was_kept_here
    ):
        raise problems[0][0]
    if outcome.change.operation in _OF_ATTRIBUTES:
        return answer(call, _update_result(outcome), status=207)
    return answer(call, batch_result(call, [outcome]), status=207)


def warn(warnings: Iterable[str]) -> dict[str, str]:
    """The header that tells of sources that failed."""
    joined = ", ".join(warnings)
    return {"NGSILD-Warning": joined} if joined else {}


def list_errors(call: Call, outcome: Outcome) -> list[JsonValue]:
    """BatchEntityErrors of what failed elsewhere; the registration is named in each."""
    return [
        {
            "entityId": outcome.change.entity_id,
            "error": problem_document(problem),
            **({"registrationId": source} if source is not None else {}),
        }
        for problem, source in _problems(outcome)
    ]


def batch_result(call: Call, outcomes: Sequence[Outcome]) -> dict[str, JsonValue]:
    """BatchOperationResult. An entity that failed anywhere is no success."""
    success: list[JsonValue] = []
    errors: list[JsonValue] = []
    for outcome in outcomes:
        failed = list_errors(call, outcome)
        errors.extend(failed)
        if not failed:
            success.append(outcome.change.entity_id)
    return {"success": success, "errors": errors}


def _problems(outcome: Outcome) -> Iterator[tuple[Problem, str | None]]:
    if outcome.problem is not None:
        yield outcome.problem, None
    for source in outcome.sources:
        if source.problem is not None:
            yield source.problem, source.registration_id


def _update_result(outcome: Outcome) -> dict[str, JsonValue]:
    """With expanded names, as all UpdateResults of ours."""
    failed: list[JsonValue] = [
        {"attributeName": one.name, "reason": one.reason} for one in outcome.not_updated
    ]
    updated = dict.fromkeys(outcome.updated)
    change = outcome.change
    every = tuple(change.fragment.attributes) + tuple(change.fragment.overlays)
    every = every or ((change.name,) if change.name is not None else ())
    if outcome.problem is not None and outcome.was_kept_here:
        failed += [{"attributeName": name, "reason": _reason(outcome.problem)} for name in every]
    for source in outcome.sources:
        names = source.names or every
        if source.problem is None:
            updated.update(dict.fromkeys(names))
            continue
        failed += [
            {
                "attributeName": name,
                "reason": _reason(source.problem),
                "registrationId": source.registration_id,
            }
            for name in names
        ]
    return {"updated": list(updated), "notUpdated": failed}


def _reason(problem: Problem) -> str:
    return problem.reason if isinstance(problem, BrokerProblem) else problem.slug
