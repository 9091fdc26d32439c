"""Statements on cases, one function each. Whatever people wrote is sealed before it gets here."""

from collections.abc import Collection
from datetime import date, datetime
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
    ProcedureId,
    TaskDone,
)
from mieone.blocks.procedures.problems import CaseNotFound
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
    scopes: Collection[str],
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
        sorted(scopes),
    )
    return [_case(row) for row in rows]


async def count_queue(
    conn: Conn, towns: Collection[TownCode], scopes: Collection[str]
) -> dict[CaseState, int]:
    rows = await conn.fetch(QUERIES["count_queue"], sorted(towns), sorted(scopes))
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
