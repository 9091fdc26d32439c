"""/v2/subscriptions."""

from litestar import Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from mieone.blocks.broker.actions.parts import Broker
from mieone.blocks.broker.actions.subscribing import add_subscription
from mieone.blocks.broker.actions.v2_subscribing import (
    change_subscription,
    get_subscription,
    list_subscriptions,
    make_id,
)
from mieone.blocks.broker.actions.v2_subscribing import delete_subscription as delete_held
from mieone.blocks.broker.rules.v2.subscribed import render_record
from mieone.blocks.broker.rules.v2.subscribing import Context, read_patch, read_subscription
from mieone.web import AnyRequest

from .v2_http import V2Call, answer, answer_empty, answer_list, open_v2, read_body

_OPTIONS = ("skipInitialNotification", "count")


@get("/v2/subscriptions")
async def list_all(request: AnyRequest, broker: NamedDependency[Broker]) -> Response[bytes]:
    call = await open_v2(request, broker, options=("count",))
    records, count = await list_subscriptions(
        broker, call.tenant, call.params.limit, call.params.offset, call.path_header
    )
    at = broker.house.clock.now()
    return answer_list(call, [render_record(record, at) for record in records], count)


@post("/v2/subscriptions", status_code=201)
async def create_subscription(
    request: AnyRequest, broker: NamedDependency[Broker]
) -> Response[None]:
    document = await read_body(request)
    call = await open_v2(request, broker, options=_OPTIONS, is_about_paths=False)
    subscription = read_subscription(document, make_id(), _context(call))
    await add_subscription(broker, call.tenant, subscription)
    return answer_empty(call, 201, {"Location": f"/v2/subscriptions/{subscription.id}"})


@get("/v2/subscriptions/{subscription_id:str}")
async def get_one(
    request: AnyRequest, broker: NamedDependency[Broker], subscription_id: FromPath[str]
) -> Response[bytes]:
    call = await open_v2(request, broker)
    record = await get_subscription(broker, call.tenant, subscription_id)
    return answer(call, render_record(record, broker.house.clock.now()))


@patch("/v2/subscriptions/{subscription_id:str}", status_code=204)
async def update_subscription(
    request: AnyRequest, broker: NamedDependency[Broker], subscription_id: FromPath[str]
) -> Response[None]:
    document = await read_body(request)
    call = await open_v2(request, broker, options=_OPTIONS, is_about_paths=False)
    context = _context(call)
    await change_subscription(
        broker, call.tenant, subscription_id, lambda held: read_patch(held, document, context)
    )
    return answer_empty(call)


@delete("/v2/subscriptions/{subscription_id:str}", status_code=204)
async def delete_subscription(
    request: AnyRequest, broker: NamedDependency[Broker], subscription_id: FromPath[str]
) -> Response[None]:
    call = await open_v2(request, broker, is_about_paths=False)
    await delete_held(broker, call.tenant, subscription_id)
    return answer_empty(call)


def _context(call: V2Call) -> Context:
    return Context(
        names=call.names,
        path_header=call.path_header,
        paths=call.paths,
        at=call.broker.house.clock.now(),
    )


HANDLERS = (list_all, create_subscription, get_one, update_subscription, delete_subscription)
