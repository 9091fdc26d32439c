"""Finding a procedure, reading what it is, and beginning it."""

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from mieone.blocks.procedures import actions
from mieone.blocks.procedures.actions import Office, office_of
from mieone.blocks.procedures.actions.register import consent_details, fill_draft
from mieone.blocks.procedures.model import CaseFile, Draft, Offer, ProcedureId
from mieone.blocks.procedures.rules.library import DefinitionFile
from mieone.blocks.procedures.store import cases, drafts, offers
from mieone.core.database import Conn, Database
from mieone.core.edge import run
from mieone.core.house import House
from mieone.core.model import Actor, ActorKind, TownCode
from mieone.core.ports import ConsentRequested
from mieone.core.problems import NotFound
from mieone.web import AnyRequest, Form, Page, filled_form, read_form

LIFE_EVENTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "birth": ("childcare",),
        "moving": ("childcare",),
        "death": (),
        "care": ("care",),
        "disaster": ("disaster",),
        "car": ("vehicle",),
    }
)
"""Life event → fields of procedures that belong to it."""
OFFERS_LAST = timedelta(days=366)


@get("/procedures")
async def list_procedures(
    page: NamedDependency[Page],
    house: NamedDependency[House],
    database: NamedDependency[Database],
    event: str = "",
) -> Response[str]:
    office = office_of(house)
    chosen = event if event in LIFE_EVENTS else ""
    fields = LIFE_EVENTS.get(chosen)
    files = [
        f
        for f in office.library.list_open(office.today())
        if fields is None or f.definition.field in fields
    ]
    begun: list[Draft] = []
    sent: list[CaseFile] = []
    if page.actor is not None and page.actor.kind is ActorKind.PERSON:
        begun, sent = await _own(database, office, UUID(page.actor.id))
    return page.render(
        "procedures/list.html",
        files=files,
        events=tuple(LIFE_EVENTS),
        chosen=chosen,
        drafts=begun,
        cases=sent,
        names={
            f.definition.id: f.definition.names for f in office.library.list_open(office.today())
        },
    )


async def _own(
    database: Database, office: Office, person_id: UUID
) -> tuple[list[Draft], list[CaseFile]]:
    async def read(conn: Conn) -> tuple[list[Draft], list[CaseFile]]:
        begun = await drafts.list_open_drafts(conn, person_id, office.now())
        return begun, await cases.list_cases_of(conn, person_id)

    return await run(database, office.region.town_codes, read)


def find_file(office: Office, procedure: str) -> DefinitionFile:
    """Today's version. Raises ProcedureNotFound."""
    return office.library.definition_on(ProcedureId(procedure), office.today())


@get("/procedures/{procedure:str}")
async def describe_procedure(
    procedure: FromPath[str],
    page: NamedDependency[Page],
    house: NamedDependency[House],
    database: NamedDependency[Database],
) -> Response[str]:
    office = office_of(house)
    return await _describe(page, database, office, find_file(office, procedure))


async def _describe(
    page: Page, database: Database, office: Office, file: DefinitionFile, form: Form | None = None
) -> Response[str]:
    definition = file.definition
    draft: Draft | None = None
    offer: Offer | None = None
    town = page.town
    if page.actor is not None and page.actor.kind is ActorKind.PERSON:
        draft, offer, linked = await _begun(database, office, file, UUID(page.actor.id))
        town = linked or town
    rules = {rule.id: rule for rule in definition.clocks}
    clock = rules.get(definition.deadline.clock) if definition.deadline else None
    last_day = (
        offer.event_on + timedelta(days=clock.days) if offer and clock and clock.days else None
    )
    return page.render(
        "procedures/procedure.html",
        status_code=422 if form else 200,
        d=definition,
        clock=clock,
        laws=[office.library.laws.cite(ref) for ref in definition.law_refs],
        draft=draft,
        towns=office.region.towns,
        town_form=form or filled_form({"town": town}),
        event_on=offer.event_on if offer else None,
        last_day=last_day,
    )


async def _begun(
    database: Database, office: Office, file: DefinitionFile, person_id: UUID
) -> tuple[Draft | None, Offer | None, TownCode | None]:
    async def read(conn: Conn) -> tuple[Draft | None, list[Offer], TownCode | None]:
        found = await drafts.find_open_draft(conn, person_id, file.definition.id, office.now())
        offered = await list_offers(conn, office, person_id)
        return found, offered, await offers.find_watched_town(conn, person_id)

    draft, offered, linked = await run(database, office.region.town_codes, read)
    offer = next((o for o in offered if o.procedure == file.definition.id), None)
    return draft, offer, linked


async def list_offers(conn: Conn, office: Office, person_id: UUID) -> list[Offer]:
    """What the register's news made us offer, while it is still of use."""
    since = office.today() - OFFERS_LAST
    return await offers.list_offers(conn, person_id, since)


@post("/procedures/{procedure:str}/start", status_code=303)
async def start_procedure(
    procedure: FromPath[str],
    request: AnyRequest,
    page: NamedDependency[Page],
    actor: NamedDependency[Actor],
    house: NamedDependency[House],
    database: NamedDependency[Database],
) -> Redirect | Response[str]:
    office = office_of(house)
    file = find_file(office, procedure)
    form = await read_form(request)
    town = form.choice("town", office.region.town_codes)
    if form.has_errors:
        return await _describe(page, database, office, file, form)
    person_id = UUID(actor.id)
    await run(
        database,
        office.region.town_codes,
        lambda conn: actions.open_draft(
            conn, office, person_id, file.definition.id, TownCode(town)
        ),
    )
    if form.value("fill") != "register":
        return Redirect(first_page(file), status_code=303)
    return Redirect(await _consent_url(house, file, person_id), status_code=303)


async def _consent_url(house: House, file: DefinitionFile, person_id: UUID) -> str:
    """The consent sheet, asked once; straight on where it was answered before."""
    back = f"/procedures/{file.definition.id}/fill"

    async def ask(conn: Conn) -> str:
        answer = await house.consent_gate.request(
            conn, person_id, "procedures", consent_details(file.definition), back
        )
        return answer.url if isinstance(answer, ConsentRequested) else back

    return await run(house.database, house.region.town_codes, ask)


@get("/procedures/{procedure:str}/fill")
async def fill_from_register(
    procedure: FromPath[str],
    actor: NamedDependency[Actor],
    house: NamedDependency[House],
    database: NamedDependency[Database],
) -> Redirect:
    """Back from the consent sheet. Whatever was answered there, the form opens; perhaps empty."""
    office = office_of(house)
    file = find_file(office, procedure)
    draft = await find_own_draft(database, office, actor, file)
    await fill_draft(house, office, actor, draft)
    return Redirect(first_page(file), status_code=303)


async def find_own_draft(
    database: Database, office: Office, actor: Actor, file: DefinitionFile
) -> Draft:
    draft = await run(
        database,
        office.region.town_codes,
        lambda conn: drafts.find_open_draft(conn, UUID(actor.id), file.definition.id, office.now()),
    )
    if draft is None:
        raise NotFound
    return draft


def first_page(file: DefinitionFile) -> str:
    return f"/procedures/{file.definition.id}/form/{file.definition.pages[0].id}"


HANDLERS = (list_procedures, describe_procedure, start_procedure, fill_from_register)
