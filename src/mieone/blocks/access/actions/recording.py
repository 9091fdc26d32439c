"""What can be done with access records: write them, ask about one."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from mieone.blocks.access import store
from mieone.blocks.access.model import AccessRow, Question, QuestionKind
from mieone.blocks.access.problems import VisitNotFound
from mieone.core import chain
from mieone.core.database import Conn
from mieone.core.house import House
from mieone.core.ids import uuid7
from mieone.core.keys import KeyRing
from mieone.core.outbox import Event, publish
from mieone.core.ports import Note


async def record_many(conn: Conn, keyring: KeyRing, rows: Sequence[AccessRow]) -> list[UUID]:
    """Append rows in the caller's transaction; returns their entry ids in the same order."""
    return await chain.append_many(conn, keyring, store.CHAIN, [_columns(row) for row in rows])


def _columns(row: AccessRow) -> dict[str, object]:
    return {
        "town": row.town,
        "subject_id": row.subject_id,
        "at": row.at,
        "kind": row.kind.value,
        "request_id": row.request_id,
        "actor_kind": row.actor.kind.value,
        "actor_id": row.actor.id,
        "organisation": row.actor.organisation,
        "mandate_id": row.mandate_id,
        "service": row.service,
        "provider": row.provider,
        "dataset": row.dataset,
        "items": list(row.items),
        "purpose": row.purpose,
        "basis": row.basis,
        "basis_ref": row.basis_ref,
        "consent_id": row.consent_id,
        "consent_revision": row.consent_revision,
        "decision": row.decision,
        "permit_id": row.permit_id,
        "outcome": row.outcome,
        "payload_sha256": row.payload_sha256,
        "note": row.note,
        "visible_from": row.visible_from or row.at,
        "visibility_basis": row.visibility_basis,
    }


async def record_alias(conn: Conn, person_id: UUID, subject_id: UUID, at: datetime) -> None:
    """A Mie-ID was linked to a register's row: what was recorded under either is the person's."""
    await store.record_alias(conn, person_id, subject_id, at)


async def open_question(
    conn: Conn,
    keyring: KeyRing,
    person_id: UUID,
    entry_id: UUID,
    kind: QuestionKind,
    words: str,
    now: datetime,
) -> bool:
    """Ask the association about one use; False when the same was asked before."""
    subjects = await store.list_subject_ids(conn, person_id)
    if await store.find_visit(conn, subjects, entry_id, now) is None:
        raise VisitNotFound
    question_id = uuid7()
    sealed = keyring.seal(words.encode(), "access.question", str(question_id))
    is_new = await store.record_question(conn, question_id, person_id, entry_id, kind, sealed, now)
    if is_new:
        await publish(
            conn,
            Event(
                name="access.question_opened",
                key=str(question_id),
                payload={"question_id": str(question_id), "kind": kind.value},
            ),
        )
    return is_new


def open_words(keyring: KeyRing, question: Question) -> str:
    return keyring.open_sealed(
        question.words, "access.question", str(question.question_id)
    ).decode()


async def answer_question(conn: Conn, house: House, question_id: UUID, words: str) -> None:
    """The association's answer reaches the person as a message; a second one changes nothing."""
    asked = await store.record_answer(conn, question_id, house.clock.now())
    if asked is None:
        return
    person_id, entry_id = asked
    note = Note(
        key=f"access.answer:{question_id}",
        person_id=person_id,
        message="access.notes.answer",
        values={"words": words},
        link=f"/my/history/{entry_id}",
    )
    await house.notify.send(conn, note)
