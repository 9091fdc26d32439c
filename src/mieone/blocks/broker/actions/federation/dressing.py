"""Headers and media types of what goes to a source: ours, and those its registration asks for."""

from typing import TYPE_CHECKING, Final

import msgspec

from mieone.blocks.broker.actions.pseudonym import own_pseudonym
from mieone.blocks.broker.model import JsonValue, Registration, SourceProtocol
from mieone.blocks.broker.rules.headers import JSON_LD_CONTEXT
from mieone.blocks.broker.rules.registrations.requests import SourceRequest
from mieone.core.house import House

if TYPE_CHECKING:
    from mieone.blocks.broker.actions.sources import Journey

JSON: Final = "application/json"
LD_JSON: Final = "application/ld+json"
_OURS: Final = frozenset(
    {
        "accept",
        "connection",
        "content-length",
        "content-type",
        "contenttype",
        "expect",
        "host",
        "jsonldcontext",
        "keep-alive",
        "link",
        "ngsild-tenant",
        "ngsildconformance",
        "protocol",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "via",
    }
)
_OF_THE_REQUEST: Final = "urn:ngsi-ld:request"
"""As a value: what the request that is passed on has there."""


def find_header(registration: Registration, key: str) -> str | None:
    for one in registration.headers:
        if one.key.lower() == key:
            return one.value
    return None


def dress(registration: Registration, request: SourceRequest, journey: "Journey") -> SourceRequest:
    """The body with its @context or without, as the source takes it (4.3.6.6)."""
    if request.body is None or registration.protocol is SourceProtocol.NGSI_V2:
        return request
    context = find_header(registration, "jsonldcontext")
    wanted = JSON if context is not None else find_header(registration, "contenttype")
    if wanted == JSON and request.is_ld:
        return msgspec.structs.replace(request, body=_undressed(request.body), is_ld=False)
    if wanted == LD_JSON and not request.is_ld:
        body = _dressed(request.body, request.context or journey.terms.link)
        return msgspec.structs.replace(request, body=body, is_ld=True)
    return request


def headers_of(
    house: House,
    tenant: str,
    registration: Registration,
    request: SourceRequest,
    journey: "Journey",
) -> dict[str, str]:
    headers: dict[str, str] = {}
    for one in registration.headers:
        value: str | None = one.value
        if value == _OF_THE_REQUEST:
            value = journey.headers.get(one.key.lower())
        if value is not None and one.key.lower() not in _OURS:
            headers[one.key] = value
    accept = find_header(registration, "accept")
    headers["Accept"] = accept if accept in (JSON, LD_JSON) else JSON
    headers["Via"] = ", ".join((*journey.via, f"1.1 {own_pseudonym(house, tenant)}"))
    is_v2 = registration.protocol is SourceProtocol.NGSI_V2
    if registration.tenant is not None:
        headers["Fiware-Service" if is_v2 else "NGSILD-Tenant"] = registration.tenant
    if request.body is not None:
        headers["Content-Type"] = LD_JSON if request.is_ld else JSON
    if not request.is_ld and not is_v2:
        named = find_header(registration, "jsonldcontext")
        context = request.context or named or journey.terms.link
        headers["Link"] = f'<{context}>; rel="{JSON_LD_CONTEXT}"; type="{LD_JSON}"'
    return headers


def _dressed(body: JsonValue, context: str) -> JsonValue:
    """Ids, as a batch of deletions has them, stay as they are."""
    if isinstance(body, list):
        return [_dressed(one, context) for one in body]
    return {**body, "@context": [context]} if isinstance(body, dict) else body


def _undressed(body: JsonValue) -> JsonValue:
    if isinstance(body, list):
        return [_undressed(one) for one in body]
    if isinstance(body, dict):
        return {name: value for name, value in body.items() if name != "@context"}
    return body
