"""The front channel: where a browser brings a client's request, and where its person answers."""

from urllib.parse import parse_qsl
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from mieone.blocks.identity.oauth.actions import entering, leaving
from mieone.core.edge import run
from mieone.core.house import House
from mieone.core.model import ActorKind
from mieone.core.problems import Problem
from mieone.core.sessions import COOKIES, Session
from mieone.core.settings import Entrance
from mieone.web import Page

from .actions.context import Provider, provider_of
from .model import SignedIn
from .problems import OAuthProblem
from .routes import read_params
from .rules import levels, requests

AnyRequest = Request[object, object, State]
Html = Response[str]
Reference = FromPath[str]


async def _params(request: AnyRequest) -> dict[str, str]:
    if request.method == "POST":
        return await read_params(request)
    query = request.scope["query_string"].decode("latin-1")
    return requests.check_single(parse_qsl(query, keep_blank_values=True, max_num_fields=64))


def go_to(url: str) -> Redirect:
    """303: the browser comes with GET and without what was posted (FAPI 2.0, 5.3.2.2)."""
    return Redirect(url, status_code=303, headers={"Cache-Control": "no-store"})


def _refused(page: Page, problem: Problem) -> Html:
    """A page, never a redirect: we do not send people to addresses we cannot trust."""
    reason = problem.reason.value if isinstance(problem, OAuthProblem) else problem.slug
    return page.render(
        "identity/oauth_problem.html",
        status_code=400 if problem.status == 401 else problem.status,
        message_id=problem.message_id,
        values=problem.detail,
        reason=reason,
    )


def signed_in_of(request: AnyRequest, provider: Provider) -> SignedIn | None:
    session = session_of(request)
    if session is None:
        return None
    return SignedIn(
        person_id=UUID(session.actor.id),
        session_digest=session.token_digest,
        authenticated_at=session.authenticated_at,
        acr=levels.current_acr(session, provider.now),
    )


def session_of(request: AnyRequest) -> Session | None:
    session = request.scope["state"].get("session")
    is_person = isinstance(session, Session) and session.actor.kind is ActorKind.PERSON
    return session if is_person else None


@get("/oauth/authorize", name="oauth.authorize")
async def get_authorize(
    request: AnyRequest, house: NamedDependency[House], page: NamedDependency[Page]
) -> Response[str] | Redirect:
    return await _authorize(request, house, page)


@post("/oauth/authorize", status_code=200)
async def post_authorize(
    request: AnyRequest, house: NamedDependency[House], page: NamedDependency[Page]
) -> Response[str] | Redirect:
    return await _authorize(request, house, page)


async def _authorize(request: AnyRequest, house: House, page: Page) -> Html | Redirect:
    provider = provider_of(house)
    try:
        params = await _params(request)
        reference = await run(
            house.database,
            (),
            lambda conn: entering.open_request(
                conn, provider, params.get("client_id", ""), params.get("request_uri", "")
            ),
        )
    except Problem as problem:
        return _refused(page, problem)
    # The person's session lives on the people's origin: cookies, passkeys and the sheet are there.
    return go_to(f"{provider.people_origin}/enter/{reference}")


@get("/enter/{reference:str}")
async def get_enter(
    request: AnyRequest,
    reference: Reference,
    house: NamedDependency[House],
    page: NamedDependency[Page],
    consent_request: FromQuery[UUID | None] = None,
) -> Response[str] | Redirect:
    return await _enter(request, house, page, reference, consent_request)


async def _enter(
    request: AnyRequest, house: House, page: Page, reference: str, consent_request: UUID | None
) -> Html | Redirect:
    provider = provider_of(house)
    visit = entering.Visit(
        reference=reference,
        signed_in=signed_in_of(request, provider),
        consent_request=consent_request,
    )
    gate = getattr(house, "consent_gate", None)
    try:
        step: entering.Next = await run(
            house.database,
            (),
            lambda conn: entering.find_redirect(conn, provider, gate, visit),
        )
    except Problem as problem:
        return _refused(page, problem)
    if isinstance(step, entering.GoTo):
        return go_to(step.url)
    return page.render(
        "identity/oauth_enter.html",
        client=step.client,
        organisation=step.organisation,
        action=f"/enter/{reference}",
    )


@post("/enter/{reference:str}", status_code=200)
async def post_enter(
    request: AnyRequest,
    reference: Reference,
    house: NamedDependency[House],
    page: NamedDependency[Page],
) -> Response[str] | Redirect:
    provider, session = provider_of(house), session_of(request)
    if session is None:
        return go_to(f"{provider.people_origin}/enter/{reference}")
    answer = (await request.form()).get("answer")
    try:
        if answer != "enter":
            step = await run(
                house.database, (), lambda conn: entering.decline(conn, provider, reference)
            )
            return go_to(step.url)
        person_id = UUID(session.actor.id)
        await run(
            house.database, (), lambda conn: entering.agree(conn, provider, reference, person_id)
        )
    except Problem as problem:
        return _refused(page, problem)
    return await _enter(request, house, page, reference, None)


@get("/oauth/logout")
async def get_logout(
    request: AnyRequest, house: NamedDependency[House], page: NamedDependency[Page]
) -> Response[str] | Redirect:
    return await _logout(request, house, page)


@post("/oauth/logout", status_code=200)
async def post_logout(
    request: AnyRequest, house: NamedDependency[House], page: NamedDependency[Page]
) -> Response[str] | Redirect:
    return await _logout(request, house, page)


async def _logout(request: AnyRequest, house: House, page: Page) -> Html | Redirect:
    provider = provider_of(house)
    try:
        params = await _params(request)
        known = leaving.LogoutWish.__struct_fields__
        wish = leaving.LogoutWish(**{name: params[name] for name in known if name in params})
        reference = await run(
            house.database, (), lambda conn: leaving.ask_to_leave(conn, provider, wish)
        )
    except Problem as problem:
        return _refused(page, problem)
    return go_to(f"{provider.people_origin}/enter/sign-out/{reference}")


@get("/enter/sign-out/{reference:str}")
async def get_sign_out(
    request: AnyRequest,
    reference: Reference,
    house: NamedDependency[House],
    page: NamedDependency[Page],
) -> Response[str] | Redirect:
    return await _sign_out(request, house, page, reference, is_confirmed=False)


@post("/enter/sign-out/{reference:str}", status_code=200)
async def post_sign_out(
    request: AnyRequest,
    reference: Reference,
    house: NamedDependency[House],
    page: NamedDependency[Page],
) -> Response[str] | Redirect:
    answer = (await request.form()).get("answer")
    if answer != "leave":
        return go_to(f"{house.settings.people_origin}/")
    return await _sign_out(request, house, page, reference, is_confirmed=True)


async def _sign_out(
    request: AnyRequest, house: House, page: Page, reference: str, *, is_confirmed: bool
) -> Html | Redirect:
    provider, session = provider_of(house), session_of(request)
    try:
        left = await run(
            house.database,
            (),
            lambda conn: leaving.leave(conn, provider, reference, session, is_confirmed),
        )
    except Problem as problem:
        return _refused(page, problem)
    if not left.is_done:
        return page.render("identity/oauth_sign_out.html", action=f"/enter/sign-out/{reference}")
    if left.redirect_uri is not None:
        answer: Html | Redirect = go_to(left.redirect_uri)
    else:
        answer = page.render("identity/oauth_signed_out.html")
    answer.delete_cookie(COOKIES[Entrance.PEOPLE])
    return answer


PAGES = (
    get_authorize,
    post_authorize,
    get_enter,
    post_enter,
    get_logout,
    post_logout,
    get_sign_out,
    post_sign_out,
)
