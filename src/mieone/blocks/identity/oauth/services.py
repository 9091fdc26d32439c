"""The services a person entered, for the person: since when, and the way out of each."""

from uuid import UUID

from litestar import Request, Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from mieone.core.edge import run
from mieone.core.house import House
from mieone.core.problems import NotSignedIn
from mieone.web import Page

from . import store
from .actions import registering
from .actions.context import provider_of
from .pages import go_to, session_of

AnyRequest = Request[object, object, State]


def _person_of(request: AnyRequest) -> UUID:
    session = session_of(request)
    if session is None:
        raise NotSignedIn
    return UUID(session.actor.id)


@get("/id/services")
async def show_services(
    request: AnyRequest,
    house: NamedDependency[House],
    page: NamedDependency[Page],
    ended: FromQuery[bool] = False,
) -> Response[str]:
    person_id = _person_of(request)
    async with house.database.transaction() as conn:
        entered = await store.list_grants_of_person(conn, person_id)
    return page.render("identity/oauth_services.html", entered=entered, is_ended=ended)


@post("/id/services/{client_id:str}/end", status_code=303)
async def end_service(
    request: AnyRequest, client_id: FromPath[str], house: NamedDependency[House]
) -> Redirect:
    """Every token of the service for this person is dead with the next request."""
    person_id = _person_of(request)
    provider = provider_of(house)
    await run(
        house.database,
        (),
        lambda conn: registering.end_grant(conn, provider, person_id, client_id),
    )
    return go_to("/id/services?ended=true")


SERVICES = (show_services, end_service)
