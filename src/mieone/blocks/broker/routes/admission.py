"""The place a request holds among those of its tenant, given back when the answer is out."""

from contextlib import AsyncExitStack

from litestar.types import ASGIApp, Receive, Scope, Send

from mieone.blocks.broker.actions.parts import Broker
from mieone.blocks.broker.model import Tenant
from mieone.web import AnyRequest

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


class Admission:
    """Middleware of the broker's routes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with AsyncExitStack() as places:
            scope.setdefault("state", {})[_STATE] = places
            await self._app(scope, receive, send)
