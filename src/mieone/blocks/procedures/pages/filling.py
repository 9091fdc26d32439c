"""The form: one question a screen, kept at every step, read once more before it is sent."""

from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from mieone.blocks.procedures import actions
from mieone.blocks.procedures.actions import Office, office_of
from mieone.blocks.procedures.actions.sealing import Answers, DraftContent
from mieone.blocks.procedures.model import Draft
from mieone.blocks.procedures.problems import AnswersIncomplete, ProcedureNotFound
from mieone.blocks.procedures.rules import answers
from mieone.blocks.procedures.rules.definition import Definition
from mieone.blocks.procedures.rules.definition import Page as FormPage
from mieone.blocks.procedures.rules.library import DefinitionFile
from mieone.core.database import Database
from mieone.core.edge import run
from mieone.core.house import House
from mieone.core.model import Actor
from mieone.web import AnyRequest, Form, Page, read_form

from .applying import find_file, find_own_draft
from .form_reading import group_fields, input_name, put_problems, read_page, show_answers


def find_page(definition: Definition, page_id: str) -> tuple[int, FormPage]:
    for n, page in enumerate(definition.pages):
        if page.id == page_id:
            return n, page
    raise ProcedureNotFound(procedure=definition.id)


def _render(
    page: Page,
    office: Office,
    file: DefinitionFile,
    form_page: FormPage,
    content: DraftContent,
    form: Form,
    status: int = 200,
) -> Response[str]:
    definition = file.definition
    number, _ = find_page(definition, form_page.id)
    dates = {"arrival": office.today()}
    groups = group_fields(
        definition, form_page, content.answers, content.known, dates, office.library.calendar
    )
    return page.render(
        "procedures/form.html",
        status_code=status,
        d=definition,
        p=form_page,
        number=number,
        groups=groups,
        form=form,
        labels={f.name: page.formats.named(f.field.label) for g in groups for f in g.fields},  # type: ignore[arg-type]
    )


@get("/procedures/{procedure:str}/form/{page_id:str}")
async def show_form_page(
    procedure: FromPath[str],
    page_id: FromPath[str],
    page: NamedDependency[Page],
    actor: NamedDependency[Actor],
    house: NamedDependency[House],
    database: NamedDependency[Database],
) -> Response[str]:
    office = office_of(house)
    file = find_file(office, procedure)
    _, form_page = find_page(file.definition, page_id)
    draft = await find_own_draft(database, office, actor, file)
    content = actions.read_draft(office, draft)
    form = show_answers(file.definition, content.answers)
    return _render(page, office, file, form_page, content, form)


@post("/procedures/{procedure:str}/form/{page_id:str}")
async def keep_form_page(
    procedure: FromPath[str],
    page_id: FromPath[str],
    request: AnyRequest,
    page: NamedDependency[Page],
    actor: NamedDependency[Actor],
    house: NamedDependency[House],
    database: NamedDependency[Database],
) -> Response[str] | Redirect:
    """Kept as typed, right or wrong; only "next" insists on a right page."""
    office = office_of(house)
    file = find_file(office, procedure)
    number, form_page = find_page(file.definition, page_id)
    draft = await find_own_draft(database, office, actor, file)
    form = await read_form(request)
    content = actions.read_draft(office, draft)
    raw = read_page(form, form_page, content.answers)
    go = form.value("go") or "next"
    raw = _change_rows(raw, form_page, go)
    await _keep(database, office, draft, raw)
    path = f"/procedures/{procedure}/form"
    if go == "back":
        target = (
            f"{path}/{file.definition.pages[number - 1].id}"
            if number
            else f"/procedures/{procedure}"
        )
        return Redirect(target, status_code=303)
    if go != "next":
        return Redirect(f"{path}/{page_id}", status_code=303)
    dates = {"arrival": office.today()}
    reading = answers.check_pages(
        file.definition, raw, dates, office.library.calendar, only_page=page_id
    )
    put_problems(form, reading.problems, page.formats)
    if form.has_errors:
        shown = DraftContent(answers=raw, known=content.known)
        return _render(page, office, file, form_page, shown, form, 422)
    if form.value("to") == "check" or number + 1 == len(file.definition.pages):
        return Redirect(f"/procedures/{procedure}/check", status_code=303)
    return Redirect(f"{path}/{file.definition.pages[number + 1].id}", status_code=303)


def _change_rows(raw: Answers, form_page: FormPage, go: str) -> Answers:
    """「追加」 and 「消す」 on a repeated page."""
    rows = raw.get(form_page.repeat) if form_page.repeat else None
    if not isinstance(rows, list):
        return raw
    if go == "add" and len(rows) < form_page.max_rows:
        return {**raw, form_page.repeat: [*rows, {}]}
    if go.startswith("remove-") and go[7:].isdecimal() and len(rows) > 1:
        gone = int(go[7:])
        return {**raw, form_page.repeat: [row for n, row in enumerate(rows) if n != gone]}
    return raw


async def _keep(database: Database, office: Office, draft: Draft, raw: Answers) -> None:
    await run(
        database,
        office.region.town_codes,
        lambda conn: actions.save_draft(conn, office, draft, raw),
    )


@get("/procedures/{procedure:str}/check")
async def show_check(
    procedure: FromPath[str],
    page: NamedDependency[Page],
    actor: NamedDependency[Actor],
    house: NamedDependency[House],
    database: NamedDependency[Database],
) -> Response[str]:
    office = office_of(house)
    file = find_file(office, procedure)
    draft = await find_own_draft(database, office, actor, file)
    return _render_check(page, office, file, draft)


def _render_check(
    page: Page, office: Office, file: DefinitionFile, draft: Draft, form: Form | None = None
) -> Response[str]:
    content = actions.read_draft(office, draft)
    dates = {"arrival": office.today()}
    calendar = office.library.calendar
    reading = answers.check_pages(file.definition, content.answers, dates, calendar)
    groups = {
        p.id: group_fields(file.definition, p, content.answers, content.known, dates, calendar)
        for p in file.definition.pages
    }
    body = office.library.authorities.resolve(file.definition.id, draft.town, office.today())
    town = next(town for town in office.region.towns if town.code == draft.town)
    return page.render(
        "procedures/check.html",
        status_code=422 if form and form.has_errors else 200,
        d=file.definition,
        draft=draft,
        groups=groups,
        typed=show_answers(file.definition, content.answers),
        wrong={input_name(problem.path): problem for problem in reading.problems},
        wrong_pages={problem.page for problem in reading.problems},
        town=town,
        body=body,
        today=office.today(),
        form=form or Form(),
    )


@post("/procedures/{procedure:str}/send")
async def send_form(
    procedure: FromPath[str],
    request: AnyRequest,
    page: NamedDependency[Page],
    actor: NamedDependency[Actor],
    house: NamedDependency[House],
    database: NamedDependency[Database],
) -> Response[str] | Redirect:
    """到達. Sending the same form again leads to the same case."""
    office = office_of(house)
    file = find_file(office, procedure)
    form = await read_form(request)
    token = _token(form.value("token"))
    form.checkbox("agreed", must_be_on=True)
    if form.has_errors:
        draft = await find_own_draft(database, office, actor, file)
        return _render_check(page, office, file, draft, form)
    try:
        case = await run(
            database,
            office.region.town_codes,
            lambda conn: actions.submit(conn, office, actor, token),
        )
    except AnswersIncomplete:
        return Redirect(f"/procedures/{procedure}/check", status_code=303)
    return Redirect(f"/cases/{case.id}?sent=yes", status_code=303)


def _token(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise ProcedureNotFound(procedure="") from error


HANDLERS = (show_form_page, keep_form_page, show_check, send_form)
