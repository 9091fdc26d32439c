"""Userinfo: who the person is to this client, and what they agreed to show it, through the door."""

from uuid import uuid4

from litestar import Request, Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency

from mieone.core.house import House
from mieone.core.model import Actor, ActorKind
from mieone.core.ports import Basis, DisclosureRequest, Json, PersonSubject
from mieone.core.problems import Problem

from .callers import caller_of, check_scope
from .model import Caller, DatasetDetail
from .problems import CallerRefused
from .rules import userinfo

AnyRequest = Request[object, object, State]


async def _answer(request: AnyRequest, house: House) -> Response[object]:
    try:
        caller = await caller_of(request, house)
        check_scope(caller, "openid")
    except CallerRefused as problem:
        body = {"error": problem.error, "error_description": problem.reason.value}
        headers = {**problem.headers, "Cache-Control": "no-store"}
        return Response(body, status_code=problem.status, headers=headers)
    claims = await _claims(house, caller)
    return Response(claims, status_code=200, headers={"Cache-Control": "no-store"})


async def _claims(house: House, caller: Caller) -> dict[str, Json]:
    claims: dict[str, Json] = {"sub": caller.sub}
    wanted = userinfo.list_wanted(caller.scopes, caller.userinfo_claims)
    for detail in caller.details:
        items = userinfo.list_items(wanted, detail.items)
        if items:
            claims |= await _disclose(house, caller, detail, items, wanted)
    return claims


async def _disclose(
    house: House,
    caller: Caller,
    detail: DatasetDetail,
    items: tuple[str, ...],
    wanted: frozenset[str],
) -> dict[str, Json]:
    """What the door refuses is left out, and stands in the person's history as refused."""
    if caller.person_id is None:
        return {}
    request = DisclosureRequest(
        request_id=uuid4(),
        service=caller.client_id,
        actor=Actor(
            kind=ActorKind.SERVICE, id=caller.client_id, organisation=caller.organisation_id
        ),
        subject=PersonSubject(caller.person_id),
        dataset=detail.name,
        items=items,
        purpose=detail.purpose,
        basis=Basis.OPT_IN,
    )
    try:
        disclosure = await house.disclose(request)
    except Problem:
        return {}
    return userinfo.shape_claims(wanted, disclosure.records)


@get("/oauth/userinfo", summary="Who the person is to this client", tags=["oauth"])
async def get_userinfo(request: AnyRequest, house: NamedDependency[House]) -> Response[object]:
    return await _answer(request, house)


@post(
    "/oauth/userinfo", summary="Who the person is to this client", tags=["oauth"], status_code=200
)
async def post_userinfo(request: AnyRequest, house: NamedDependency[House]) -> Response[object]:
    return await _answer(request, house)


USERINFO = (get_userinfo, post_userinfo)
