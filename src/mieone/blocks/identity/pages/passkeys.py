"""Passkeys a person holds: see, add, remove."""

from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.enums import MediaType
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Response

from mieone.blocks.identity.actions import passkeys as actions
from mieone.blocks.identity.actions.passkeys import ShownCredential
from mieone.blocks.identity.model import PersonId
from mieone.blocks.identity.pages import visit
from mieone.blocks.identity.problems import PasskeyRefused
from mieone.core.edge import run
from mieone.core.house import House
from mieone.core.problems import Problem
from mieone.core.sessions import Session
from mieone.web import AnyRequest, Form, Page, read_form

Html = Response[str]
LONGEST_CREDENTIAL = 20_000


def read_credential(text: str) -> ShownCredential:
    """Raises PasskeyRefused."""
    try:
        return msgspec.json.decode(text[:LONGEST_CREDENTIAL], type=ShownCredential)
    except msgspec.MsgspecError as error:
        raise PasskeyRefused from error


@get("/id/passkeys")
async def show_passkeys(
    request: AnyRequest,
    house: NamedDependency[House],
    page: NamedDependency[Page],
    welcome: FromQuery[str] = "",
    return_to: FromQuery[str] = "",
    done: FromQuery[str] = "",
) -> Html:
    session, person_id = visit.get_person(request)
    return await _show(
        page,
        house,
        session,
        person_id,
        form=Form(),
        is_welcome=bool(welcome),
        return_to=visit.safe_path(return_to),
        done=done if done in ("added", "removed") else "",
    )


async def _show(
    page: Page,
    house: House,
    session: Session,
    person_id: PersonId,
    *,
    form: Form,
    is_welcome: bool = False,
    return_to: str = visit.HOME,
    done: str = "",
    problem: Problem | None = None,
) -> Html:
    held = await run(house.database, (), lambda conn: actions.list_passkeys(conn, house, person_id))
    return page.render(
        "identity/passkeys.html",
        status_code=200 if problem is None else problem.status,
        passkeys=held,
        is_card_fresh=session.card_is_fresh(house.clock.now()),
        is_welcome=is_welcome,
        return_to=return_to,
        done=done,
        problem=problem,
        form=form,
        default_nickname=page.plain("identity.passkeys.default_nickname"),
    )


@post("/id/passkeys/options", status_code=200, media_type=MediaType.JSON)
async def make_options(
    request: AnyRequest, house: NamedDependency[House], page: NamedDependency[Page]
) -> Response[bytes]:
    """For the script: what the authenticator is asked to make."""
    session, person_id = visit.get_person(request)
    actions.check_card_is_fresh(session, house.clock.now())
    secret = visit.browser_secret(request)
    name = page.plain("identity.passkeys.account")
    options = await run(
        house.database,
        (),
        lambda conn: actions.start_registration(
            conn, house, person_id, visit.browser_digest(secret), name
        ),
    )
    answer = Response(options.encode(), media_type=MediaType.JSON)
    answer.set_cookie(visit.browser_cookie(house, secret))
    return answer


@post("/id/passkeys", status_code=200)
async def add_passkey(
    request: AnyRequest, house: NamedDependency[House], page: NamedDependency[Page]
) -> Html | Redirect:
    session, person_id = visit.get_person(request)
    form = await read_form(request)
    return_to = visit.safe_path(form.value("return_to"))
    nickname = form.text("nickname", max_length=actions.LONGEST_NICKNAME)
    browser = visit.browser_digest(visit.browser_secret(request))
    if form.has_errors:
        return await _show(page, house, session, person_id, form=form, return_to=return_to)
    try:
        actions.check_card_is_fresh(session, house.clock.now())
        shown = read_credential(form.value("credential"))
        await run(
            house.database,
            (),
            lambda conn: actions.register(conn, house, person_id, browser, shown, nickname),
        )
    except Problem as problem:
        return await _show(
            page, house, session, person_id, form=form, return_to=return_to, problem=problem
        )
    query = urlencode({"done": "added", "return_to": return_to})
    return Redirect(f"/id/passkeys?{query}", status_code=303)


@post("/id/passkeys/{passkey_id:uuid}/remove", status_code=303)
async def remove_passkey(
    request: AnyRequest, passkey_id: FromPath[UUID], house: NamedDependency[House]
) -> Redirect:
    session, person_id = visit.get_person(request)
    actions.check_card_is_fresh(session, house.clock.now())
    await run(house.database, (), lambda conn: actions.remove(conn, person_id, passkey_id))
    return Redirect("/id/passkeys?done=removed", status_code=303)


PASSKEYS = (show_passkeys, make_options, add_passkey, remove_passkey)
