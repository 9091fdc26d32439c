"""Leaving: what is destroyed now, what the law keeps until when, and the last button."""

from datetime import timedelta
from uuid import UUID

import structlog
from litestar import get, post
from litestar.di import NamedDependency
from litestar.response import Redirect, Response

from mieone.blocks.identity.actions import leaving as actions
from mieone.blocks.identity.pages import visit
from mieone.core.block import Retained
from mieone.core.edge import run
from mieone.core.house import House
from mieone.core.sessions import COOKIES, Session
from mieone.core.settings import Entrance
from mieone.web import AnyRequest, Form, Page, read_form

log = structlog.get_logger()
Html = Response[str]
FRESH_FOR = timedelta(minutes=15)
DESTROYED = ("attributes", "links", "passkeys", "consented", "sessions")


def _is_fresh(session: Session, house: House) -> bool:
    return house.clock.now() - session.authenticated_at <= FRESH_FOR


async def _retained(house: House, person_id: UUID) -> list[Retained]:
    return await run(
        house.database,
        house.region.town_codes,
        lambda conn: actions.list_retained(conn, house, person_id),
    )


@get("/id/leave")
async def show_leave(
    request: AnyRequest, house: NamedDependency[House], page: NamedDependency[Page]
) -> Html:
    session, person_id = visit.get_person(request)
    return await _show(page, house, session, person_id, Form())


async def _show(page: Page, house: House, session: Session, person_id: UUID, form: Form) -> Html:
    return page.render(
        "identity/leave.html",
        status_code=422 if form.has_errors else 200,
        destroyed=DESTROYED,
        retained=await _retained(house, person_id),
        is_fresh=_is_fresh(session, house),
        form=form,
    )


@post("/id/leave", status_code=200)
async def leave(
    request: AnyRequest, house: NamedDependency[House], page: NamedDependency[Page]
) -> Html | Redirect:
    session, person_id = visit.get_person(request)
    form = await read_form(request)
    form.checkbox("understood", must_be_on=True)
    if form.has_errors:
        return await _show(page, house, session, person_id, form)
    if not _is_fresh(session, house):
        return Redirect("/sign-in?return_to=/id/leave&again=1", status_code=303)
    kept = await _retained(house, person_id)
    await run(house.database, (), lambda conn: actions.close_person(conn, house, person_id))
    try:
        await actions.export_destructions(house)
    except OSError as error:
        # The person has left all the same; the job writes the line as soon as the disk lets it.
        log.error("destruction_not_exported", kind=type(error).__name__)
    answer = page.render("identity/left.html", retained=kept)
    answer.delete_cookie(COOKIES[Entrance.PEOPLE])
    return answer


LEAVE = (show_leave, leave)
