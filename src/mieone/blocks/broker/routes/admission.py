"""The place a request holds among those of its tenant, given back when the answer goes out."""

import asyncio
from contextlib import AsyncExitStack, suppress
from typing import Final

from litestar.datastructures import Headers
from litestar.types import (
    ASGIApp,
    HTTPReceiveMessage,
    Message,
    Receive,
    Scope,
    Send,
    WebSocketReceiveMessage,
)

from mieone.blocks.broker.actions.parts import Broker
from mieone.blocks.broker.model import Tenant
from mieone.web import AnyRequest

MOST_DRAINED: Final = 12 * 1024 * 1024
DRAINED_S: Final = 10.0
_STATE: Final = "broker_places"
READING_POSTS: Final = frozenset(
    {
        "/ngsi-ld/v1/entityOperations/query",
        "/ngsi-ld/v1/temporal/entityOperations/query",
        "/v2/op/query",
    }
)
_OF_THE_WRITERS: Final = (
    "/ngsi-ld/v1/subscriptions",
    "/ngsi-ld/v1/csourceSubscriptions",
    "/ngsi-ld/v1/csourceRegistrations",
    "/v2/subscriptions",
    "/v2/registrations",
)
"""Receivers and sources with the words they are opened with: no open data, not even to read."""


def is_write(request: AnyRequest) -> bool:
    # By the route that was found: the URL is made of a Host header that anybody may write.
    return request.method in ("PUT", "PATCH", "DELETE") or (
        request.method == "POST" and request.scope["path_template"] not in READING_POSTS
    )


async def admit(request: AnyRequest, broker: Broker, tenant: Tenant, *, writes: int) -> None:
    """Within the tenant's quota and, where it is needed, with its key. Raises OverQuota, NotWritable.

    The place is given back by `Admission`, which must stand around the route.
    """
    if is_write(request) or request.scope["path_template"].startswith(_OF_THE_WRITERS):
        await broker.check_may_write(request, tenant)
    places = request.scope["state"].get(_STATE)
    assert isinstance(places, AsyncExitStack), "the route stands outside Admission"
    await places.enter_async_context(broker.quotas.admitted(tenant, writes=writes))


class Body:
    """The body of one request, read to its end before the answer goes out.

    A server that answers while a client still sends must close the connection, and the client, which
    meant to use it again, sees its next request fail. A slow client keeps nobody's place meanwhile.
    """

    def __init__(self, receive: Receive, send: Send, length: int, places: AsyncExitStack) -> None:
        self._receive = receive
        self._send = send
        self._places = places
        self._is_read = not 0 < length <= MOST_DRAINED

    async def receive(self) -> HTTPReceiveMessage | WebSocketReceiveMessage:
        message = await self._receive()
        if message["type"] != "http.request" or not message.get("more_body", False):
            self._is_read = True
        return message

    async def send(self, message: Message) -> None:
        await self._places.aclose()
        if not self._is_read:
            with suppress(TimeoutError):
                async with asyncio.timeout(DRAINED_S):
                    while not self._is_read:
                        await self.receive()
            self._is_read = True
        await self._send(message)


class Admission:
    """Middleware of the broker's routes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with AsyncExitStack() as places:
            scope.setdefault("state", {})[_STATE] = places
            body = Body(receive, send, _length(scope), places)
            await self._app(scope, body.receive, body.send)


def _length(scope: Scope) -> int:
    text = Headers.from_scope(scope).get("content-length", "")
    return int(text) if text.isascii() and text.isdigit() else 0
