"""DELETE /entities of NGSI-LD 1.9: every entity that fits, or some attributes of each."""

from typing import Final

from litestar import Response, delete
from litestar.di import NamedDependency

from mieone.blocks.broker.actions.parts import Broker
from mieone.blocks.broker.actions.purging import purge
from mieone.blocks.broker.model import Iri, JsonValue, Query, SourceResult
from mieone.blocks.broker.problems import BadRequestData
from mieone.blocks.broker.rules.q import parse_q, parse_scope_q
from mieone.web import AnyRequest

from .ld_asking import FILTER_PARAMS, read_geo, read_selector
from .ld_http import Call, answer, answer_empty, open_call, problem_document

_WHICH: Final = ("keep", "drop")
_FILTERS: Final = ("attrs", "datasetId", *FILTER_PARAMS)


@delete("/entities", summary="Delete the entities that fit", status_code=200)
async def delete_entities(
    request: AnyRequest, broker: NamedDependency[Broker]
) -> Response[bytes] | Response[None]:
    call = await open_call(request, broker, (*_FILTERS, *_WHICH))
    asked = _read_filter(call)
    keep, drop = (_names(call, name) for name in _WHICH)
    if keep is not None and drop is not None:
        raise BadRequestData("keep and drop exclude each other")
    results = await broker.sources.purge(
        call.tenant, asked, call.journey, keep=keep or (), drop=drop or ()
    )
    await purge(broker, call.tenant, asked, keep, drop)
    failed = [one for one in results if one.problem is not None]
    if failed:
        return answer(call, {"success": [], "errors": _errors(failed)}, status=207)
    return answer_empty(call)


def _names(call: Call, parameter: str) -> tuple[Iri, ...] | None:
    names = tuple(call.terms.expand_name(name) for name in call.params.list(parameter))
    return names or None


def _read_filter(call: Call) -> Query:
    """An id alone will do; nothing at all would mean everything, and that only local=true says."""
    params, terms = call.params, call.terms
    selector = read_selector(params, terms)
    condition, scope = params.find("q"), params.find("scopeQ")
    query = Query(
        entities=() if selector is None else (selector,),
        attributes=tuple(terms.expand_name(name) for name in params.list("attrs")),
        condition=None if condition is None else parse_q(condition, terms),
        geo=read_geo(params, terms),
        scope=None if scope is None else parse_scope_q(scope),
        datasets=params.list("datasetId") or None,
    )
    is_filter = any((selector, query.attributes, query.condition, query.geo, query.scope))
    if not is_filter and not call.journey.is_local:
        raise BadRequestData("a purge needs one of id, type, attrs, q, georel, scopeQ, local=true")
    return query


def _errors(failed: list[SourceResult]) -> list[JsonValue]:
    return [
        {
            "entityId": "",
            "error": problem_document(one.problem),
            "registrationId": one.registration_id,
        }
        for one in failed
        if one.problem is not None
    ]


HANDLERS = (delete_entities,)
