"""The desk's pages of the register: a town's file is shown, then taken; matching cases."""

from typing import TypeAlias
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from mieone.core.edge import run
from mieone.core.house import House
from mieone.core.model import Actor, ActorKind, TownCode
from mieone.core.problems import NotFound, NotPermitted, Problem
from mieone.web import Form, Page, filled_form, read_form

from . import actions, store
from .model import Extent

Html: TypeAlias = Response[str]
AnyRequest: TypeAlias = Request[object, object, State]
IMPORT = "/desk/register/import"
CASES = "/desk/register/cases"
NOBODY = "nobody"
LARGEST_BYTES = 10_000_000
MEDIA_TYPES = frozenset(
    {"text/csv", "text/plain", "application/vnd.ms-excel", "application/octet-stream"}
)


@get(IMPORT)
async def get_import(
    page: NamedDependency[Page], house: NamedDependency[House], actor: NamedDependency[Actor]
) -> Html:
    _check_officer(actor)
    return await _show_form(page, house, actor, filled_form({"extent": Extent.WHOLE.value}))


@post(IMPORT, status_code=200)
async def post_import(
    request: AnyRequest,
    page: NamedDependency[Page],
    house: NamedDependency[House],
    actor: NamedDependency[Actor],
) -> Html:
    """Nothing is written to the register here: the officer sees first what the file would do."""
    _check_officer(actor)
    form = await read_form(request)
    town = TownCode(form.choice("town", actor.towns))
    extent = form.choice("extent", set(Extent))
    upload = form.upload("file", media_types=MEDIA_TYPES, max_bytes=LARGEST_BYTES)
    if form.has_errors or upload is None:
        return await _show_form(page, house, actor, form, status_code=422)
    delivery = actions.Delivery(
        town=town, content=upload.content, source=actions.DESK_SOURCE, extent=Extent(extent)
    )
    try:
        upload_id, report = await run(
            house.database,
            [town],
            lambda conn: actions.show_upload(conn, house, actor, delivery),
        )
    except Problem as problem:
        form.refuse("file", f"{problem.message_id}.detail", **problem.detail)
        return await _show_form(page, house, actor, form, status_code=problem.status)
    return page.render(
        "registry/import_shown.html",
        town=house.region.town(town),
        report=report,
        upload_id=upload_id,
        filename=upload.filename,
    )


@post(IMPORT + "/{town:str}/{upload_id:uuid}", status_code=303)
async def post_take(
    town: FromPath[str],
    upload_id: FromPath[UUID],
    house: NamedDependency[House],
    actor: NamedDependency[Actor],
) -> Redirect:
    _check_officer(actor)
    code = TownCode(town)
    report = await run(
        house.database,
        [code],
        lambda conn: actions.take_upload(conn, house, actor, code, upload_id),
    )
    return Redirect(f"{IMPORT}/{code}/runs/{report.run_id}", status_code=303)


@get(IMPORT + "/{town:str}/runs/{run_id:uuid}")
async def get_run(
    town: FromPath[str],
    run_id: FromPath[UUID],
    page: NamedDependency[Page],
    house: NamedDependency[House],
    actor: NamedDependency[Actor],
) -> Html:
    _check_officer(actor)
    code = TownCode(town)
    if code not in actor.towns or not house.region.has_town(code):
        raise NotFound
    async with house.database.transaction([code]) as conn:
        found = await store.find_run(conn, code, run_id)
        findings = await store.list_findings(conn, code, run_id)
        changes = await store.list_changes(conn, code, run_id)
    if found is None:
        raise NotFound
    return page.render(
        "registry/import_taken.html",
        town=house.region.town(code),
        run=found,
        findings=findings,
        changes=changes,
    )


@get(CASES)
async def get_cases(
    page: NamedDependency[Page], house: NamedDependency[House], actor: NamedDependency[Actor]
) -> Html:
    _check_officer(actor)
    async with house.database.transaction(actor.towns) as conn:
        cases = await store.list_open_cases(conn, actor.towns)
    return page.render("registry/cases.html", cases=cases, region=house.region)


@get(CASES + "/{town:str}/{case_id:uuid}")
async def get_case(
    town: FromPath[str],
    case_id: FromPath[UUID],
    page: NamedDependency[Page],
    house: NamedDependency[House],
    actor: NamedDependency[Actor],
) -> Html:
    _check_officer(actor)
    code = TownCode(town)
    case = await run(
        house.database, [code], lambda conn: actions.read_case(conn, house, actor, code, case_id)
    )
    return page.render("registry/case.html", case=case, town=house.region.town(code))


@post(CASES + "/{town:str}/{case_id:uuid}", status_code=303)
async def post_case(
    town: FromPath[str],
    case_id: FromPath[UUID],
    request: AnyRequest,
    house: NamedDependency[House],
    actor: NamedDependency[Actor],
) -> Redirect:
    """Linked to the resident that was chosen, or to nobody."""
    _check_officer(actor)
    code = TownCode(town)
    chosen = _resident_id((await read_form(request)).value("resident"))
    if chosen is None:
        await run(
            house.database,
            [code],
            lambda conn: actions.refuse_case(conn, house, actor, code, case_id),
        )
    else:
        await run(
            house.database,
            [code],
            lambda conn: actions.link_by_officer(conn, house, actor, code, case_id, chosen),
        )
    return Redirect(CASES, status_code=303)


def _resident_id(text: str) -> UUID | None:
    """Raises NotFound for anything but an id or the word that means nobody."""
    if text == NOBODY:
        return None
    try:
        return UUID(text)
    except ValueError as wrong:
        raise NotFound from wrong


def _check_officer(actor: Actor) -> None:
    """The register is the town's: nobody prepares it for them."""
    if actor.kind is not ActorKind.TOWN_OFFICER or not actor.towns:
        raise NotPermitted


async def _show_form(
    page: Page, house: House, actor: Actor, form: Form, status_code: int = 200
) -> Html:
    async with house.database.transaction(actor.towns) as conn:
        runs = [run for town in sorted(actor.towns) for run in await store.list_runs(conn, town)]
    towns = [house.region.town(code) for code in sorted(actor.towns)]
    return page.render(
        "registry/import.html", status_code=status_code, form=form, towns=towns, runs=runs[:20]
    )


DESK = (get_import, post_import, post_take, get_run, get_cases, get_case, post_case)
