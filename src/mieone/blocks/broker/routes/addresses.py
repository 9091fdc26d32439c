"""Addresses whose parts are names of their own: a %2F inside an id or an IRI ends no part of the path."""

from typing import Final
from urllib.parse import unquote_to_bytes

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from litestar.utils import normalize_path

from mieone.core.block import AnyRequest

PREFIXES: Final = ("/ngsi-ld/", "/v2/")
_STAND_IN: Final = "\ue02f"
"""A private character, in place of an encoded slash until the route is found."""


class Addresses:
    """Around the whole application, for routing comes before every middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # The router takes `//` for `/`.
        if scope["type"] != ScopeType.HTTP or not normalize_path(scope["path"]).startswith(
            PREFIXES
        ):
            await self._app(scope, receive, send)
            return
        raw = scope.get("raw_path") or b""
        if b"%2f" in raw.lower():
            scope["path"] = _decode(raw)
        if scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def send_head(message: Message) -> None:
            """All that GET would say, but its body."""
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        scope["method"] = "GET"
        await self._app(scope, receive, send_head)


def _decode(raw: bytes) -> str:
    marked = raw.partition(b"?")[0].replace(b"%2f", b"%2F").replace(b"%2F", _STAND_IN.encode())
    return unquote_to_bytes(marked).decode("utf-8", "replace")


async def restore_slashes(request: AnyRequest) -> None:
    """Before a handler sees them, the parts of the path get their slashes back."""
    # Awaits nothing; were it not async, every request would wait for a thread.
    path_params = request.scope["path_params"]
    for name, value in path_params.items():
        if isinstance(value, str) and _STAND_IN in value:
            path_params = {**path_params, name: value.replace(_STAND_IN, "/")}
    request.scope["path_params"] = path_params
