"""Signing in with a passkey or the card, and signing out."""

from litestar import get, post
from litestar.di import NamedDependency
from litestar.enums import MediaType
from litestar.params import FromQuery
from litestar.response import Redirect, Response

from mieone.blocks.identity.actions import passkeys as actions
from mieone.blocks.identity.model import PersonId
from mieone.blocks.identity.oauth.actions import leaving as oauth_leaving
from mieone.blocks.identity.oauth.actions.context import provider_of
from mieone.blocks.identity.pages import visit
from mieone.blocks.identity.pages.passkeys import read_credential
from mieone.core.database import Conn
from mieone.core.edge import run
from mieone.core.house import House
from mieone.core.problems import Problem, Refusal
from mieone.core.sessions import COOKIES, Acr, Session
from mieone.core.settings import Entrance
from mieone.web import AnyRequest, Page, read_form

Html = Response[str]


def _is_enough(session: Session | None, acr: str) -> bool:
    if session is None or visit.person_of(session) is None:
        return False
    return acr != Acr.CARD or session.acr is Acr.CARD


@get(["/sign-in", "/signin"])
async def show_sign_in(
    request: AnyRequest,
    page: NamedDependency[Page],
    return_to: FromQuery[str] = "",
    acr: FromQuery[str] = "",
    again: FromQuery[str] = "",
) -> Html | Redirect:
    target = visit.safe_path(return_to)
    if not again and _is_enough(visit.session_of(request), acr):
        return Redirect(target, status_code=303)
    return _form(page, target, acr)


def _form(page: Page, target: str, acr: str, problem: Problem | None = None) -> Html:
    return page.render(
        "identity/sign_in.html",
        status_code=200 if problem is None else problem.status,
        return_to=target,
        acr=acr,
        needs_card=acr == Acr.CARD,
        problem=problem,
    )


@post("/sign-in/options", status_code=200, media_type=MediaType.JSON)
async def make_options(request: AnyRequest, house: NamedDependency[House]) -> Response[bytes]:
    """For the script: any passkey of ours will do; the phone shows which it has."""
    secret = visit.browser_secret(request)
    options = await run(
        house.database,
        (),
        lambda conn: actions.start_sign_in(conn, house, visit.browser_digest(secret)),
    )
    answer = Response(options.encode(), media_type=MediaType.JSON)
    answer.set_cookie(visit.browser_cookie(house, secret))
    return answer


@post("/sign-in", status_code=200)
async def sign_in(
    request: AnyRequest, house: NamedDependency[House], page: NamedDependency[Page]
) -> Html | Redirect:
    form = await read_form(request)
    target = visit.safe_path(form.value("return_to"))
    browser = visit.browser_digest(visit.browser_secret(request))
    session = visit.session_of(request)

    async def act(conn: Conn) -> str | Refusal:
        person_id: PersonId | Refusal = await actions.sign_in(conn, house, browser, shown)
        if isinstance(person_id, Refusal):
            return person_id
        return await visit.enter(conn, house, person_id, Acr.PASSKEY, session)

    try:
        shown = read_credential(form.value("credential"))
        token = await run(house.database, (), act)
    except Problem as problem:
        return _form(page, target, "", problem)
    answer = Redirect(target, status_code=303)
    answer.set_cookie(visit.session_cookie(house, token))
    return answer


@post(["/sign-out", "/signout"], status_code=303)
async def sign_out(request: AnyRequest, house: NamedDependency[House]) -> Redirect:
    session = visit.session_of(request)
    if session is not None:
        ending = session
        await run(
            house.database,
            (),
            lambda conn: oauth_leaving.sign_out(conn, provider_of(house), ending),
        )
    answer = Redirect("/", status_code=303)
    answer.delete_cookie(COOKIES[Entrance.PEOPLE])
    return answer


SIGNING = (show_sign_in, make_options, sign_in, sign_out)
