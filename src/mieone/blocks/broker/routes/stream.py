"""Server-sent events: changes of open data as they happen, for maps and boards."""

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import Stream

from mieone.blocks.broker.actions.parts import Broker
from mieone.blocks.broker.model.stream import Interest
from mieone.blocks.broker.rules.q import parse_q
from mieone.core.block import AnyRequest
from mieone.core.rate import network_of

_HEADERS = {
    "Cache-Control": "no-store",
    # A proxy in front must hand each event over at once.
    "X-Accel-Buffering": "no",
}


@get(
    "/stream",
    summary="Changes as they happen, as server-sent events",
    description="`event: entity` says what an entity is now, `event: gone` that it is no more; `data` is "
    "`{tenant, id, type, changed, entity}` with the entity simplified. Types and attributes are named by "
    "IRI or by its last part. `event: ready` says that from now on nothing is missed, `event: reset` that "
    "something was: read anew what you show. After an interruption `Last-Event-ID` goes on where it ended.",
    operation_id="streamChanges",
    media_type="text/event-stream",
)
async def stream(
    request: AnyRequest,
    broker: NamedDependency[Broker],
    tenants: FromQuery[str | None] = None,
    types: FromQuery[str | None] = None,
    ids: FromQuery[str | None] = None,
    attrs: FromQuery[str | None] = None,
    q: FromQuery[str | None] = None,
) -> Stream:
    """All parameters but q are lists with commas; without `tenants` it is all of them."""
    named = _split(tenants)
    found = [await broker.tenants.get(name) for name in named] or await broker.tenants.all()
    interest = Interest(
        tenants=frozenset(tenant.name for tenant in found),
        types=_split(types),
        ids=_split(ids),
        attributes=_split(attrs),
        condition=None if not q else parse_q(q, broker.contexts.core),
    )
    lines = await broker.streams.listen(
        interest, _address(request, broker), request.headers.get("last-event-id")
    )
    return Stream(lines, media_type="text/event-stream", headers=_HEADERS)


def _split(text: str | None) -> frozenset[str]:
    return frozenset(filter(None, (one.strip() for one in (text or "").split(","))))


def _address(request: AnyRequest, broker: Broker) -> str:
    if broker.house.settings.is_behind_proxy:
        forwarded = request.headers.get("x-forwarded-for", "")
        return network_of(forwarded.rsplit(",", 1)[-1].strip())
    return network_of(request.client.host) if request.client else ""


HANDLERS = (stream,)
