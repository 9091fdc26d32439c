"""Whom to match: one row a person, until it is done."""

from datetime import datetime
from uuid import UUID

import msgspec

from mieone.core.database import Conn

from .statements import QUERIES


class DueMatching(msgspec.Struct, frozen=True, kw_only=True):
    pairwise_id: str
    event_id: UUID
    """The proof that is to be matched; a newer one takes its place."""
    attempts: int


class StuckMatching(msgspec.Struct, frozen=True, kw_only=True):
    pairwise_id: str
    attempts: int
    last_failure: str | None


async def record_due(conn: Conn, pairwise_id: str, event_id: UUID, at: datetime) -> None:
    await conn.execute(QUERIES["record_due"], pairwise_id, event_id, at)


async def lock_next_due(conn: Conn, at: datetime) -> DueMatching | None:
    """The one that waits longest and that no other worker looks at."""
    row = await conn.fetchrow(QUERIES["lock_next_due"], at)
    return None if row is None else msgspec.convert(dict(row), DueMatching)


async def record_due_turn(conn: Conn, pairwise_id: str, attempts: int, next_at: datetime) -> None:
    await conn.execute(QUERIES["record_due_turn"], pairwise_id, attempts, next_at)


async def record_due_failure(conn: Conn, due: DueMatching, kind: str) -> None:
    await conn.execute(QUERIES["record_due_failure"], due.pairwise_id, due.event_id, kind)


async def take_due(conn: Conn, due: DueMatching) -> bool:
    """False when it is somebody else's already, or no longer the newest."""
    found = await conn.fetchval(QUERIES["take_due"], due.pairwise_id, due.event_id)
    return found is not None


async def void_due(conn: Conn, pairwise_id: str) -> None:
    await conn.execute(QUERIES["void_due"], pairwise_id)


async def list_stuck(conn: Conn, attempts: int) -> list[StuckMatching]:
    """Those that were tried at least so often."""
    rows = await conn.fetch(QUERIES["list_stuck"], attempts)
    return [msgspec.convert(dict(row), StuckMatching) for row in rows]
