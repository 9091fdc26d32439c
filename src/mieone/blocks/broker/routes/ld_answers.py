"""What goes back over NGSI-LD: a body in its media type, with its context and its tenant."""

from collections.abc import Mapping

import msgspec
from litestar import MediaType, Response

from mieone.blocks.broker.model import JsonValue, Terms
from mieone.blocks.broker.rules.headers import JSON_LD_CONTEXT

from .ld_call import TENANT_HEADER, Accept, Call


def answer(
    call: Call, body: JsonValue, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response[bytes]:
    """A body in the media type asked for, with Link or @context, and the tenant echoed."""
    sent = {"Content-Type": call.accept.value, **_echoed(call), **(headers or {})}
    if call.accept is Accept.LD_JSON or (call.accept is Accept.GEO_JSON and call.prefers_ld_body):
        body = _with_context(body, call.terms.inline)
    else:
        paging = f", {sent['Link']}" if "Link" in sent else ""
        sent["Link"] = f"{context_link(call.terms)}{paging}"
    return Response(msgspec.json.encode(body), status_code=status, headers=sent)


def answer_text(
    call: Call, text: str, media_type: Accept, *, headers: Mapping[str, str] | None = None
) -> Response[bytes]:
    """A body that is no JSON, such as a table."""
    sent = {
        "Content-Type": f"{media_type.value}; charset=utf-8",
        **_echoed(call),
        **(headers or {}),
    }
    return Response(text.encode(), status_code=200, headers=sent)


def answer_empty(
    call: Call, status: int = 204, headers: Mapping[str, str] | None = None
) -> Response[None]:
    # As text, nothing is nothing; as JSON it would be `null`.
    return Response(
        None,
        status_code=status,
        media_type=MediaType.TEXT,
        headers={**_echoed(call), **(headers or {})},
    )


def context_link(terms: Terms) -> str:
    return f'<{terms.link}>; rel="{JSON_LD_CONTEXT}"; type="application/ld+json"'


def _echoed(call: Call) -> dict[str, str]:
    return {} if call.tenant_header is None else {TENANT_HEADER: call.tenant_header}


def _with_context(body: JsonValue, context: JsonValue) -> JsonValue:
    if isinstance(body, list):
        return [_with_context(element, context) for element in body]
    return {**body, "@context": context} if isinstance(body, dict) else body
