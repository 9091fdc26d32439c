"""How staff come to their desk: with a passkey, or, for trying out, as a sample officer."""

from itertools import groupby
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.datastructures import Cookie, State
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import Redirect

from mieone.core.database import Conn
from mieone.core.edge import run
from mieone.core.house import House
from mieone.core.problems import Problem
from mieone.core.sessions import COOKIES, LIFETIMES, Session, end_session
from mieone.core.settings import Entrance
from mieone.web import Form, Page, read_form

from . import actions, store
from .model import Organisation, StaffPost
from .problems import OnlyForTrying, SignInRefused

AnyRequest = Request[object, object, State]
Html = Response[str]
DESK = "/desk"


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """An organisation and its sample posts, to be tried out."""

    organisation: Organisation
    posts: tuple[StaffPost, ...]


def _safe_return(target: str) -> str:
    """Only our own desk: a link from elsewhere must not send officers away after they signed in."""
    is_own = target == DESK or target.startswith(f"{DESK}/")
    return target if is_own and "\\" not in target and "//" not in target else DESK


def _signed_in(token: str, target: str, *, is_secure: bool) -> Redirect:
    cookie = Cookie(
        key=COOKIES[Entrance.DESK],
        value=token,
        path="/",
        max_age=int(LIFETIMES[Entrance.DESK].total_seconds()),
        httponly=True,
        samesite="lax",
        secure=is_secure,
    )
    return Redirect(_safe_return(target), status_code=303, cookies=[cookie])


def _is_secure(house: House) -> bool:
    return house.settings.people_origin.startswith("https:")


async def _show(page: Page, house: House, *, target: str, problem: Problem | None = None) -> Html:
    async with house.database.transaction() as conn:
        started = await actions.start_sign_in(conn, house)
        choices = await _list_choices(conn, house)
    return page.render(
        "identity/staff_sign_in.html",
        status_code=200 if problem is None else problem.status,
        ceremony=started.name,
        options=started.options,
        choices=choices,
        may_try=house.settings.simulators_allowed,
        target=_safe_return(target),
        problem_id=None if problem is None else problem.message_id,
        form=Form(),
    )


async def _list_choices(conn: Conn, house: House) -> list[Choice]:
    if not house.settings.simulators_allowed:
        return []
    posts = await store.list_sample_posts(conn)
    return [
        Choice(
            organisation=await store.get_organisation(conn, organisation_id),
            posts=tuple(grouped),
        )
        for organisation_id, grouped in groupby(posts, key=lambda post: post.organisation_id)
    ]


@get(["/desk/sign-in", "/desk/signin"])
async def get_sign_in(
    house: NamedDependency[House],
    page: NamedDependency[Page],
    return_to: FromQuery[str] = DESK,
) -> Response[str]:
    return await _show(page, house, target=return_to)


@post("/desk/sign-in", status_code=200)
async def post_sign_in(
    request: AnyRequest, house: NamedDependency[House], page: NamedDependency[Page]
) -> Response[str] | Redirect:
    form = await read_form(request)
    target = form.value("return_to")
    try:
        token = await run(
            house.database,
            house.region.town_codes,
            lambda conn: actions.finish_sign_in(
                conn, house, form.value("ceremony"), form.value("credential")
            ),
        )
    except Problem as problem:
        return await _show(page, house, target=target, problem=problem)
    return _signed_in(token, target, is_secure=_is_secure(house))


@post("/desk/sign-in/sample", status_code=200)
async def post_sample(
    request: AnyRequest, house: NamedDependency[House], page: NamedDependency[Page]
) -> Response[str] | Redirect:
    """A sample officer, chosen by name; the handler itself refuses in production."""
    form = await read_form(request)
    target = form.value("return_to")
    try:
        post_id = _read_uuid(form.value("post"))
        token = await run(
            house.database,
            house.region.town_codes,
            lambda conn: actions.sign_in_sample(conn, house, post_id),
        )
    except OnlyForTrying:
        raise
    except Problem as problem:
        return await _show(page, house, target=target, problem=problem)
    return _signed_in(token, target, is_secure=_is_secure(house))


@post("/desk/sign-in/code", status_code=200)
async def post_trial_code(
    request: AnyRequest, house: NamedDependency[House], page: NamedDependency[Page]
) -> Response[str] | Redirect:
    form = await read_form(request)
    target = form.value("return_to")
    try:
        token = await run(
            house.database,
            house.region.town_codes,
            lambda conn: actions.sign_in_with_trial_code(conn, house, form.value("code").strip()),
        )
    except OnlyForTrying:
        raise
    except Problem as problem:
        return await _show(page, house, target=target, problem=problem)
    return _signed_in(token, target, is_secure=_is_secure(house))


def _read_uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise SignInRefused from error


@get("/desk/enrol")
async def get_enrol(
    house: NamedDependency[House], page: NamedDependency[Page], code: FromQuery[str] = ""
) -> Response[str]:
    return await _show_enrolment(house, page, code)


@post("/desk/enrol", status_code=200)
async def post_enrol(
    request: AnyRequest, house: NamedDependency[House], page: NamedDependency[Page]
) -> Response[str] | Redirect:
    """With a code only: show the ceremony. With a credential: the ceremony is over."""
    form = await read_form(request)
    if not form.value("credential"):
        return await _show_enrolment(house, page, form.value("code").strip())
    try:
        token = await run(
            house.database,
            house.region.town_codes,
            lambda conn: actions.finish_registration(
                conn, house, form.value("ceremony"), form.value("credential")
            ),
        )
    except Problem as problem:
        return _enrolment_page(page, problem=problem)
    return _signed_in(token, DESK, is_secure=_is_secure(house))


async def _show_enrolment(house: House, page: Page, code: str) -> Html:
    if not code:
        return _enrolment_page(page)
    try:
        started = await run(
            house.database, (), lambda conn: actions.start_registration(conn, house, code)
        )
    except Problem as problem:
        return _enrolment_page(page, problem=problem)
    return _enrolment_page(page, started=started)


def _enrolment_page(
    page: Page, started: actions.Started | None = None, problem: Problem | None = None
) -> Html:
    return page.render(
        "identity/staff_enrol.html",
        status_code=200 if problem is None else problem.status,
        ceremony=None if started is None else started.name,
        options=None if started is None else started.options,
        problem_id=None if problem is None else problem.message_id,
        form=Form(),
    )


@post("/desk/sign-out", status_code=200)
async def post_sign_out(request: AnyRequest, house: NamedDependency[House]) -> Redirect:
    session = request.scope["state"].get("session")
    if isinstance(session, Session):
        async with house.database.transaction() as conn:
            await end_session(conn, session.token_digest, house.clock.now())
    answer = Redirect("/desk/sign-in", status_code=303)
    answer.delete_cookie(COOKIES[Entrance.DESK])
    return answer


PAGES = (
    get_sign_in,
    post_sign_in,
    post_sample,
    post_trial_code,
    get_enrol,
    post_enrol,
    post_sign_out,
)
