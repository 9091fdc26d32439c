"""Opt-in by card, page by page: what it is, the challenge, the card's answer, the outcome."""

import binascii
from base64 import b64decode
from urllib.parse import urlencode
from uuid import UUID

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Response

from mieone.blocks.identity.actions import optin as actions
from mieone.blocks.identity.actions import passkeys
from mieone.blocks.identity.actions.keys import CardAnswer
from mieone.blocks.identity.actions.optin import CardPath
from mieone.blocks.identity.model import OptInState, Proven
from mieone.blocks.identity.pages import visit
from mieone.blocks.identity.problems import (
    CertificateMalformed,
    NonceExpired,
    PathDisabled,
    RevocationUnavailable,
)
from mieone.blocks.identity.store import optin as store
from mieone.core.database import Conn
from mieone.core.edge import run
from mieone.core.house import House
from mieone.core.problems import Problem
from mieone.core.sessions import Acr
from mieone.web import AnyRequest, Page, read_form

Html = Response[str]
LARGEST_ANSWER = 8_000


def path_or_disabled(card_path: CardPath | None) -> CardPath:
    if card_path is None:
        raise PathDisabled
    return card_path


@get(["/id", "/start"])
async def show_identity(
    request: AnyRequest, page: NamedDependency[Page], return_to: FromQuery[str] = ""
) -> Html:
    """What Mie-ID is; for somebody signed in, what they hold."""
    is_person = visit.person_of(visit.session_of(request)) is not None
    target = visit.safe_path(return_to)
    return page.render("identity/about.html", return_to=target, is_person=is_person)


@get("/id/card")
async def show_card_start() -> Redirect:
    return Redirect("/id", status_code=303)


@post("/id/card", status_code=303)
async def start_card(
    request: AnyRequest,
    house: NamedDependency[House],
    card_path: NamedDependency[CardPath | None],
) -> Redirect:
    form = await read_form(request)
    path = path_or_disabled(card_path)
    secret = visit.browser_secret(request)
    person_id = visit.person_of(visit.session_of(request))
    target = visit.safe_path(form.value("return_to"))
    optin = await run(
        house.database,
        (),
        lambda conn: actions.start(
            conn, path, visit.browser_digest(secret), target, person_id, house.clock.now()
        ),
    )
    answer = Redirect(f"/id/card/{optin.id}", status_code=303)
    answer.set_cookie(visit.browser_cookie(house, secret))
    return answer


@get("/id/card/{transaction:uuid}")
async def show_card(
    request: AnyRequest,
    transaction: FromPath[UUID],
    house: NamedDependency[House],
    page: NamedDependency[Page],
    card_path: NamedDependency[CardPath | None],
) -> Html:
    path = path_or_disabled(card_path)
    browser = visit.browser_digest(visit.browser_secret(request))
    optin = await run(house.database, (), lambda conn: store.get_optin(conn, transaction, browser))
    if optin.state in (OptInState.ASKING, OptInState.SETTLED):
        return page.render("identity/card_wait.html", transaction=transaction)
    if optin.state is not OptInState.STARTED or house.clock.now() >= optin.expires_at:
        return _refused(page, NonceExpired(), optin.return_to)
    return page.render(
        "identity/card.html",
        transaction=transaction,
        challenge=actions.challenge_of(optin, house.settings.people_origin).hex(),
        reader=path.reader,
        is_verified=path.realm.is_verified,
    )


@post("/id/card/{transaction:uuid}/complete", status_code=200)
async def complete_card(
    request: AnyRequest,
    transaction: FromPath[UUID],
    house: NamedDependency[House],
    page: NamedDependency[Page],
    card_path: NamedDependency[CardPath | None],
) -> Html | Redirect:
    """The card's answer arrives; the challenge is spent whatever comes of it."""
    path = path_or_disabled(card_path)
    form = await read_form(request)
    browser = visit.browser_digest(visit.browser_secret(request))
    try:
        shown = CardAnswer(
            certificate=_decoded(form.value("certificate")),
            signature=_decoded(form.value("signature")),
        )
        await run(
            house.database,
            (),
            lambda conn: actions.accept(conn, house, path, transaction, browser, shown),
        )
    except Problem as problem:
        return _refused(page, problem)
    return await _finish(request, house, page, path, transaction)


@post("/id/card/{transaction:uuid}/again", status_code=200)
async def ask_again(
    request: AnyRequest,
    transaction: FromPath[UUID],
    house: NamedDependency[House],
    page: NamedDependency[Page],
    card_path: NamedDependency[CardPath | None],
) -> Html | Redirect:
    """The operator was silent, or the answer came while nobody looked."""
    return await _finish(request, house, page, path_or_disabled(card_path), transaction)


async def _finish(
    request: AnyRequest, house: House, page: Page, path: CardPath, transaction: UUID
) -> Html | Redirect:
    browser = visit.browser_digest(visit.browser_secret(request))
    session = visit.session_of(request)

    async def claim(conn: Conn) -> tuple[Proven, str, bool] | None:
        proven = await actions.claim(conn, transaction, browser)
        if proven is None:
            return None
        token = await visit.enter(conn, house, proven.person_id, Acr.CARD, session)
        return proven, token, await passkeys.has_any(conn, proven.person_id)

    try:
        await run(house.database, (), lambda conn: store.get_optin(conn, transaction, browser))
        await actions.finish(house, path, transaction)
        outcome = await run(house.database, (), claim)
    except RevocationUnavailable as problem:
        return page.render(
            "identity/card_wait.html", status_code=problem.status, transaction=transaction
        )
    except Problem as problem:
        return _refused(page, problem)
    if outcome is None:
        return page.render("identity/card_wait.html", transaction=transaction)
    proven, token, has_passkey = outcome
    target = visit.safe_path(proven.return_to)
    first_time = f"/id/passkeys?{urlencode({'welcome': '1', 'return_to': target})}"
    answer = Redirect(target if has_passkey else first_time, status_code=303)
    answer.set_cookie(visit.session_cookie(house, token))
    return answer


def _decoded(text: str) -> bytes:
    """Raises CertificateMalformed."""
    if not text or len(text) > LARGEST_ANSWER:
        raise CertificateMalformed
    try:
        return b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise CertificateMalformed from error


def _refused(page: Page, problem: Problem, return_to: str = visit.HOME) -> Html:
    return page.render(
        "identity/card_refused.html",
        status_code=problem.status,
        problem=problem,
        return_to=return_to,
    )


CARD = (show_identity, show_card_start, start_card, show_card, complete_card, ask_again)
