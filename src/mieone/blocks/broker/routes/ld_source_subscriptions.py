"""Subscriptions to context sources over NGSI-LD."""

from typing import Final
from urllib.parse import quote
from uuid import uuid4

from litestar import Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from mieone.blocks.broker.actions import watching
from mieone.blocks.broker.actions.parts import Broker
from mieone.blocks.broker.model import JsonValue, SubscriptionRecord
from mieone.blocks.broker.rules.reading import check_uri
from mieone.blocks.broker.rules.subscriptions import render_record
from mieone.web import AnyRequest

from .ld_http import Accept, Call, answer, answer_empty, open_call, open_call_with_body
from .ld_paging import page_headers

PATH: Final = "/csourceSubscriptions"
_OPTIONS: Final = ("sysAttrs",)
_ONE: Final = f"{PATH}/{{subscription_id:str}}"
# Some clients take all of Location for the id (the conformance suite's 038_02 does).
_WITHIN: Final = [_ONE, f"{PATH}/ngsi-ld/v1{_ONE}"]


def _make_id() -> str:
    return f"urn:ngsi-ld:Subscription:{uuid4()}"


@post(PATH, summary="Subscribe to context sources", status_code=201)
async def post_source_subscription(
    request: AnyRequest, broker: NamedDependency[Broker]
) -> Response[None]:
    call, body = await open_call_with_body(request, broker, ())
    made = await watching.watch(broker, call.tenant, body, call.terms, _make_id, call.tenant_header)
    location = f"/ngsi-ld/v1{PATH}/{quote(made.id, safe=':')}"
    return answer_empty(call, 201, {"Location": location})


@get(PATH, summary="List subscriptions to context sources")
async def get_source_subscriptions(
    request: AnyRequest, broker: NamedDependency[Broker]
) -> Response[bytes]:
    call = await open_call(request, broker, ("limit", "offset", "count"), options=_OPTIONS)
    page = call.params.page()
    records, count = await watching.list_watches(broker, call.tenant, page.limit, page.offset)
    headers = page_headers(
        call,
        page,
        has_more=page.offset + len(records) < count,
        count=count,
        media_type=Accept.LD_JSON,
    )
    response = answer(call, [_render(call, record) for record in records], headers=headers)
    if call.terms.urls and "Link" in headers:
        # Whoever named a context knows it: a page names its neighbours alone (041_03).
        response.headers["Link"] = headers["Link"]
    return response


@get(_WITHIN, summary="Show a subscription to context sources")
async def get_source_subscription(
    request: AnyRequest, broker: NamedDependency[Broker], subscription_id: FromPath[str]
) -> Response[bytes]:
    call = await open_call(request, broker, (), options=_OPTIONS)
    check_uri(subscription_id, "the id of a subscription")
    record = await watching.get_watch(broker, call.tenant, subscription_id)
    return answer(call, _render(call, record))


@patch(_ONE, summary="Change a subscription to context sources", status_code=204)
async def patch_source_subscription(
    request: AnyRequest, broker: NamedDependency[Broker], subscription_id: FromPath[str]
) -> Response[None]:
    call, body = await open_call_with_body(request, broker, (), takes_merge_patch=True)
    check_uri(subscription_id, "the id of a subscription")
    await watching.change_watch(broker, call.tenant, subscription_id, body, call.terms)
    return answer_empty(call)


@delete(_WITHIN, summary="End a subscription to context sources", status_code=204)
async def delete_source_subscription(
    request: AnyRequest, broker: NamedDependency[Broker], subscription_id: FromPath[str]
) -> Response[None]:
    call = await open_call(request, broker, ())
    check_uri(subscription_id, "the id of a subscription")
    await watching.end_watch(broker, call.tenant, subscription_id)
    return answer_empty(call)


def _render(call: Call, record: SubscriptionRecord) -> dict[str, JsonValue]:
    at = call.broker.house.clock.now()
    shows_times = "sysAttrs" in call.params.options
    document = render_record(record, call.terms, at, shows_times=shows_times)
    # What happens to entities is none of its business.
    document.pop("notificationTrigger", None)
    return document


HANDLERS = (
    post_source_subscription,
    get_source_subscriptions,
    get_source_subscription,
    patch_source_subscription,
    delete_source_subscription,
)
