"""Statements on drafts: what somebody has begun to fill in."""

from datetime import datetime
from uuid import UUID

import asyncpg

from mieone.blocks.procedures.model import CaseId, Draft, ProcedureId
from mieone.core.database import Conn
from mieone.core.model import TownCode

from .cases import QUERIES


def _draft(row: asyncpg.Record) -> Draft:
    return Draft(
        id=row["draft_id"],
        town=row["town"],
        person_id=row["person_id"],
        procedure=row["procedure"],
        definition_hash=row["definition_hash"],
        sealed=row["answers"],
        submit_token=row["submit_token"],
        saved_at=row["saved_at"],
        case_id=row["case_id"],
    )


async def find_draft(conn: Conn, draft_id: UUID, person_id: UUID) -> Draft | None:
    row = await conn.fetchrow(QUERIES["find_draft"], draft_id, person_id)
    return None if row is None else _draft(row)


async def find_open_draft(
    conn: Conn, person_id: UUID, procedure: ProcedureId, now: datetime
) -> Draft | None:
    row = await conn.fetchrow(QUERIES["find_open_draft"], person_id, procedure, now)
    return None if row is None else _draft(row)


async def list_open_drafts(conn: Conn, person_id: UUID, now: datetime) -> list[Draft]:
    rows = await conn.fetch(QUERIES["list_open_drafts"], person_id, now)
    return [_draft(row) for row in rows]


async def record_draft(conn: Conn, draft: Draft, expires_at: datetime) -> bool:
    """False when another device opened the form first."""
    found = await conn.fetchval(
        QUERIES["record_draft"],
        draft.id,
        draft.town,
        draft.person_id,
        draft.procedure,
        draft.definition_hash,
        draft.sealed,
        draft.submit_token,
        draft.saved_at,
        expires_at,
    )
    return found is not None


async def lock_draft_by_token(conn: Conn, token: UUID, person_id: UUID) -> Draft | None:
    """Held until the transaction ends: one token makes one case."""
    row = await conn.fetchrow(QUERIES["lock_draft_by_token"], token, person_id)
    return None if row is None else _draft(row)


async def save_draft(
    conn: Conn,
    draft_id: UUID,
    person_id: UUID,
    sealed: bytes,
    town: TownCode,
    now: datetime,
    expires_at: datetime,
) -> bool:
    found = await conn.fetchval(
        QUERIES["save_draft"], draft_id, person_id, sealed, town, now, expires_at
    )
    return found is not None


async def close_draft(conn: Conn, draft_id: UUID, case_id: CaseId) -> None:
    await conn.execute(QUERIES["close_draft"], draft_id, case_id)


async def delete_draft(conn: Conn, draft_id: UUID, person_id: UUID) -> None:
    await conn.execute(QUERIES["delete_draft"], draft_id, person_id)


async def delete_drafts_of(conn: Conn, person_id: UUID) -> None:
    await conn.execute(QUERIES["delete_drafts_of"], person_id)


async def delete_expired_drafts(conn: Conn, now: datetime) -> int:
    status = await conn.execute(QUERIES["delete_expired_drafts"], now)
    return int(status.rsplit(" ", 1)[1])
