"""Statements on cases, one function each. Whatever people wrote is sealed before it gets here."""

from collections.abc import Collection
from datetime import date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import asyncpg

from mieone.blocks.procedures.model import (
    Act,
    ActorClass,
    CaseEvent,
    CaseFile,
    CaseId,
    CaseState,
    Decision,
    Letter,
    Offer,
    Outcome,
    ProcedureId,
    TaskDone,
)
from mieone.blocks.procedures.problems import CaseNotFound, LetterNotFound
from mieone.core.chain import Chain
from mieone.core.database import Conn
from mieone.core.ids import uuid7
from mieone.core.model import TownCode
from mieone.core.queries import load_queries

QUERIES = load_queries(Path(__file__).parent.parent / "queries.sql")
CHAIN = Chain(
    name="procedures",
    table="procedures.case_event",
    columns=(
        "town",
        "case_id",
        "seq",
        "at",
        "act",
        "actor_class",
        "actor_id",
        "organisation",
        "note",
    ),
)


def _case(row: asyncpg.Record) -> CaseFile:
    return CaseFile(
        id=CaseId(row["case_id"]),
        number=row["number"],
        procedure=row["procedure"],
        definition_hash=row["definition_hash"],
        town=row["town"],
        person_id=row["person_id"],
        authority=row["authority"],
        arrived_at=row["arrived_at"],
        event_on=row["event_on"],
        state=CaseState(row["state"]),
        due_on=row["due_on"],
        event_count=row["event_count"],
        changed_at=row["changed_at"],
    )


async def record_case(conn: Conn, case: CaseFile, submit_token: UUID) -> None:
    await conn.execute(
        QUERIES["record_case"],
        case.id,
        case.town,
        case.number,
        case.procedure,
        case.definition_hash,
        case.person_id,
        case.authority,
        submit_token,
        case.arrived_at,
        case.event_on,
        case.state,
        case.due_on,
        case.event_count,
    )


async def get_case(conn: Conn, case_id: UUID) -> CaseFile:
    """Not there and not yours look the same. Raises CaseNotFound."""
    row = await conn.fetchrow(QUERIES["find_case"], case_id)
    if row is None:
        raise CaseNotFound
    return _case(row)


async def lock_case(conn: Conn, case_id: UUID) -> CaseFile:
    """Held until the transaction ends: two people cannot take the same step twice."""
    row = await conn.fetchrow(QUERIES["lock_case"], case_id)
    if row is None:
        raise CaseNotFound
    return _case(row)


async def list_cases_of(conn: Conn, person_id: UUID) -> list[CaseFile]:
    return [_case(row) for row in await conn.fetch(QUERIES["list_cases_of"], person_id)]


async def list_queue(
    conn: Conn,
    towns: Collection[TownCode],
    states: Collection[CaseState],
    after: CaseFile | None = None,
    limit: int = 50,
) -> list[CaseFile]:
    rows = await conn.fetch(
        QUERIES["list_queue"],
        sorted(towns),
        sorted(states),
        (after.due_on or date.max) if after else None,
        after.arrived_at if after else None,
        after.id if after else None,
        limit,
    )
    return [_case(row) for row in rows]


async def count_queue(conn: Conn, towns: Collection[TownCode]) -> dict[CaseState, int]:
    rows = await conn.fetch(QUERIES["count_queue"], sorted(towns))
    return {CaseState(row["state"]): row["cases"] for row in rows}


async def change_case(
    conn: Conn, case_id: CaseId, state: CaseState, count: int, due_on: date | None, now: datetime
) -> None:
    await conn.execute(QUERIES["change_case"], case_id, state, count, due_on, now)


async def next_number(conn: Conn, town: TownCode, series: str, year: int) -> int:
    number = await conn.fetchval(QUERIES["next_number"], town, series, year)
    return int(number)


async def record_definition(
    conn: Conn, sha256: str, procedure: ProcedureId, valid_from: date, body: str, now: datetime
) -> None:
    await conn.execute(QUERIES["record_definition"], sha256, procedure, valid_from, body, now)


async def find_definition(conn: Conn, sha256: str) -> str | None:
    found = await conn.fetchval(QUERIES["find_definition"], sha256)
    return None if found is None else str(found)


async def record_case_key(conn: Conn, case: CaseFile, sealed: bytes) -> None:
    await conn.execute(QUERIES["record_case_key"], case.id, case.town, sealed)


async def find_case_key(conn: Conn, case_id: CaseId) -> bytes | None:
    found = await conn.fetchval(QUERIES["find_case_key"], case_id)
    return None if found is None else bytes(found)


async def record_answers(
    conn: Conn, case: CaseFile, version: int, sealed: bytes, now: datetime
) -> None:
    await conn.execute(QUERIES["record_answers"], case.id, version, case.town, sealed, now)


async def find_answers(conn: Conn, case_id: CaseId) -> tuple[int, bytes] | None:
    row = await conn.fetchrow(QUERIES["find_answers"], case_id)
    return None if row is None else (row["version"], row["sealed"])


async def list_events(conn: Conn, case_id: CaseId) -> list[tuple[CaseEvent, bytes | None]]:
    """Events in order, each with its sealed note."""
    rows = await conn.fetch(QUERIES["list_events"], case_id)
    return [
        (
            CaseEvent(
                seq=row["seq"],
                at=row["at"],
                act=Act(row["act"]),
                actor_class=ActorClass(row["actor_class"]),
                actor_id=row["actor_id"],
                organisation=row["organisation"],
            ),
            row["note"],
        )
        for row in rows
    ]


async def record_task(conn: Conn, case: CaseFile, task: TaskDone) -> None:
    await conn.execute(
        QUERIES["record_task"],
        uuid7(),
        case.town,
        case.id,
        task.task,
        task.actor_class,
        task.actor_id,
        task.is_core,
        task.started_at,
        task.stopped_at,
        list(task.checked),
    )


async def list_tasks(conn: Conn, case_id: CaseId) -> list[TaskDone]:
    return [
        TaskDone(
            task=row["task"],
            actor_class=ActorClass(row["actor_class"]),
            actor_id=row["actor_id"],
            is_core=row["is_core"],
            started_at=row["started_at"],
            stopped_at=row["stopped_at"],
            checked=tuple(row["checked"]),
        )
        for row in await conn.fetch(QUERIES["list_tasks"], case_id)
    ]


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


async def record_offer(
    conn: Conn, town: TownCode, person_id: UUID, procedure: ProcedureId, on: date, now: datetime
) -> None:
    await conn.execute(QUERIES["record_offer"], town, person_id, procedure, on, now)


async def list_offers(conn: Conn, person_id: UUID, since: date) -> list[Offer]:
    rows = await conn.fetch(QUERIES["list_offers"], person_id, since)
    return [
        Offer(town=row["town"], procedure=row["procedure"], event_on=row["event_on"])
        for row in rows
    ]


async def list_histories(conn: Conn) -> list[tuple[str, CaseState, int, list[Act]]]:
    """For the verifier: every case with its state on file and its acts in order."""
    return [
        (row["number"], CaseState(row["state"]), row["event_count"], [Act(a) for a in row["acts"]])
        for row in await conn.fetch(QUERIES["find_state_faults"])
    ]


async def record_sights(
    conn: Conn, actor_id: str, case_ids: Collection[UUID], on: date
) -> set[UUID]:
    """The cases this actor sees for the first time today."""
    rows = await conn.fetch(QUERIES["record_sights"], actor_id, list(case_ids), on)
    return {UUID(str(row["case_id"])) for row in rows}


async def find_latest_evaluation(conn: Conn, case_id: CaseId) -> UUID | None:
    found = await conn.fetchval(QUERIES["find_latest_evaluation"], case_id)
    return None if found is None else UUID(str(found))


async def record_watch(conn: Conn, person_id: UUID, town: TownCode, now: datetime) -> None:
    await conn.execute(QUERIES["record_watch"], person_id, town, now)


async def claim_watches(conn: Conn, now: datetime, again: timedelta) -> list[tuple[UUID, TownCode]]:
    """Whose household is due for a look; each is claimed by one worker."""
    rows = await conn.fetch(QUERIES["claim_watches"], now, again)
    return [(UUID(str(row["person_id"])), TownCode(row["town"])) for row in rows]


async def delete_offers_of(conn: Conn, person_id: UUID) -> None:
    await conn.execute(QUERIES["delete_offers_of"], person_id)


async def find_watched_town(conn: Conn, person_id: UUID) -> TownCode | None:
    """The town whose register the person was linked to, if any."""
    found = await conn.fetchval(QUERIES["find_watched_town"], person_id)
    return None if found is None else TownCode(found)
