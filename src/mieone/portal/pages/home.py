"""Home, the choice of a town, and my page."""

from uuid import UUID

from litestar import get, post
from litestar.di import NamedDependency
from litestar.response import Redirect, Response

from mieone.core.house import House
from mieone.core.problems import NotSignedIn
from mieone.portal.home import list_home_items, list_sections
from mieone.portal.model import LifeEvent
from mieone.portal.outline import draw_outline
from mieone.web import TOWN_COOKIE, AnyRequest, Page, SectionPlace, preference_cookie, read_form


@get("/")
async def show_home(page: NamedDependency[Page], house: NamedDependency[House]) -> Response[str]:
    person_id = _person(page)
    items = await list_home_items(house, person_id) if person_id else []
    return page.render(
        "portal/home.html",
        items=items,
        events=tuple(LifeEvent),
        outline=draw_outline(house.region),
        source=house.region.source("boundaries.geojson"),
    )


@get("/my")
async def show_my_page(page: NamedDependency[Page], house: NamedDependency[House]) -> Response[str]:
    person_id = _person(page)
    if person_id is None:
        raise NotSignedIn
    sections = await list_sections(house, person_id)
    items = await list_home_items(house, person_id)
    return page.render("portal/my.html", sections=sections, items=items, places=tuple(SectionPlace))


@get("/town")
async def show_town_choice(page: NamedDependency[Page]) -> Response[str]:
    return page.render("portal/town_choice.html")


@post("/town", status_code=303)
async def choose_town(request: AnyRequest, page: NamedDependency[Page]) -> Response[str] | Redirect:
    form = await read_form(request)
    code = form.choice("town", {town.code for town in page.site.towns})
    if form.has_errors:
        return page.render("portal/town_choice.html", status_code=422, form=form)
    answer = Redirect("/", status_code=303)
    answer.set_cookie(preference_cookie(TOWN_COOKIE, code))
    return answer


def _person(page: Page) -> UUID | None:
    return UUID(page.actor.id) if page.actor and page.is_resident else None
