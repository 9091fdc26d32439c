"""NGSI v2 over HTTP: headers, parameters, bodies and answers, the same for every operation."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from litestar import MediaType, Response

from mieone.blocks.broker.actions.parts import Broker
from mieone.blocks.broker.actions.pseudonym import read_via
from mieone.blocks.broker.actions.sources import Journey, keep_headers
from mieone.blocks.broker.actions.v2_entities import V2Entities
from mieone.blocks.broker.model import JsonValue, Tenant
from mieone.blocks.broker.problems import (
    BadRequestData,
    LengthRequired,
    NotAcceptable,
    UnsupportedMediaType,
)
from mieone.blocks.broker.rules.headers import choose_media_type
from mieone.blocks.broker.rules.json_reading import read_json
from mieone.blocks.broker.rules.v2.names import Names
from mieone.blocks.broker.rules.v2.paths import read_paths, read_service
from mieone.web import AnyRequest

from .admission import admit, is_write
from .v2_params import V2Params, read_params
from .v2_problems import CORRELATOR, correlator_of, render_v2_problem

JSON: Final = "application/json"
TEXT: Final = "text/plain"
SERVICE: Final = "Fiware-Service"
SERVICE_PATH: Final = "Fiware-ServicePath"
TOTAL: Final = "Fiware-Total-Count"
OLD_OPTIONS: Final = ("dateCreated", "dateModified")
"""Of drafts of v2: builtin attributes that some clients still ask for so."""
WRITE_OPTIONS: Final = ("keyValues", "overrideMetadata", "forcedUpdate", "flowControl")
READ_OPTIONS: Final = ("keyValues", "values", "unique", "skipForwarding", *OLD_OPTIONS)


class V2Call(msgspec.Struct, frozen=True, kw_only=True):
    """One request, understood as far as every operation does the same."""

    broker: Broker
    tenant: Tenant
    names: Names
    params: V2Params
    paths: tuple[str, ...]
    """Service paths; () is all."""
    path_header: str | None
    """As sent."""
    journey: Journey
    correlator: str

    @property
    def entities(self) -> V2Entities:
        return V2Entities(self.broker, self.tenant, self.names, self.paths, self.journey)


async def open_v2(
    request: AnyRequest,
    broker: Broker,
    *,
    options: Sequence[str] = (),
    accepts: Sequence[str] = (JSON,),
    writes: int | None = None,
    is_about_paths: bool | None = None,
) -> V2Call:
    """`writes` is how many entities are written, where it is not one of a method that writes.

    `is_about_paths`: whether one exact service path is written to; by default as the method says.
    """
    params = read_params(request.scope["query_string"], options)
    tenant = await broker.tenants.get(read_service(request.headers.get(SERVICE.lower())))
    via = read_via(broker.house, tenant.name, request.headers.getall("via", []))
    count = int(is_write(request)) if writes is None else writes
    path_header = request.headers.get(SERVICE_PATH.lower())
    takes_one_path = bool(count) if is_about_paths is None else is_about_paths
    paths = read_paths(path_header, is_write=takes_one_path)
    if not is_write(request) and choose_media_type(_accept(request), accepts) is None:
        raise NotAcceptable(f"this can be had as {', '.join(accepts)}")
    await admit(request, broker, tenant, writes=count)
    terms = await broker.contexts.terms([tenant.context_url] if tenant.context_url else None)
    return V2Call(
        broker=broker,
        tenant=tenant,
        names=Names(terms),
        params=params,
        paths=paths,
        path_header=path_header,
        journey=Journey(
            terms=terms,
            is_local="skipForwarding" in params.options,
            via=via,
            headers=keep_headers(request.headers),
        ),
        correlator=correlator_of(request),
    )


def _accept(request: AnyRequest) -> str:
    return ", ".join(request.headers.getall("accept", []))


def choose_accept(request: AnyRequest, offered: Sequence[str]) -> str | None:
    return choose_media_type(_accept(request), offered)


async def read_body(request: AnyRequest) -> JsonValue:
    """Raises LengthRequired, UnsupportedMediaType, InvalidRequest (ParseError)."""
    body = await read_bytes(request)
    if content_type_of(request) != JSON:
        raise UnsupportedMediaType(f"a body comes as {JSON}")
    return read_json(body)


async def read_bytes(request: AnyRequest) -> bytes:
    body = await request.body()
    if not body:
        raise LengthRequired("the request has no body")
    return body


def content_type_of(request: AnyRequest) -> str:
    return request.headers.get("content-type", "").split(";")[0].strip().lower()


def answer(
    call: V2Call,
    body: JsonValue,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    media_type: str = JSON,
) -> Response[bytes]:
    sent = {"Content-Type": media_type, CORRELATOR: call.correlator, **(headers or {})}
    return Response(msgspec.json.encode(body), status_code=status, headers=sent)


def answer_empty(
    call: V2Call, status: int = 204, headers: Mapping[str, str] | None = None
) -> Response[None]:
    sent = {CORRELATOR: call.correlator, **(headers or {})}
    # As text, nothing is nothing; as JSON it would be `null`.
    return Response(None, status_code=status, media_type=MediaType.TEXT, headers=sent)


def answer_list(call: V2Call, items: list[JsonValue], count: int | None) -> Response[bytes]:
    headers = {TOTAL: str(count or 0)} if call.params.wants_count else {}
    return answer(call, items, headers=headers)


def check_object(body: JsonValue, what: str) -> dict[str, JsonValue]:
    if not isinstance(body, dict):
        raise BadRequestData(f"{what} is no object")
    return body


__all__ = [
    "READ_OPTIONS",
    "WRITE_OPTIONS",
    "V2Call",
    "answer",
    "answer_empty",
    "answer_list",
    "check_object",
    "choose_accept",
    "content_type_of",
    "open_v2",
    "read_body",
    "read_bytes",
    "render_v2_problem",
]
