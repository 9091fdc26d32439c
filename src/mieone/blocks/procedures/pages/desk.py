"""The desk: the queue is the page, the case opens beside it, and a line says who may do what."""

from collections.abc import Mapping
from types import MappingProxyType
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from mieone.blocks.procedures import actions
from mieone.blocks.procedures.actions import Office, office_of
from mieone.blocks.procedures.actions.decisions import may_decide
from mieone.blocks.procedures.actions.entrustments import reach_of
from mieone.blocks.procedures.actions.register import Ground, ground_for
from mieone.blocks.procedures.actions.sights import record_queue
from mieone.blocks.procedures.model import (
    Act,
    ActorClass,
    CaseFile,
    CaseState,
    Outcome,
)
from mieone.blocks.procedures.problems import CaseNotFound, GlyphMissing, ReasonsMissing
from mieone.blocks.procedures.rules import acts
from mieone.blocks.procedures.store import cases
from mieone.core.database import Conn, Database
from mieone.core.edge import run
from mieone.core.house import House
from mieone.core.model import Actor
from mieone.web import AnyRequest, Form, Page, filled_form, read_form

from .desk_case import Opened, open_case
from .desk_letters import LETTERS

S = CaseState
VIEWS: Mapping[str, tuple[CaseState, ...]] = MappingProxyType(
    {
        "open": (S.RECEIVED, S.FORM_CHECK, S.EXAMINATION, S.APPROVAL, S.DECIDED, S.NOTICE_PREPARED),
        "waiting": (S.AWAITING_CORRECTION, S.AWAITING_INQUIRY),
        "sent": (S.DISPATCHED, S.DELIVERED),
        "ended": (S.CLOSED, S.WITHDRAWN, S.TRANSFERRED, S.REVOKED),
    }
)
PAGE_SIZE = 50


class Line(msgspec.Struct, frozen=True, kw_only=True):
    case: CaseFile
    name: str


async def _list(
    conn: Conn, office: Office, actor: Actor, view: str, after: UUID | None
) -> tuple[list[Line], dict[CaseState, int]]:
    reach = await reach_of(conn, office, actor)
    last = await cases.get_case(conn, after) if after else None
    found = await cases.list_queue(conn, reach.towns, reach.scopes, VIEWS[view], last, PAGE_SIZE)
    lines: list[Line] = []
    grounds: dict[UUID, Ground | None] = {}
    for case in found:
        file = await office.definition_of(conn, case)
        _, raw = await actions.get_answers(conn, office, case)
        name = raw.get("applicant_name", "")
        lines.append(Line(case=case, name=name if isinstance(name, str) else ""))
        grounds[case.id] = ground_for(actor, file.definition, reach.row_for(case))
    await record_queue(conn, office, actor, found, grounds)
    return lines, await cases.count_queue(conn, reach.towns, reach.scopes)


async def _render(
    page: Page,
    office: Office,
    database: Database,
    actor: Actor,
    view: str,
    opened: Opened | None,
    form: Form | None = None,
    problem: str = "",
    after: UUID | None = None,
) -> Response[str]:
    chosen = view if view in VIEWS else "open"
    lines, counts = await run(
        database, actor.towns, lambda conn: _list(conn, office, actor, chosen, after)
    )
    start = _first_form(opened)
    return page.render(
        "procedures/desk.html",
        status_code=422 if form and form.has_errors else 200,
        lines=lines,
        more=f"/desk?view={chosen}&after={lines[-1].case.id}" if len(lines) == PAGE_SIZE else "",
        first=f"/desk?view={chosen}" if after else "",
        counts={name: sum(counts.get(s, 0) for s in states) for name, states in VIEWS.items()},
        views=tuple(VIEWS),
        view=chosen,
        opened=opened,
        form=form or start,
        problem=problem,
        towns={town.code: town for town in office.region.towns},
        names={f.definition.id: f.definition.names for f in office.library.files},
        cite=office.library.laws.cite,
        is_association=acts.class_of(actor) is ActorClass.ASSOCIATION,
        decision_right=may_decide(office, opened.shown.case, actor) if opened else None,
        today=office.today(),
    )


def _first_form(opened: Opened | None) -> Form:
    """The decision form begins with the proposal and its reasons; the officer changes either."""
    if opened is None or opened.evaluation is None:
        return Form()
    reasons = "\n".join(reason.text_ja for reason in opened.evaluation.reasons)
    refused = opened.evaluation.outcome == Outcome.REFUSED
    return filled_form(
        {"outcome": opened.evaluation.outcome, "reasons": reasons if refused else ""}
    )


@get("/desk")
async def show_queue(
    page: NamedDependency[Page],
    actor: NamedDependency[Actor],
    house: NamedDependency[House],
    database: NamedDependency[Database],
    view: str = "open",
    after: UUID | None = None,
) -> Response[str]:
    return await _render(page, office_of(house), database, actor, view, None, after=after)


@get("/desk/cases/{case_id:uuid}")
async def show_desk_case(
    case_id: FromPath[UUID],
    page: NamedDependency[Page],
    actor: NamedDependency[Actor],
    house: NamedDependency[House],
    database: NamedDependency[Database],
    view: str = "open",
) -> Response[str]:
    office = office_of(house)
    opened = await open_case(house, office, database, actor, case_id)
    return await _render(page, office, database, actor, view, opened)


STEPS = frozenset(
    {
        Act.START_CHECK, Act.ASK_CORRECTION, Act.HAND_OVER, Act.RETURN, Act.ASK_INQUIRY,
        Act.ANSWER_INQUIRY, Act.CLOSE,
    }
)  # fmt: skip
"""Acts that are nothing but a step with words."""


@post("/desk/cases/{case_id:uuid}/acts/{act:str}")
async def do_act(
    case_id: FromPath[UUID],
    act: FromPath[str],
    request: AnyRequest,
    page: NamedDependency[Page],
    actor: NamedDependency[Actor],
    house: NamedDependency[House],
    database: NamedDependency[Database],
) -> Response[str] | Redirect:
    office = office_of(house)
    form = await read_form(request)
    step = Act(act) if act in {a.value for a in Act} else None
    if step is None:
        raise CaseNotFound
    await run(
        database, actor.towns, lambda conn: _check_entrusted(conn, office, actor, case_id, step)
    )
    try:
        await _act(house, office, database, actor, case_id, step, form)
    except ReasonsMissing:
        form.refuse("note", "procedures.desk.note_missing")
    except GlyphMissing as missing:
        form.refuse("plain_names", "procedures.desk.glyph_missing", **missing.detail)
    if form.has_errors:
        opened = await open_case(house, office, database, actor, case_id)
        return await _render(page, office, database, actor, "open", opened, form, problem=act)
    return Redirect(f"/desk/cases/{case_id}", status_code=303)


async def _act(
    house: House,
    office: Office,
    database: Database,
    actor: Actor,
    case_id: UUID,
    step: Act,
    form: Form,
) -> None:
    """Raises ReasonsMissing, GlyphMissing; CaseNotFound for an act that has a page of its own."""
    note = form.text("note", is_required=False, max_length=1000)
    checked = form.values("checked")

    async def take(conn: Conn) -> None:
        match step:
            case Act.CONCLUDE:
                await actions.conclude(conn, office, actor, case_id, checked)
            case Act.DISPATCH:
                await actions.dispatch(conn, office, house.notify, actor, case_id)
            case _ if step in STEPS:
                await actions.record_act(conn, office, actor, case_id, step, note, checked)
            case _:
                raise CaseNotFound

    if step is Act.PREPARE_NOTICE:
        # Long work between two transactions of its own.
        plain = form.checkbox("plain_names")
        await actions.prepare_notice(database, office, actor, case_id, plain_names=plain)
    else:
        await run(database, actor.towns, take)


async def _check_entrusted(
    conn: Conn, office: Office, actor: Actor, case_id: UUID, act: Act
) -> None:
    """The association's contract is looked at when it acts, not only when it signed in."""
    case = await cases.get_case(conn, case_id)
    (await reach_of(conn, office, actor)).check_covers(case, act)


@post("/desk/cases/{case_id:uuid}/decision")
async def decide_case(
    case_id: FromPath[UUID],
    request: AnyRequest,
    page: NamedDependency[Page],
    actor: NamedDependency[Actor],
    house: NamedDependency[House],
    database: NamedDependency[Database],
) -> Response[str] | Redirect:
    office = office_of(house)
    form = await read_form(request)
    outcome = form.choice("outcome", {one.value for one in Outcome})
    reasons = tuple(form.text("reasons", is_required=False, max_length=4000).splitlines())
    evaluation_id = _uuid(form.value("evaluation"))
    try:
        if not form.has_errors:
            await run(
                database,
                actor.towns,
                lambda conn: actions.decide(
                    conn, office, actor, case_id, evaluation_id, Outcome(outcome), reasons
                ),
            )
    except ReasonsMissing:
        form.refuse("reasons", "procedures.desk.reasons_missing")
    if form.has_errors:
        opened = await open_case(house, office, database, actor, case_id)
        return await _render(page, office, database, actor, "open", opened, form, "decide")
    return Redirect(f"/desk/cases/{case_id}", status_code=303)


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise CaseNotFound from error


HANDLERS = (
    show_queue,
    show_desk_case,
    do_act,
    decide_case,
    *LETTERS,
)
