"""NGSI-LD over HTTP: parameters, contexts, media types and errors, the same for every operation."""

from collections.abc import Mapping, Sequence
from enum import StrEnum

import msgspec
from litestar import Response

from mieone.blocks.broker.actions.parts import Broker
from mieone.blocks.broker.actions.sources import Journey
from mieone.blocks.broker.model import JsonValue, Tenant, Terms
from mieone.web import AnyRequest


class Accept(StrEnum):
    JSON = "application/json"
    LD_JSON = "application/ld+json"
    GEO_JSON = "application/geo+json"
    CSV = "text/csv"


class Params:
    """Query parameters, each known to the operation; read by kind."""

    def find(self, name: str) -> str | None:
        """The text, or None when absent; an empty text is BadRequestData."""
        raise NotImplementedError

    def list(self, name: str) -> tuple[str, ...]:
        """Comma-separated members, () when absent."""
        raise NotImplementedError

    def flag(self, name: str) -> bool:
        """true or false, False when absent; else BadRequestData."""
        raise NotImplementedError

    def number(self, name: str, default: int, low: int, high: int) -> int:
        raise NotImplementedError

    @property
    def options(self) -> frozenset[str]:
        """Members of `options`, checked against those the operation knows."""
        raise NotImplementedError


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One request, understood as far as every operation does the same."""

    broker: Broker
    tenant: Tenant
    terms: Terms
    params: Params
    accept: Accept
    journey: Journey
    path: str
    """With the query: for paging links."""
    tenant_header: str | None = None
    """As sent, to be echoed."""
    prefers_ld_body: bool = False


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
    raise NotImplementedError


async def open_call_with_body(
    request: AnyRequest,
    broker: Broker,
    params: Sequence[str],
    *,
    options: Sequence[str] = (),
    accepts: Sequence[Accept] = (Accept.JSON, Accept.LD_JSON),
    takes_merge_patch: bool = False,
) -> tuple[Call, JsonValue]:
    """The call and its body without @context, from which (or the Link header) the terms come.

    Raises InvalidRequest (no JSON), BadRequestData (context in the wrong place), UnsupportedMediaType.
    """
    raise NotImplementedError


def answer(
    call: Call, body: JsonValue, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response[bytes]:
    """A body in the media type asked for, with Link or @context, and the tenant echoed."""
    raise NotImplementedError


def answer_empty(
    call: Call, status: int = 204, headers: Mapping[str, str] | None = None
) -> Response[None]:
    raise NotImplementedError


def render_ld_problem(request: AnyRequest, error: Exception) -> Response[bytes]:
    """Every failure under /ngsi-ld/, as RFC 7807 in NGSI-LD's own types."""
    raise NotImplementedError
