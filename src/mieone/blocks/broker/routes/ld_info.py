"""Who this broker is, for other brokers and for clients that ask before they begin."""

from litestar import Response, get
from litestar.di import NamedDependency

from mieone.blocks.broker.actions.parts import Broker
from mieone.blocks.broker.actions.pseudonym import own_pseudonym
from mieone.blocks.broker.rules.forms import render_time
from mieone.web import AnyRequest

from .ld_http import answer, open_call


@get("/info/sourceIdentity", summary="Which source this is")
async def get_source_identity(
    request: AnyRequest, broker: NamedDependency[Broker]
) -> Response[bytes]:
    call = await open_call(request, broker, ())
    name = own_pseudonym(broker.house, call.tenant.name)
    at = broker.house.clock.now()
    return answer(
        call,
        {
            "id": f"urn:ngsi-ld:ContextSourceIdentity:{name}",
            "type": "ContextSourceIdentity",
            "contextSourceAlias": name,
            "contextSourceUptime": f"PT{int((at - broker.opened_at).total_seconds())}S",
            "contextSourceTimeAt": render_time(at),
        },
    )


HANDLERS = (get_source_identity,)
