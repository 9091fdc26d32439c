"""Steps of a case: every act is checked, appended and folded in one transaction."""

from datetime import date
from uuid import UUID

from mieone.blocks.procedures.model import (
    Act,
    ActorClass,
    CaseEvent,
    CaseFile,
    CaseState,
    TaskDone,
)
from mieone.blocks.procedures.problems import AnswersIncomplete, CaseNotFound, ReasonsMissing
from mieone.blocks.procedures.rules import acts, answers, case_states, clocks
from mieone.blocks.procedures.rules.definition import Definition, Task
from mieone.blocks.procedures.rules.library import DefinitionFile
from mieone.blocks.procedures.store import cases
from mieone.core import chain
from mieone.core.database import Conn
from mieone.core.model import Actor
from mieone.core.outbox import Event, publish

from .office import Office, day_of
from .sealing import Answers, CaseVault, decode_answers, encode_answers, open_vault

NEEDS_NOTE = frozenset({Act.ASK_CORRECTION, Act.RETURN, Act.ASK_INQUIRY})
"""Acts that somebody else has to understand: they are not done without words."""


async def record_act(
    conn: Conn,
    office: Office,
    actor: Actor,
    case_id: UUID,
    act: Act,
    note: str = "",
    checked: tuple[str, ...] = (),
) -> CaseFile:
    """One step by staff. Raises when the act does not fit the state or the actor."""
    case = await lock_for(conn, actor, case_id)
    if act in NEEDS_NOTE and not note.strip():
        raise ReasonsMissing
    vault = await open_vault(conn, office.keyring, case)
    after = await append(conn, office, vault, case, actor, act, note=note)
    await record_work(conn, office, case, actor, act, checked)
    return after


async def lock_for(conn: Conn, actor: Actor, case_id: UUID) -> CaseFile:
    """The case, locked, if it belongs to a town this actor may see."""
    case = await cases.lock_case(conn, case_id)
    if case.town not in actor.towns:
        raise CaseNotFound
    return case


async def append(
    conn: Conn,
    office: Office,
    vault: CaseVault,
    case: CaseFile,
    actor: Actor,
    act: Act,
    *,
    note: str = "",
    decides_here: bool = False,
) -> CaseFile:
    """Add one event to a locked case and keep its state and clock beside it."""
    actor_class = acts.class_of(actor)
    acts.check_may(actor_class, act, decides_here=decides_here)
    file = await office.definition_of(conn, case)
    table = case_states.transitions_for(has_decision=file.definition.kind.has_decision)
    state = case_states.next_state(table, case.state, act)
    now = office.now()
    seq = case.event_count + 1
    values = {
        "town": case.town,
        "case_id": case.id,
        "seq": seq,
        "at": now,
        "act": act.value,
        "actor_class": actor_class.value,
        "actor_id": actor.id,
        "organisation": actor.organisation,
        "note": vault.seal(note.encode(), f"note/{seq}") if note else None,
    }
    await chain.append(conn, office.keyring, cases.CHAIN, values)
    events = [event for event, _ in await cases.list_events(conn, case.id)]
    due_on = _due_on(office, file, case, events)
    await cases.change_case(conn, case.id, state, seq, due_on, now)
    await _publish(conn, case, act, state)
    return await cases.get_case(conn, case.id)


def read_clocks(
    office: Office, file: DefinitionFile, case: CaseFile, events: list[CaseEvent]
) -> dict[str, clocks.Reading]:
    """Every clock of the case that runs or has run, as of today."""
    happenings = [clocks.Happening(day_of(e.at), e.seq, e.act.value) for e in events]
    if case.event_on:
        happenings.append(clocks.Happening(case.event_on, 0, "event"))
    arrived = day_of(case.arrived_at)
    readings = {}
    for rule in office.library.clocks_for(file, case.town, arrived):
        found = clocks.read_clock(rule, happenings, office.library.calendar, office.today())
        if found is not None:
            readings[rule.id] = found
    return readings


def _due_on(
    office: Office, file: DefinitionFile, case: CaseFile, events: list[CaseEvent]
) -> date | None:
    period = file.definition.standard_period
    reading = read_clocks(office, file, case, events).get(period.clock if period else "")
    return reading.due_on if reading and reading.stopped_on is None else None


async def _publish(conn: Conn, case: CaseFile, act: Act, state: CaseState) -> None:
    names = {
        Act.RECEIVE: "procedures.received",
        Act.ASK_CORRECTION: "procedures.correction_asked",
        Act.DECIDE: "procedures.decided",
        Act.DISPATCH: "procedures.dispatched",
        Act.WITHDRAW: "procedures.withdrawn",
    }
    if act in names:
        payload = {
            "case_id": str(case.id),
            "procedure": case.procedure,
            "town": case.town,
            "state": state.value,
        }
        await publish(conn, Event(name=names[act], key=str(case.id), payload=payload))


async def record_work(
    conn: Conn, office: Office, case: CaseFile, actor: Actor, act: Act, checked: tuple[str, ...]
) -> None:
    """A step that ends a task is work done; what was ticked stays on record."""
    task_of = {Act.HAND_OVER: "form_check", Act.CONCLUDE: "examination", Act.DECIDE: "decision"}
    if act not in task_of:
        return
    file = await office.definition_of(conn, case)
    task = find_task(file.definition, task_of[act])
    done = TaskDone(
        task=task_of[act],
        actor_class=acts.class_of(actor),
        actor_id=actor.id,
        is_core=task.core if task else True,
        started_at=case.changed_at,
        stopped_at=office.now(),
        checked=checked,
    )
    await cases.record_task(conn, case, done)


def find_task(definition: Definition, task_id: str) -> Task | None:
    tasks = (task for stage in definition.stages for task in stage.tasks)
    return next((task for task in tasks if task.id == task_id), None)


async def get_answers(conn: Conn, office: Office, case: CaseFile) -> tuple[int, Answers]:
    """The answers as last corrected, with their version."""
    vault = await open_vault(conn, office.keyring, case)
    found = await cases.find_answers(conn, case.id)
    if found is None:
        raise CaseNotFound
    version, sealed = found
    return version, decode_answers(vault.open(sealed, f"answers/{version}"))


async def list_events(conn: Conn, office: Office, case: CaseFile) -> list[CaseEvent]:
    """The history with the words that belong to it."""
    vault = await open_vault(conn, office.keyring, case)
    found = []
    for event, sealed in await cases.list_events(conn, case.id):
        note = vault.open(sealed, f"note/{event.seq}").decode() if sealed else ""
        found.append(_with_note(event, note))
    return found


def _with_note(event: CaseEvent, note: str) -> CaseEvent:
    return CaseEvent(
        seq=event.seq,
        at=event.at,
        act=event.act,
        actor_class=event.actor_class,
        actor_id=event.actor_id,
        organisation=event.organisation,
        note=note,
    )


async def answer_correction(
    conn: Conn, office: Office, actor: Actor, case_id: UUID, raw: Answers, note: str = ""
) -> CaseFile:
    """補正: the corrected answers are added; what was first sent stays."""
    case = await cases.lock_case(conn, case_id)
    _check_own(case, actor)
    file = await office.definition_of(conn, case)
    dates = {"arrival": day_of(case.arrived_at)}
    calendar = office.library.calendar
    if answers.check_pages(file.definition, raw, dates, calendar).problems:
        raise AnswersIncomplete
    vault = await open_vault(conn, office.keyring, case)
    version = (await get_answers(conn, office, case))[0] + 1
    kept = answers.drop_hidden(file.definition, raw, dates, calendar)
    sealed = vault.seal(encode_answers(kept), f"answers/{version}")
    await cases.record_answers(conn, case, version, sealed, office.now())
    return await append(conn, office, vault, case, actor, Act.CORRECT, note=note)


async def withdraw(
    conn: Conn, office: Office, actor: Actor, case_id: UUID, note: str = ""
) -> CaseFile:
    """取下げ, by the applicant's own will."""
    case = await cases.lock_case(conn, case_id)
    _check_own(case, actor)
    vault = await open_vault(conn, office.keyring, case)
    return await append(conn, office, vault, case, actor, Act.WITHDRAW, note=note)


def _check_own(case: CaseFile, actor: Actor) -> None:
    if acts.class_of(actor) is not ActorClass.APPLICANT or actor.id != str(case.person_id):
        raise CaseNotFound
