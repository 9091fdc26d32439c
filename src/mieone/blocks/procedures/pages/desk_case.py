"""A case as the desk shows it: register beside form, proposal, and who may take the next step."""

from types import MappingProxyType
from uuid import UUID

import msgspec

from mieone.blocks.procedures import actions
from mieone.blocks.procedures.actions import Office
from mieone.blocks.procedures.actions.decisions import may_decide
from mieone.blocks.procedures.actions.entrustments import Reach, reach_of
from mieone.blocks.procedures.actions.register import Ground, ask_register, ground_for
from mieone.blocks.procedures.actions.sights import record_look
from mieone.blocks.procedures.model import (
    Act,
    ActorClass,
    CaseFile,
    CaseState,
    Letter,
    TaskDone,
)
from mieone.blocks.procedures.rules import acts
from mieone.blocks.procedures.rules.case_states import possible_acts, transitions_for
from mieone.blocks.procedures.rules.definition import Task
from mieone.blocks.procedures.rules.evaluation import Evaluation
from mieone.blocks.procedures.rules.prefill import Difference, compare
from mieone.blocks.procedures.store import cases, outcomes
from mieone.core.database import Conn, Database
from mieone.core.edge import run
from mieone.core.house import House
from mieone.core.model import Actor
from mieone.web import Form

from .cases import Shown, read_case
from .form_reading import ShownGroup, group_fields, show_answers

S = CaseState
TASK_OF = MappingProxyType({S.FORM_CHECK: "form_check", S.EXAMINATION: "examination"})


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """A case on the desk."""

    shown: Shown
    groups: dict[str, list[ShownGroup]]
    typed: Form
    differences: list[Difference] | None
    """None: the register did not answer, or may not be asked."""
    evaluation: Evaluation | None
    evaluation_id: UUID | None
    task: Task | None
    tasks: list[TaskDone]
    letter: Letter | None
    may: frozenset[Act]
    """What this actor can do now."""
    waits_for: tuple[ActorClass, ...]
    """Who can do the next step when this actor cannot."""


async def open_case(
    house: House, office: Office, database: Database, actor: Actor, case_id: UUID
) -> Opened:
    """The case file in one transaction, the register through the door after it."""

    async def read(
        conn: Conn,
    ) -> tuple[Shown, Reach, Ground | None, Evaluation | None, UUID | None]:
        case = await cases.get_case(conn, case_id)
        reach = await reach_of(conn, office, actor)
        reach.check_sees(case)
        shown = await read_case(conn, office, case)
        ground = ground_for(actor, shown.file.definition, reach.row_for(case))
        await record_look(conn, office, actor, case, ground)
        evaluation, evaluation_id = await _evaluation(conn, office, case)
        return shown, reach, ground, evaluation, evaluation_id

    shown, reach, ground, evaluation, evaluation_id = await run(database, actor.towns, read)
    letter, tasks = await run(
        database, actor.towns, lambda conn: _letter_and_tasks(conn, shown.case)
    )
    differences = None
    if shown.case.state in (S.RECEIVED, S.FORM_CHECK, S.EXAMINATION, S.APPROVAL):
        definition = shown.file.definition
        known = await ask_register(house, definition, actor, shown.case.person_id, ground)
        differences = compare(definition, shown.raw, known) if known else None
    return _opened(
        office, actor, reach, shown, differences, evaluation, evaluation_id, letter, tasks
    )


async def _letter_and_tasks(conn: Conn, case: CaseFile) -> tuple[Letter | None, list[TaskDone]]:
    return await outcomes.find_letter(conn, case.id), await cases.list_tasks(conn, case.id)


async def _evaluation(
    conn: Conn, office: Office, case: CaseFile
) -> tuple[Evaluation | None, UUID | None]:
    """While it is examined: computed now. From the decision on: as it was stored."""
    if case.state in (S.RECEIVED, S.FORM_CHECK, S.EXAMINATION):
        return await actions.evaluate_case(conn, office, case), None
    evaluation_id = await outcomes.find_latest_evaluation(conn, case.id)
    if evaluation_id is None:
        return None, None
    _, evaluation = await actions.get_evaluation(conn, office, case, evaluation_id)
    return evaluation, evaluation_id


def _opened(
    office: Office,
    actor: Actor,
    reach: Reach,
    shown: Shown,
    differences: list[Difference] | None,
    evaluation: Evaluation | None,
    evaluation_id: UUID | None,
    letter: Letter | None,
    tasks: list[TaskDone],
) -> Opened:
    definition = shown.file.definition
    table = transitions_for(has_decision=definition.kind.has_decision)
    possible = possible_acts(table, shown.case.state)
    actor_class = acts.class_of(actor)
    right = may_decide(office, shown.case, actor).allowed
    mine = frozenset(
        act
        for act in possible
        if acts.may(actor_class, act, decides_here=right) and reach.covers(shown.case, act)
    )
    steps = possible & {Act.START_CHECK, Act.HAND_OVER, Act.CONCLUDE, Act.DECIDE}
    waits_for = {c for act in steps - mine for c in acts.who_may(act)}
    dates = {"arrival": actions.day_of(shown.case.arrived_at)}
    task_id = TASK_OF.get(shown.case.state, "")
    return Opened(
        shown=shown,
        groups={
            p.id: group_fields(definition, p, shown.raw, {}, dates, office.library.calendar)
            for p in definition.pages
        },
        typed=show_answers(definition, shown.raw),
        differences=differences,
        evaluation=evaluation,
        evaluation_id=evaluation_id,
        task=actions.find_task(definition, task_id),
        tasks=tasks,
        letter=letter,
        may=mine,
        waits_for=tuple(c for c in ActorClass if c in waits_for),
    )
