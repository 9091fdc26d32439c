"""Statements on what came out of a case: evaluations, decisions, letters, entitlements."""

from datetime import datetime
from uuid import UUID

from mieone.blocks.procedures.model import (
    ActorClass,
    CaseFile,
    CaseId,
    Decision,
    Letter,
    Outcome,
)
from mieone.blocks.procedures.problems import LetterNotFound
from mieone.core.database import Conn
from mieone.core.ids import uuid7

from .cases import QUERIES


async def record_evaluation(
    conn: Conn,
    case: CaseFile,
    evaluation_id: UUID,
    version: int,
    ruleset_hash: str,
    digest: bytes,
    sealed: bytes,
    now: datetime,
) -> None:
    await conn.execute(
        QUERIES["record_evaluation"],
        evaluation_id,
        case.town,
        case.id,
        version,
        ruleset_hash,
        digest,
        sealed,
        now,
    )


async def find_evaluation(
    conn: Conn, case_id: CaseId, evaluation_id: UUID
) -> tuple[int, bytes] | None:
    row = await conn.fetchrow(QUERIES["find_evaluation"], evaluation_id, case_id)
    return None if row is None else (row["answers_version"], row["sealed"])


async def find_latest_evaluation(conn: Conn, case_id: CaseId) -> UUID | None:
    found = await conn.fetchval(QUERIES["find_latest_evaluation"], case_id)
    return None if found is None else UUID(str(found))


async def record_decision(
    conn: Conn, case: CaseFile, decision: Decision, sealed_reasons: bytes
) -> None:
    await conn.execute(
        QUERIES["record_decision"],
        decision.id,
        case.town,
        case.id,
        decision.evaluation_id,
        decision.outcome,
        decision.authority,
        decision.delegation,
        decision.actor_class,
        decision.decided_by,
        list(decision.law_refs),
        sealed_reasons,
        decision.decided_at,
    )


async def find_decision(conn: Conn, case_id: CaseId) -> tuple[Decision, bytes] | None:
    """The decision, its reasons still sealed."""
    row = await conn.fetchrow(QUERIES["find_decision"], case_id)
    if row is None:
        return None
    decision = Decision(
        id=row["decision_id"],
        evaluation_id=row["evaluation_id"],
        outcome=Outcome(row["outcome"]),
        authority=row["authority"],
        delegation=row["delegation"],
        actor_class=ActorClass(row["actor_class"]),
        decided_by=row["decided_by"],
        law_refs=tuple(row["law_refs"]),
        reasons=(),
        decided_at=row["decided_at"],
    )
    return decision, row["reasons"]


async def record_letter(
    conn: Conn, case: CaseFile, letter: Letter, decision_id: UUID, pdf: bytes, made_by: str
) -> None:
    await conn.execute(
        QUERIES["record_letter"],
        letter.id,
        case.town,
        case.id,
        decision_id,
        letter.document_number,
        "notice",
        letter.digest,
        pdf,
        letter.is_specimen,
        list(letter.unverified),
        letter.made_at,
        made_by,
    )


async def find_letter(conn: Conn, case_id: CaseId) -> Letter | None:
    row = await conn.fetchrow(QUERIES["find_letter"], case_id)
    if row is None:
        return None
    return Letter(
        id=row["letter_id"],
        document_number=row["document_number"],
        digest=row["digest"],
        is_specimen=row["is_specimen"],
        unverified=tuple(row["unverified"]),
        made_at=row["made_at"],
    )


async def get_letter_pdf(conn: Conn, case_id: UUID) -> tuple[bytes, UUID]:
    """The sealed PDF and whose case it is. Raises LetterNotFound."""
    row = await conn.fetchrow(QUERIES["find_letter_pdf"], case_id)
    if row is None:
        raise LetterNotFound
    return row["pdf"], row["person_id"]


async def record_entitlement(
    conn: Conn, case: CaseFile, decision_id: UUID, sealed: bytes, now: datetime
) -> None:
    await conn.execute(
        QUERIES["record_entitlement"],
        uuid7(),
        case.town,
        case.id,
        case.person_id,
        case.procedure,
        decision_id,
        sealed,
        now,
    )
