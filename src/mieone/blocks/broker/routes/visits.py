"""What path, method and headers alone say of a request: whose it is, and what it will take."""

from enum import StrEnum
from typing import Final
from urllib.parse import parse_qs

import msgspec
from litestar.enums import ScopeType
from litestar.types import Scope
from litestar.utils import normalize_path

from mieone.blocks.broker.actions.keys import key_in
from mieone.blocks.broker.actions.lanes import Kind

BYTES_PER_ENTITY: Final = 2048
"""A body costs as if it brought an entity for so many bytes; what it really brings is charged later."""
READING_POSTS: Final = frozenset(
    {
        "/ngsi-ld/v1/entityOperations/query",
        "/ngsi-ld/v1/temporal/entityOperations/query",
        "/v2/op/query",
    }
)
OF_THE_WRITERS: Final = (
    "/ngsi-ld/v1/subscriptions",
    "/ngsi-ld/v1/csourceSubscriptions",
    "/ngsi-ld/v1/csourceRegistrations",
    "/v2/subscriptions",
    "/v2/registrations",
)
"""Receivers and sources with the words they are opened with: no open data, not even to read."""
_WRITING: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_BODILESS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class Api(StrEnum):
    LD = "/ngsi-ld/"
    V2 = "/v2/"
    OWN = "/api/broker/v1/"


_APIS: Final = tuple(Api)
"""Going through an enumeration is slow, and every request does it."""


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    api: Api
    kind: Kind
    tenant: str | None
    needs_key: bool
    key: str
    length: int
    """Of the body, as far as it was told; 0 when nobody says."""
    has_body: bool
    correlator: str
    language: str
    is_http_1: bool

    @property
    def weight(self) -> int:
        return max(1, self.length // BYTES_PER_ENTITY)


def is_write(method: str, path: str) -> bool:
    return method in _WRITING and not (method == "POST" and path in READING_POSTS)


def read_visit(scope: Scope) -> Visit | None:
    """None for what is not the broker's."""
    if scope["type"] != ScopeType.HTTP:
        return None
    # As the router will read it, which takes `//` for `/`.
    path, method = normalize_path(scope["path"]), scope["method"]
    api = next((api for api in _APIS if f"{path}/".startswith(api)), None)
    if api is None:
        return None
    headers: dict[bytes, str] = {}
    for name, value in scope["headers"]:
        # The first counts, as it does for the handlers.
        headers.setdefault(name, value.decode("latin-1"))
    length = headers.get(b"content-length", "")
    size = int(length) if length.isascii() and length.isdigit() else 0
    writes = is_write(method, path)
    return Visit(
        api=api,
        kind=Kind.WRITE if writes else Kind.READ,
        tenant=_tenant(api, headers, scope["query_string"]),
        needs_key=writes or path.startswith(OF_THE_WRITERS),
        key=key_in(headers.get(b"x-api-key"), headers.get(b"authorization")),
        length=size,
        # Over HTTP/2 a body need not announce itself.
        has_body=bool(size) or b"transfer-encoding" in headers or method not in _BODILESS,
        correlator=headers.get(b"fiware-correlator", ""),
        language=headers.get(b"accept-language", ""),
        is_http_1=scope.get("http_version", "1.1").startswith("1"),
    )


def _tenant(api: Api, headers: dict[bytes, str], query: bytes) -> str | None:
    match api:
        case Api.LD:
            return headers.get(b"ngsild-tenant")
        case Api.V2:
            return headers.get(b"fiware-service")
        case Api.OWN:
            if b"tenant" not in query:
                return None
            params = parse_qs(query.decode("latin-1"))
            named = params.get("tenant", params.get("tenants", [""]))
            return named[0].split(",")[0].strip()
