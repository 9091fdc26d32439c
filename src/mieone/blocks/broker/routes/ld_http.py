"""NGSI-LD over HTTP: parameters, contexts, media types and errors, the same for every operation."""

from collections.abc import Mapping, Sequence

import msgspec

from mieone.blocks.broker.actions.parts import Broker
from mieone.blocks.broker.actions.pseudonym import read_via
from mieone.blocks.broker.actions.sources import Journey, keep_headers
from mieone.blocks.broker.model import JsonValue, Tenant
from mieone.blocks.broker.problems import (
    BadRequestData,
    BrokerProblem,
    NotAcceptable,
    UnsupportedMediaType,
)
from mieone.blocks.broker.rules.headers import (
    MalformedHeaderError,
    choose_media_type,
    list_context_urls,
    prefers,
)
from mieone.blocks.broker.rules.json_reading import read_json
from mieone.web import AnyRequest

from .admission import admit, is_write
from .ld_answers import answer, answer_empty, answer_text, context_link
from .ld_call import TENANT_HEADER, Accept, Call, Item
from .ld_params import Page, Params, read_params
from .ld_problems import problem_document, render_ld_problem

MERGE_PATCH = "application/merge-patch+json"


async def open_call(
    request: AnyRequest,
    broker: Broker,
    params: Sequence[str],
    *,
    options: Sequence[str] = (),
    accepts: Sequence[Accept] = (Accept.JSON, Accept.LD_JSON),
) -> Call:
    """For operations without a body: terms come from the Link header, else the core's.

    `params` are the parameters this operation knows; any other raises InvalidRequest.
    """
    draft = await _begin(request, broker, params, options, accepts)
    await admit(request, broker, draft.tenant, writes=int(is_write(request)))
    return await _with_terms(draft, _linked_context(request))


async def open_call_with_body(
    request: AnyRequest,
    broker: Broker,
    params: Sequence[str],
    *,
    options: Sequence[str] = (),
    accepts: Sequence[Accept] = (Accept.JSON, Accept.LD_JSON),
    takes_merge_patch: bool = False,
    takes_link: bool = False,
) -> tuple[Call, JsonValue]:
    """The call and its body without @context, from which (or the Link header) the terms come.

    The body of a batch (a list) keeps the @context of its elements: see `open_items`.
    With `takes_link` a JSON-LD body without a context may have it in the Link header.
    Raises InvalidRequest (no JSON), BadRequestData (context in the wrong place), UnsupportedMediaType.
    """
    draft = await _begin(request, broker, params, options, accepts)
    is_ld = _check_content_type(request, takes_merge_patch)
    linked = _linked_context(request)
    body = read_json(await request.body())
    count = len(body) if isinstance(body, list) else 1
    await admit(request, broker, draft.tenant, writes=count if is_write(request) else 0)
    if is_ld and linked is not None and not (takes_link and _lacks_context(body)):
        raise BadRequestData("with application/ld+json the context stands in the body, not in Link")
    if isinstance(body, list):
        return msgspec.structs.replace(await _with_terms(draft, linked), has_ld_body=is_ld), body
    if is_ld and linked is not None:
        return await _with_terms(draft, linked), body
    _check_context(body, is_ld)
    if is_ld and isinstance(body, dict):
        # No copy of ours shares it: it was decoded for this call.
        return await _with_terms(draft, body.pop("@context")), body
    return await _with_terms(draft, linked), body


async def open_items(call: Call, body: JsonValue) -> list[Item]:
    """The elements of a batch, each with its own context; what is wrong with it fails its element."""
    if not isinstance(body, list):
        raise BadRequestData("a batch is an array")
    if not body:
        raise BadRequestData("the batch is empty")
    if None in body:
        # Nothing says whose error that would be (5.6.7 and 5.6.20).
        raise BadRequestData("an element of the batch is null")
    return [await _item(call, element) for element in body]


async def _item(call: Call, element: JsonValue) -> Item:
    try:
        _check_context(element, call.has_ld_body)
    except BrokerProblem as problem:
        return Item(document=element, terms=problem)
    if not isinstance(element, dict) or "@context" not in element:
        return Item(document=element, terms=call.terms)
    context = element.pop("@context")
    try:
        return Item(document=element, terms=await call.broker.contexts.terms(context))
    except BrokerProblem as problem:
        return Item(document=element, terms=problem)


class _Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What is known before the context is."""

    broker: Broker
    tenant: Tenant
    params: Params
    accept: Accept
    via: tuple[str, ...]
    headers: Mapping[str, str]
    path: str
    tenant_header: str | None
    prefers_ld_body: bool


async def _begin(
    request: AnyRequest,
    broker: Broker,
    params: Sequence[str],
    options: Sequence[str],
    accepts: Sequence[Accept],
) -> _Draft:
    if "\x00" in request.scope["path"]:
        raise BadRequestData("the path holds the character U+0000")
    query = request.scope["query_string"]
    read = read_params(query, params, options)
    accept = _choose(request, accepts)
    tenant_header = request.headers.get(TENANT_HEADER.lower())
    tenant = await broker.tenants.get(tenant_header)
    return _Draft(
        broker=broker,
        tenant=tenant,
        params=read,
        accept=accept,
        via=read_via(broker.house, tenant.name, request.headers.getall("via", [])),
        headers=keep_headers(request.headers),
        path=f"{request.scope['path']}?{query.decode('ascii')}".rstrip("?"),
        tenant_header=tenant_header or None,
        prefers_ld_body=not prefers(request.headers.get("prefer", ""), "body=json"),
    )


async def _with_terms(draft: _Draft, context: JsonValue | Sequence[str] | None) -> Call:
    terms = await draft.broker.contexts.terms(context)
    return Call(
        broker=draft.broker,
        tenant=draft.tenant,
        terms=terms,
        params=draft.params,
        accept=draft.accept,
        journey=Journey(
            terms=terms,
            is_local=draft.params.flag("local"),
            via=draft.via,
            headers=draft.headers,
        ),
        path=draft.path,
        tenant_header=draft.tenant_header,
        prefers_ld_body=draft.prefers_ld_body,
    )


def _choose(request: AnyRequest, accepts: Sequence[Accept]) -> Accept:
    chosen = choose_media_type(request.headers.get("accept", ""), accepts)
    if chosen is not None:
        return Accept(chosen)
    if is_write(request):
        # Most of these answer nothing; what little they say is JSON.
        return Accept.JSON
    raise NotAcceptable(f"this can be had as {', '.join(accepts)}")


def _linked_context(request: AnyRequest) -> tuple[str, ...] | None:
    """The context of the Link header. Raises BadRequestData where there are several."""
    try:
        urls = list_context_urls(", ".join(request.headers.getall("link", [])))
    except MalformedHeaderError as error:
        raise BadRequestData(str(error)) from None
    if len(urls) > 1:
        raise BadRequestData("the Link header names more than one JSON-LD context")
    return urls or None


def _check_content_type(request: AnyRequest, takes_merge_patch: bool) -> bool:
    """Whether the body is JSON-LD."""
    # A body that does not say what it is, is read as what bodies here are.
    written = request.headers.get("content-type", Accept.JSON.value)
    named = written.split(";")[0].strip().lower()
    taken = {Accept.JSON.value, Accept.LD_JSON.value}
    if takes_merge_patch:
        taken.add(MERGE_PATCH)
    if named not in taken:
        raise UnsupportedMediaType(f"a body comes as {' or '.join(sorted(taken))}")
    return named == Accept.LD_JSON.value


def _lacks_context(document: JsonValue) -> bool:
    return isinstance(document, dict) and "@context" not in document


def _check_context(document: JsonValue, is_ld: bool) -> None:
    if not isinstance(document, dict):
        # Whoever reads the body says what it should be.
        return
    has_context = "@context" in document
    if is_ld and not has_context:
        raise BadRequestData("application/ld+json needs an @context in the body")
    if has_context and not is_ld:
        raise BadRequestData("@context in the body goes only with application/ld+json")


__all__ = [
    "Accept",
    "Call",
    "Item",
    "Page",
    "Params",
    "answer",
    "answer_empty",
    "answer_text",
    "context_link",
    "open_call",
    "open_call_with_body",
    "open_items",
    "problem_document",
    "render_ld_problem",
]
