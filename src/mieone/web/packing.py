"""Fewer bytes on the way to a phone: built files packed once, open answers packed as they go."""

import gzip
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final

from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.response import Response
from litestar.types import ASGIApp, Message, Receive, Scope, Send

SUFFIX: Final = ".gz"
SMALLEST_BYTES: Final = 1024
_LEVEL: Final = 6
_NAMED_BY_CONTENT = re.compile(r"^dist/.*-[A-Z0-9]{8}\.\w+$")
_FOREVER = "public, max-age=31536000, immutable"


def accepts_packed(headers: Mapping[str, str]) -> bool:
    accepted = (part.strip().lower() for part in headers.get("accept-encoding", "").split(","))
    return any(
        re.fullmatch(r"(gzip|\*)(;q=(1(\.0*)?|0?\.\d*[1-9]\d*))?", part) for part in accepted
    )


def pack(headers: Mapping[str, str], answer: Response[str] | Response[bytes]) -> Response[bytes]:
    """An answer for everybody, packed if the browser takes it.

    Only for what holds no secret: the size of a packed page tells those who choose a part of it
    something about the rest.
    """
    content = answer.content.encode() if isinstance(answer.content, str) else answer.content
    vary = ", ".join(filter(None, [answer.headers.get("Vary"), "Accept-Encoding"]))
    shown = {**answer.headers, "Vary": vary}
    if accepts_packed(headers) and len(content) >= SMALLEST_BYTES:
        content = gzip.compress(content, _LEVEL, mtime=0)
        shown["Content-Encoding"] = "gzip"
    return Response(
        content,
        status_code=answer.status_code,
        media_type=answer.media_type,
        headers=shown,
        cookies=answer.cookies,
    )


def write_packed(paths: Collection[Path]) -> None:
    """Beside each built file its packed form, unless that is no smaller."""
    for path in paths:
        content = path.read_bytes()
        packed = gzip.compress(content, 9, mtime=0)
        if len(packed) < len(content):
            path.with_name(path.name + SUFFIX).write_bytes(packed)


class PackedFiles(ASGIMiddleware):
    """Around the static files: the packed form where there is one; built files are kept for good."""

    scopes = (ScopeType.HTTP,)

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        name = str(scope["path_params"].get("file_path", "")).lstrip("/")
        is_built = _NAMED_BY_CONTENT.match(name) is not None and ".." not in name
        headers = {
            key.decode("latin-1"): value.decode("latin-1") for key, value in scope["headers"]
        }
        if is_built and accepts_packed(headers) and (self._folder / (name + SUFFIX)).is_file():
            # The router remembers its own mapping for the next request: it gets a new one.
            scope["path_params"] = {**scope["path_params"], "file_path": f"/{name}{SUFFIX}"}

        async def say_how_long(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 200:
                said: Any = MutableScopeHeaders.from_message(message)
                said.add("Vary", "Accept-Encoding")
                said["Cache-Control"] = _FOREVER
            await send(message)

        await next_app(scope, receive, say_how_long if is_built else send)
