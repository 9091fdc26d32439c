"""The place a request holds among those of its tenant, given back when the answer is out."""

from contextlib import AsyncExitStack

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

MOST_DRAINED = 12 * 1024 * 1024
_STATE = "broker_places"
_READING_ENDS = ("/query", "/query/")


def is_write(request: AnyRequest) -> bool:
    method = request.method
    return method in ("PUT", "PATCH", "DELETE") or (
        method == "POST" and not request.url.path.endswith(_READING_ENDS)
    )


async def admit(request: AnyRequest, broker: Broker, tenant: Tenant, *, writes: int) -> None:
    """Within the tenant's quota and, for a write, with its key. Raises OverQuota, NotWritable.

    The place is given back by `Admission`, which must stand around the route.
    """
    if writes:
        await broker.check_may_write(request, tenant)
    places = request.scope["state"].get(_STATE)
    assert isinstance(places, AsyncExitStack), "the route stands outside Admission"
    await places.enter_async_context(broker.quotas.admitted(tenant, writes=writes))


class Body:
    """The body of one request, read to its end before the answer goes out.

    A server that answers while a client still sends must close the connection, and the client, which
    meant to use it again, sees its next request fail.
    """

    def __init__(self, receive: Receive, send: Send, length: int) -> None:
        self._receive = receive
        self._send = send
        self._is_read = not 0 < length <= MOST_DRAINED

    async def receive(self) -> HTTPReceiveMessage | WebSocketReceiveMessage:
        message = await self._receive()
        if message["type"] != "http.request" or not message.get("more_body", False):
            self._is_read = True
        return message

    async def send(self, message: Message) -> None:
        while not self._is_read:
            await self.receive()
        await self._send(message)


class Admission:
    """Middleware of the broker's routes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with AsyncExitStack() as places:
            scope.setdefault("state", {})[_STATE] = places
            body = Body(receive, send, _length(scope))
            await self._app(scope, body.receive, body.send)


def _length(scope: Scope) -> int:
    text = Headers.from_scope(scope).get("content-length", "")
    return int(text) if text.isascii() and text.isdigit() else 0
