"""/jsonldContexts: contexts that are hosted here, cached, or made of several (clause 5.13)."""

from urllib.parse import unquote

import msgspec
from litestar import Response, delete, get, post
from litestar.di import NamedDependency

from mieone.blocks.broker.actions.contexts import CONTEXTS_PATH, FoundContext
from mieone.blocks.broker.actions.parts import Broker
from mieone.blocks.broker.model import JsonValue
from mieone.blocks.broker.model.context import ContextKind
from mieone.blocks.broker.problems import BadRequestData, InvalidRequest, UnsupportedMediaType
from mieone.blocks.broker.rules.forms.times import render_time
from mieone.blocks.broker.rules.json_reading import read_json
from mieone.blocks.broker.store.contexts import Use
from mieone.web import AnyRequest

from .ld_http import Accept, Call, answer_empty, open_call


@post("/jsonldContexts", summary="Host a @context")
async def post_context(request: AnyRequest, broker: NamedDependency[Broker]) -> Response[None]:
    call = await open_call(request, broker, ())
    named = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if named not in (Accept.JSON.value, Accept.LD_JSON.value):
        raise UnsupportedMediaType(f"a context comes as {Accept.JSON} or {Accept.LD_JSON}")
    document = read_json(await request.body())
    if not isinstance(document, dict) or "@context" not in document:
        raise InvalidRequest("the body is an object with the member @context")
    context_id = await broker.contexts.add(call.tenant, document["@context"])
    return answer_empty(call, 201, {"Location": f"{CONTEXTS_PATH}{context_id}"})


@get("/jsonldContexts", summary="List the contexts kept here")
async def list_contexts(request: AnyRequest, broker: NamedDependency[Broker]) -> Response[bytes]:
    call = await open_call(request, broker, ("details", "kind"))
    has_details = call.params.flag("details")
    listed = await broker.contexts.list(call.tenant, _read_kind(call))
    body: list[JsonValue] = [
        _details(found, use) if has_details else found.url for found, use in listed
    ]
    return _answer(call, msgspec.json.encode(body))


@get("/jsonldContexts/{context_id:path}", summary="Serve a @context")
async def get_context(request: AnyRequest, broker: NamedDependency[Broker]) -> Response[bytes]:
    call = await open_call(request, broker, ("details",))
    has_details = call.params.flag("details")
    found, use = await broker.contexts.get(_read_id(request))
    broker.contexts.count_use(found)
    if has_details:
        return _answer(call, msgspec.json.encode(_details(found, use)))
    return _answer(call, found.body.encode())


@delete("/jsonldContexts/{context_id:path}", summary="Delete or reload a @context")
async def delete_context(request: AnyRequest, broker: NamedDependency[Broker]) -> Response[None]:
    call = await open_call(request, broker, ("reload",))
    if call.params.flag("reload"):
        await broker.contexts.reload(_read_id(request))
    else:
        await broker.contexts.remove(call.tenant, _read_id(request))
    return answer_empty(call)


def _read_kind(call: Call) -> ContextKind | None:
    text = call.params.find("kind")
    if text is None:
        return None
    try:
        return ContextKind(text)
    except ValueError:
        raise BadRequestData(f"kind is one of {', '.join(ContextKind)}") from None


def _read_id(request: AnyRequest) -> str:
    """A local id, or a whole URL with its slashes encoded: read from the path before decoding."""
    raw: bytes = request.scope.get("raw_path") or b""
    path = raw.partition(b"?")[0].decode("ascii", "replace")
    _, _, rest = path.partition(CONTEXTS_PATH)
    if not rest:
        _, _, rest = request.scope["path"].partition(CONTEXTS_PATH)
    key = unquote(rest)
    if not key or "\0" in key:
        raise BadRequestData("the id of the context is missing")
    return key if "://" in key else key.rstrip("/")


def _details(found: FoundContext, use: Use | None) -> dict[str, JsonValue]:
    details: dict[str, JsonValue] = {
        "URL": found.url,
        "localId": found.id,
        "kind": found.kind.value,
        "createdAt": render_time(found.created_at),
        "numberOfHits": 0 if use is None else use.hits,
    }
    if use is not None:
        details["lastUsage"] = render_time(use.used_at)
    if found.expires_at is not None:
        details["expiresAt"] = render_time(found.expires_at)
    if found.served_version is not None:
        details["extraInfo"] = {"servedVersion": found.served_version, "isApproximation": True}
    return details


def _answer(call: Call, body: bytes) -> Response[bytes]:
    """Without a Link header: contexts are not read with a context."""
    echoed = {} if call.tenant_header is None else {"NGSILD-Tenant": call.tenant_header}
    return Response(body, status_code=200, headers={"Content-Type": call.accept.value, **echoed})


HANDLERS = (post_context, list_contexts, get_context, delete_context)
