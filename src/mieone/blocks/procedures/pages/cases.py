"""A case as its applicant sees it: where it is, who has it, what is awaited, until when."""

from datetime import date
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from mieone.blocks.procedures import actions
from mieone.blocks.procedures.actions import Office, office_of
from mieone.blocks.procedures.actions.cases import read_clocks
from mieone.blocks.procedures.actions.office import day_of
from mieone.blocks.procedures.actions.sealing import Answers
from mieone.blocks.procedures.model import Act, CaseEvent, CaseFile, CaseState, Decision
from mieone.blocks.procedures.problems import ActNotPossible, CaseNotFound
from mieone.blocks.procedures.rules import answers, expressions
from mieone.blocks.procedures.rules.case_states import possible_acts, transitions_for
from mieone.blocks.procedures.rules.clocks import Reading
from mieone.blocks.procedures.rules.definition import Attachment
from mieone.blocks.procedures.rules.evaluation import evaluate
from mieone.blocks.procedures.rules.library import DefinitionFile
from mieone.blocks.procedures.rules.stations import Station, list_stations
from mieone.blocks.procedures.store import cases
from mieone.core.database import Conn, Database
from mieone.core.edge import run
from mieone.core.house import House
from mieone.core.model import Actor
from mieone.web import AnyRequest, Form, Page, read_form

from .form_reading import group_fields, put_problems, read_page, show_answers


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a page about one case needs."""

    case: CaseFile
    file: DefinitionFile
    raw: Answers
    events: list[CaseEvent]
    clocks: dict[str, Reading]
    decision: Decision | None
    stations: tuple[Station, ...]
    attachments: tuple[Attachment, ...]

    @property
    def asked(self) -> str:
        """The words of the last request for correction."""
        found = [event.note for event in self.events if event.act is Act.ASK_CORRECTION]
        return found[-1] if found else ""


async def read_case(conn: Conn, office: Office, case: CaseFile) -> Shown:
    file = await office.definition_of(conn, case)
    _, raw = await actions.get_answers(conn, office, case)
    events = await actions.list_events(conn, office, case)
    return Shown(
        case=case,
        file=file,
        raw=raw,
        events=events,
        clocks=read_clocks(office, file, case, events),
        decision=await actions.get_decision(conn, office, case),
        stations=list_stations(case.state, events),
        attachments=list_attachments(office, file, case, raw),
    )


def list_attachments(
    office: Office, file: DefinitionFile, case: CaseFile, raw: Answers
) -> tuple[Attachment, ...]:
    """Papers this case needs, by the definition's own conditions."""
    values = answers.read_values(file.definition, raw)
    dates = {"arrival": day_of(case.arrived_at)}
    evaluation = evaluate(office.library.rule_set(file), values, dates)
    month = evaluation.outputs.get("month_paid")
    scope = {**values, **dates}
    if month:
        scope["month_paid"] = date.fromisoformat(month)
    return tuple(
        attachment
        for attachment in file.definition.attachments
        if expressions.evaluate(expressions.parse(attachment.when), scope, office.library.calendar)
        is True
    )


async def own_case(conn: Conn, actor: Actor, case_id: UUID) -> CaseFile:
    case = await cases.get_case(conn, case_id)
    if actor.id != str(case.person_id):
        raise CaseNotFound
    return case


async def _read_own(database: Database, office: Office, actor: Actor, case_id: UUID) -> Shown:
    async def read(conn: Conn) -> Shown:
        return await read_case(conn, office, await own_case(conn, actor, case_id))

    return await run(database, office.region.town_codes, read)


@get("/cases")
async def list_cases(
    page: NamedDependency[Page],
    actor: NamedDependency[Actor],
    house: NamedDependency[House],
    database: NamedDependency[Database],
) -> Response[str]:
    office = office_of(house)
    found = await run(
        database,
        office.region.town_codes,
        lambda conn: cases.list_cases_of(conn, UUID(actor.id)),
    )
    names = {f.definition.id: f.definition.names for f in office.library.files}
    return page.render("procedures/cases.html", cases=found, names=names)


@get("/cases/{case_id:uuid}")
async def show_case(
    case_id: FromPath[UUID],
    page: NamedDependency[Page],
    actor: NamedDependency[Actor],
    house: NamedDependency[House],
    database: NamedDependency[Database],
    sent: str = "",
) -> Response[str]:
    office = office_of(house)
    shown = await _read_own(database, office, actor, case_id)
    definition = shown.file.definition
    table = transitions_for(has_decision=definition.kind.has_decision)
    dates = {"arrival": day_of(shown.case.arrived_at)}
    groups = {
        p.id: group_fields(definition, p, shown.raw, {}, dates, office.library.calendar)
        for p in definition.pages
    }
    return page.render(
        "procedures/case.html",
        shown=shown,
        case=shown.case,
        d=definition,
        body=office.library.authorities.get_body(shown.case.authority),
        town=next(t for t in office.region.towns if t.code == shown.case.town),
        can_withdraw=Act.WITHDRAW in possible_acts(table, shown.case.state),
        has_letter=shown.case.state
        in (CaseState.DISPATCHED, CaseState.DELIVERED, CaseState.CLOSED),
        groups=groups,
        typed=show_answers(definition, shown.raw),
        just_sent=sent == "yes",
    )


@get("/cases/{case_id:uuid}/letter.pdf")
async def get_letter(
    case_id: FromPath[UUID],
    actor: NamedDependency[Actor],
    house: NamedDependency[House],
    database: NamedDependency[Database],
) -> Response[bytes]:
    office = office_of(house)
    pdf = await run(
        database,
        office.region.town_codes,
        lambda conn: actions.open_letter(conn, office, actor, case_id),
    )
    return pdf_response(pdf, f"notice-{str(case_id)[-8:]}.pdf")


def pdf_response(pdf: bytes, name: str) -> Response[bytes]:
    headers = {
        "Content-Disposition": f'inline; filename="{name}"',
        "Cache-Control": "no-store",
    }
    return Response(pdf, media_type="application/pdf", headers=headers)


@get("/cases/{case_id:uuid}/correct")
async def show_correction(
    case_id: FromPath[UUID],
    page: NamedDependency[Page],
    actor: NamedDependency[Actor],
    house: NamedDependency[House],
    database: NamedDependency[Database],
) -> Response[str]:
    office = office_of(house)
    shown = await _read_own(database, office, actor, case_id)
    form = show_answers(shown.file.definition, shown.raw)
    return _render_correction(page, office, shown, shown.raw, form)


def _render_correction(
    page: Page, office: Office, shown: Shown, raw: Answers, form: Form
) -> Response[str]:
    if shown.case.state is not CaseState.AWAITING_CORRECTION:
        raise ActNotPossible(act=Act.CORRECT, state=shown.case.state)
    definition = shown.file.definition
    dates = {"arrival": day_of(shown.case.arrived_at)}
    groups = {
        p.id: group_fields(definition, p, raw, {}, dates, office.library.calendar)
        for p in definition.pages
    }
    fields = [f for found in groups.values() for g in found for f in g.fields]
    return page.render(
        "procedures/correct.html",
        status_code=422 if form.has_errors else 200,
        shown=shown,
        case=shown.case,
        d=definition,
        groups=groups,
        form=form,
        labels={f.name: page.formats.named(f.field.label) for f in fields},  # type: ignore[arg-type]
    )


@post("/cases/{case_id:uuid}/correct")
async def send_correction(
    case_id: FromPath[UUID],
    request: AnyRequest,
    page: NamedDependency[Page],
    actor: NamedDependency[Actor],
    house: NamedDependency[House],
    database: NamedDependency[Database],
) -> Response[str] | Redirect:
    office = office_of(house)
    shown = await _read_own(database, office, actor, case_id)
    definition = shown.file.definition
    form = await read_form(request)
    raw: Answers = dict(shown.raw)
    for form_page in definition.pages:
        raw = read_page(form, form_page, raw)
    note = form.text("note", is_required=False, max_length=1000)
    dates = {"arrival": day_of(shown.case.arrived_at)}
    reading = answers.check_pages(definition, raw, dates, office.library.calendar)
    put_problems(form, reading.problems, page.formats)
    if form.has_errors:
        return _render_correction(page, office, shown, raw, form)
    await run(
        database,
        office.region.town_codes,
        lambda conn: actions.answer_correction(conn, office, actor, case_id, raw, note),
    )
    return Redirect(f"/cases/{case_id}", status_code=303)


@get("/cases/{case_id:uuid}/withdraw")
async def show_withdrawal(
    case_id: FromPath[UUID],
    page: NamedDependency[Page],
    actor: NamedDependency[Actor],
    house: NamedDependency[House],
    database: NamedDependency[Database],
) -> Response[str]:
    shown = await _read_own(database, office_of(house), actor, case_id)
    return page.render(
        "procedures/withdraw.html", case=shown.case, d=shown.file.definition, form=Form()
    )


@post("/cases/{case_id:uuid}/withdraw", status_code=303)
async def withdraw_case(
    case_id: FromPath[UUID],
    request: AnyRequest,
    actor: NamedDependency[Actor],
    house: NamedDependency[House],
    database: NamedDependency[Database],
) -> Redirect:
    office = office_of(house)
    form = await read_form(request)
    note = form.text("note", is_required=False, max_length=1000)
    await run(
        database,
        office.region.town_codes,
        lambda conn: actions.withdraw(conn, office, actor, case_id, note),
    )
    return Redirect(f"/cases/{case_id}", status_code=303)


HANDLERS = (
    list_cases,
    show_case,
    get_letter,
    show_correction,
    send_correction,
    show_withdrawal,
    withdraw_case,
)
