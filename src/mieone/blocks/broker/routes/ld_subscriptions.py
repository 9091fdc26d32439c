"""Subscriptions over NGSI-LD."""

from urllib.parse import quote

from litestar import Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from mieone.blocks.broker.actions import subscribing
from mieone.blocks.broker.actions.parts import Broker
from mieone.blocks.broker.model import JsonValue, Subscription
from mieone.blocks.broker.problems import InvalidRequest, MethodNotAllowed
from mieone.blocks.broker.rules.reading import check_uri
from mieone.blocks.broker.rules.subscriptions import (
    read_subscription,
    read_subscription_patch,
    render_record,
)
from mieone.web import AnyRequest

from .ld_http import Call, answer, answer_empty, open_call, open_call_with_body
from .ld_paging import page_headers

PATH = "/ngsi-ld/v1/subscriptions"
SHOWN = ("sysAttrs",)


@post("/subscriptions", summary="Subscribe", status_code=201)
async def post_subscription(request: AnyRequest, broker: NamedDependency[Broker]) -> Response[None]:
    call, body = await open_call_with_body(request, broker, ())
    at = broker.house.clock.now()
    read = read_subscription(body, call.terms, at, subscribing.make_id)
    ready = await _complete(call, read, _member(body, "jsonldContext"))
    await subscribing.add_subscription(broker, call.tenant, ready)
    return answer_empty(call, 201, {"Location": f"{PATH}/{quote(ready.id, safe=':')}"})


@get("/subscriptions", summary="List subscriptions")
async def get_subscriptions(
    request: AnyRequest, broker: NamedDependency[Broker]
) -> Response[bytes]:
    call = await open_call(request, broker, ("limit", "offset", "count"), options=SHOWN)
    page = call.params.page()
    records, count = await subscribing.list_subscriptions(
        broker, call.tenant, limit=page.limit, offset=page.offset
    )
    at = broker.house.clock.now()
    body: list[JsonValue] = [
        render_record(one, call.terms, at, shows_times=_shows_times(call)) for one in records
    ]
    has_more = page.offset + len(records) < count
    return answer(call, body, headers=page_headers(call, page, has_more=has_more, count=count))


@get("/subscriptions/{subscription_id:str}", summary="Retrieve a subscription")
async def get_subscription(
    request: AnyRequest, broker: NamedDependency[Broker], subscription_id: FromPath[str]
) -> Response[bytes]:
    call = await open_call(request, broker, (), options=SHOWN)
    record = await subscribing.get_subscription(broker, call.tenant, _check_id(subscription_id))
    at = broker.house.clock.now()
    return answer(call, render_record(record, call.terms, at, shows_times=_shows_times(call)))


@patch("/subscriptions/{subscription_id:str}", summary="Change a subscription", status_code=204)
async def patch_subscription(
    request: AnyRequest, broker: NamedDependency[Broker], subscription_id: FromPath[str]
) -> Response[None]:
    call, body = await open_call_with_body(request, broker, (), takes_merge_patch=True)
    identifier = _check_id(subscription_id)
    at = broker.house.clock.now()
    context = _member(body, "jsonldContext")
    named = (
        None
        if context is None
        else await subscribing.with_context(
            broker,
            (await subscribing.get_subscription(broker, call.tenant, identifier)).subscription,
            call.terms,
            context,
        )
    )

    def change(existing: Subscription) -> Subscription:
        changed = read_subscription_patch(existing, body, call.terms, at)
        return changed if named is None else subscribing.take_context(changed, named)

    await subscribing.change_subscription(broker, call.tenant, identifier, change)
    return answer_empty(call)


@delete("/subscriptions/{subscription_id:str}", summary="End a subscription", status_code=204)
async def delete_subscription(
    request: AnyRequest, broker: NamedDependency[Broker], subscription_id: FromPath[str]
) -> Response[None]:
    call = await open_call(request, broker, ())
    await subscribing.remove_subscription(broker, call.tenant, _check_id(subscription_id))
    return answer_empty(call)


@patch("/subscriptions", summary="No subscription is named", status_code=405)
async def patch_nothing() -> None:
    raise MethodNotAllowed("a subscription is changed under its id")


@delete("/subscriptions", summary="No subscription is named", status_code=405)
async def delete_nothing() -> None:
    raise MethodNotAllowed("a subscription is ended under its id")


async def _complete(call: Call, read: Subscription, context: JsonValue) -> Subscription:
    named = await subscribing.with_context(call.broker, read, call.terms, context)
    return subscribing.take_tenant(named, call.tenant_header)


def _member(body: JsonValue, name: str) -> JsonValue:
    if not isinstance(body, dict):
        raise InvalidRequest("the body is an object")
    return body.get(name)


def _check_id(text: str) -> str:
    return check_uri(text, "the subscription id of the path")


def _shows_times(call: Call) -> bool:
    return "sysAttrs" in call.params.options


HANDLERS = (
    post_subscription,
    get_subscriptions,
    get_subscription,
    patch_subscription,
    delete_subscription,
    patch_nothing,
    delete_nothing,
)
