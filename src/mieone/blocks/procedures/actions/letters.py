"""通知: made outside every transaction, kept sealed, dispatched only when it may leave the house."""

import asyncio
import hashlib
from uuid import UUID

import msgspec

from mieone.blocks.procedures.letters.content import LetterCase, LetterContent, compose
from mieone.blocks.procedures.letters.typesetting import substituted, typeset
from mieone.blocks.procedures.model import Act, ActorClass, CaseFile, CaseState, Decision, Letter
from mieone.blocks.procedures.problems import (
    ActNotPossible,
    CaseNotFound,
    LetterNotFound,
    SpecimenStaysHere,
)
from mieone.blocks.procedures.rules import acts
from mieone.blocks.procedures.rules.functions import fy_end
from mieone.blocks.procedures.store import cases, outcomes
from mieone.core.database import Conn, Database
from mieone.core.edge import run
from mieone.core.ids import uuid7
from mieone.core.model import Actor, system_actor
from mieone.core.ports import Note, Notify
from mieone.core.settings import Profile

from .cases import append, get_answers, lock_for
from .decisions import get_decision, get_evaluation
from .office import Office, day_of
from .sealing import Answers, open_vault


class Written(msgspec.Struct, frozen=True):
    """What the first transaction leaves for the typesetter."""

    content: LetterContent
    document_number: int


async def prepare_notice(
    database: Database, office: Office, actor: Actor, case_id: UUID, *, plain_names: bool = False
) -> Letter:
    """Compose in one transaction, set in type outside, keep in a second one."""
    written = await run(
        database, actor.towns, lambda conn: _write(conn, office, actor, case_id, plain_names)
    )
    pdf = await asyncio.to_thread(typeset, written.content)
    return await run(
        database, actor.towns, lambda conn: _keep(conn, office, actor, case_id, written, pdf)
    )


async def preview(
    database: Database, office: Office, actor: Actor, case_id: UUID, decision: Decision
) -> bytes:
    """The sheet as it would be, before anything is decided; no number is used up."""

    async def compose_only(conn: Conn) -> LetterContent:
        case = await cases.get_case(conn, case_id)
        if case.town not in actor.towns:
            raise CaseNotFound
        return await _compose(conn, office, case, decision, 0, plain_names=False)

    content = await run(database, actor.towns, compose_only)
    return await asyncio.to_thread(typeset, content)


async def _write(
    conn: Conn, office: Office, actor: Actor, case_id: UUID, plain_names: bool
) -> Written:
    case = await lock_for(conn, actor, case_id)
    acts.check_may(acts.class_of(actor), Act.PREPARE_NOTICE)
    decision = await get_decision(conn, office, case)
    if decision is None or case.state is not CaseState.DECIDED:
        raise ActNotPossible(act=Act.PREPARE_NOTICE, state=case.state)
    year = fy_end(day_of(decision.decided_at)).year - 1
    number = await cases.next_number(conn, case.town, "document", year)
    content = await _compose(conn, office, case, decision, number, plain_names=plain_names)
    return Written(content=content, document_number=number)


async def _compose(
    conn: Conn,
    office: Office,
    case: CaseFile,
    decision: Decision,
    number: int,
    *,
    plain_names: bool,
) -> LetterContent:
    file = await office.definition_of(conn, case)
    _, raw = await get_answers(conn, office, case)
    _, evaluation = await get_evaluation(conn, office, case, decision.evaluation_id)
    town = next(town for town in office.region.towns if town.code == case.town)
    letter_case = LetterCase(
        number=case.number,
        town=case.town,
        town_name=town.name.ja,
        received_on=day_of(case.arrived_at),
        decided_on=day_of(decision.decided_at),
        applicant_name=_text(raw, "applicant_name"),
        applicant_address=_text(raw, "applicant_address"),
        applicant_postal_code=_text(raw, "applicant_postal_code"),
        outcome=decision.outcome,
        reasons=decision.reasons,
        document_number=number,
    )
    content = compose(office.library, file, evaluation, letter_case)
    return _in_plain_names(office, content) if plain_names else content


def _in_plain_names(office: Office, content: LetterContent) -> LetterContent:
    """Substitute characters, chosen by a person because the font lacks the registered ones."""
    table = {row.original: row.substitute for row in office.region.characters}
    children = tuple(
        msgspec.structs.replace(child, name=substituted(child.name, table))
        for child in content.children
    )
    return msgspec.structs.replace(
        content,
        addressee=substituted(content.addressee, table),
        address=substituted(content.address, table),
        children=children,
    )


def _text(raw: Answers, key: str) -> str:
    found = raw.get(key, "")
    return found if isinstance(found, str) else ""


async def _keep(
    conn: Conn, office: Office, actor: Actor, case_id: UUID, written: Written, pdf: bytes
) -> Letter:
    case = await lock_for(conn, actor, case_id)
    decision = await get_decision(conn, office, case)
    if decision is None:
        raise LetterNotFound
    vault = await open_vault(conn, office.keyring, case)
    await append(conn, office, vault, case, actor, Act.PREPARE_NOTICE)
    letter = Letter(
        id=uuid7(),
        document_number=written.document_number,
        digest=hashlib.sha256(pdf).digest(),
        is_specimen=written.content.is_specimen,
        unverified=written.content.unverified,
        made_at=office.now(),
    )
    await outcomes.record_letter(
        conn, case, letter, decision.id, vault.seal(pdf, "letter"), actor.id
    )
    return letter


async def dispatch(
    conn: Conn, office: Office, notify: Notify, actor: Actor, case_id: UUID
) -> CaseFile:
    """発送. A specimen never leaves the house outside the demonstration."""
    case = await lock_for(conn, actor, case_id)
    letter = await outcomes.find_letter(conn, case.id)
    if letter is None:
        raise LetterNotFound
    if letter.is_specimen and office.profile is not Profile.DEMO:
        raise SpecimenStaysHere(unverified=", ".join(letter.unverified))
    vault = await open_vault(conn, office.keyring, case)
    after = await append(conn, office, vault, case, actor, Act.DISPATCH)
    note = Note(
        key=f"procedures.letter:{letter.id}",
        person_id=case.person_id,
        message="procedures.notes.letter",
        values={"number": case.number},
        link=f"/cases/{case.id}/letter.pdf",
    )
    await notify.send(conn, note)
    return after


async def open_letter(conn: Conn, office: Office, actor: Actor, case_id: UUID) -> bytes:
    """The PDF. When the addressee opens it first, it is delivered and the time to appeal begins."""
    case = await cases.lock_case(conn, case_id)
    is_own = acts.class_of(actor) is ActorClass.APPLICANT
    # A resident's actor names the town they live in; that opens no neighbour's letter.
    if actor.id != str(case.person_id) if is_own else case.town not in actor.towns:
        raise CaseNotFound
    sealed, _ = await outcomes.get_letter_pdf(conn, case_id)
    if is_own and case.state in (CaseState.DECIDED, CaseState.NOTICE_PREPARED):
        raise LetterNotFound
    vault = await open_vault(conn, office.keyring, case)
    if is_own and case.state is CaseState.DISPATCHED:
        robot = system_actor("procedures.portal", frozenset({case.town}))
        await append(conn, office, vault, case, robot, Act.DELIVER)
    return vault.open(sealed, "letter")
