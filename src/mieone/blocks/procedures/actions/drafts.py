"""From the first answer to the 受付番号."""

from datetime import date, timedelta
from uuid import UUID, uuid4

from mieone.blocks.procedures.model import (
    Act,
    CaseFile,
    CaseId,
    CaseState,
    Draft,
    ProcedureId,
)
from mieone.blocks.procedures.problems import AnswersIncomplete, DraftNotFound
from mieone.blocks.procedures.rules import answers
from mieone.blocks.procedures.rules.functions import fy_end
from mieone.blocks.procedures.rules.library import DefinitionFile
from mieone.blocks.procedures.store import cases, drafts
from mieone.core import chain
from mieone.core.database import Conn
from mieone.core.ids import uuid7
from mieone.core.model import Actor, TownCode, system_actor

from .cases import append
from .office import Office
from .sealing import (
    Answers,
    DraftContent,
    encode_answers,
    make_vault,
    open_draft_content,
    open_vault,
    seal_draft,
)

DRAFT_LIFETIME = timedelta(days=60)


async def open_draft(
    conn: Conn, office: Office, person_id: UUID, procedure: ProcedureId, town: TownCode
) -> Draft:
    """The draft that is already there, or a new one."""
    now = office.now()
    known = await drafts.find_open_draft(conn, person_id, procedure, now)
    if known is not None:
        return known
    file = office.library.definition_on(procedure, office.today())
    draft_id = uuid7()
    draft = Draft(
        id=draft_id,
        town=town,
        person_id=person_id,
        procedure=procedure,
        definition_hash=file.sha256,
        sealed=seal_draft(office.keyring, draft_id, DraftContent()),
        submit_token=uuid4(),
        saved_at=now,
        case_id=None,
    )
    if await drafts.record_draft(conn, draft, now + DRAFT_LIFETIME):
        return draft
    found = await drafts.find_open_draft(conn, person_id, procedure, now)
    if found is None:
        raise DraftNotFound
    return found


def read_draft(office: Office, draft: Draft) -> DraftContent:
    return open_draft_content(office.keyring, draft.id, draft.sealed)


async def save_draft(
    conn: Conn,
    office: Office,
    draft: Draft,
    raw: Answers,
    town: TownCode | None = None,
    known: dict[str, str] | None = None,
) -> None:
    """Every page is kept as typed, right or wrong; 個人番号 alone is not."""
    now = office.now()
    copied = read_draft(office, draft).known if known is None else known
    content = DraftContent(answers=_without_my_number(raw), known=copied)
    sealed = seal_draft(office.keyring, draft.id, content)
    saved = await drafts.save_draft(
        conn, draft.id, draft.person_id, sealed, town or draft.town, now, now + DRAFT_LIFETIME
    )
    if not saved:
        raise DraftNotFound


def _without_my_number(raw: Answers) -> Answers:
    def kept(text: str) -> str:
        return "" if answers.looks_like_my_number(text) else text

    return {
        key: kept(value)
        if isinstance(value, str)
        else [{name: kept(text) for name, text in row.items()} for row in value]
        for key, value in raw.items()
    }


async def submit(conn: Conn, office: Office, actor: Actor, token: UUID) -> CaseFile:
    """申請の到達. The same token gives the same 受付番号, however often it is sent."""
    draft = await drafts.lock_draft_by_token(conn, token, UUID(actor.id))
    if draft is None:
        raise DraftNotFound
    if draft.case_id is not None:
        return await cases.get_case(conn, draft.case_id)
    today = office.today()
    # The law of the day of arrival holds, whenever the form was begun.
    file = office.library.definition_on(draft.procedure, today)
    raw = read_draft(office, draft).answers
    calendar = office.library.calendar
    reading = answers.check_pages(file.definition, raw, {"arrival": today}, calendar)
    if reading.problems:
        raise AnswersIncomplete
    kept = answers.drop_hidden(file.definition, raw, {"arrival": today}, calendar)
    case = await _record_arrival(conn, office, draft, file, _event_on(kept), kept)
    case = await _record_first_events(conn, office, actor, case)
    await drafts.close_draft(conn, draft.id, case.id)
    return case


def _event_on(kept: Answers) -> date | None:
    typed = kept.get("event_date", "")
    return date.fromisoformat(typed) if isinstance(typed, str) and typed else None


async def _record_arrival(
    conn: Conn,
    office: Office,
    draft: Draft,
    file: DefinitionFile,
    event_on: date | None,
    kept: Answers,
) -> CaseFile:
    now, today = office.now(), office.today()
    body = office.library.authorities.resolve(draft.procedure, draft.town, today)
    year = fy_end(today).year - 1
    number = await cases.next_number(conn, draft.town, "case", year)
    case = CaseFile(
        id=CaseId(uuid7()),
        number=f"{draft.town[2:5]}-{year % 100:02d}-{number:05d}",
        procedure=draft.procedure,
        definition_hash=file.sha256,
        town=draft.town,
        person_id=draft.person_id,
        authority=body.id,
        arrived_at=now,
        event_on=event_on,
        state=CaseState.SUBMITTED,
        due_on=None,
        event_count=1,
        changed_at=now,
    )
    valid_from = date.fromisoformat(file.definition.valid_from)
    await cases.record_definition(conn, file.sha256, draft.procedure, valid_from, file.text, now)
    await cases.record_case(conn, case, draft.submit_token)
    vault = await make_vault(conn, office.keyring, case)
    sealed = vault.seal(encode_answers(kept), "answers/1")
    await cases.record_answers(conn, case, 1, sealed, now)
    return case


async def _record_first_events(
    conn: Conn, office: Office, actor: Actor, case: CaseFile
) -> CaseFile:
    """到達 by the applicant, 受付 by the system at the same moment: nothing waits for a counter."""
    submitted = {
        "town": case.town,
        "case_id": case.id,
        "seq": 1,
        "at": case.arrived_at,
        "act": Act.SUBMIT.value,
        "actor_class": "applicant",
        "actor_id": actor.id,
        "organisation": actor.organisation,
        "note": None,
    }
    await chain.append(conn, office.keyring, cases.CHAIN, submitted)
    vault = await open_vault(conn, office.keyring, case)
    robot = system_actor("procedures.reception", frozenset({case.town}))
    return await append(conn, office, vault, case, robot, Act.RECEIVE)
