"""Person ↔ Resident: links and the cases that somebody has to decide."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from mieone.blocks.registry.model import (
    CaseReason,
    CaseState,
    MatchingCase,
)
from mieone.core.database import Conn
from mieone.core.model import TownCode

from .statements import QUERIES


class Link(msgspec.Struct, frozen=True, kw_only=True):
    link_id: UUID
    town: TownCode
    resident_id: UUID
    linked_at: datetime


class LockedCase(msgspec.Struct, frozen=True, kw_only=True):
    case_id: UUID
    town: TownCode
    pairwise_id: str
    reason: CaseReason
    state: CaseState
    sealed: bytes | None
    opened_at: datetime


async def find_link(conn: Conn, pairwise_id: str) -> Link | None:
    row = await conn.fetchrow(QUERIES["find_link"], pairwise_id)
    return None if row is None else msgspec.convert(dict(row), Link)


async def find_linked_person(conn: Conn, town: TownCode, resident_id: UUID) -> str | None:
    """The pairwise identifier of whoever holds the resident's Mie-ID."""
    row = await conn.fetchrow(QUERIES["find_link_of_resident"], town, resident_id)
    return None if row is None else str(row["pairwise_id"])


async def record_link(
    conn: Conn,
    town: TownCode,
    resident_id: UUID,
    pairwise_id: str,
    method: str,
    linked_by: str,
    at: datetime,
) -> None:
    await conn.execute(
        QUERIES["record_link"], town, resident_id, pairwise_id, method, linked_by, at
    )


async def void_link(conn: Conn, link: Link, at: datetime, because: str) -> None:
    await conn.execute(QUERIES["void_link"], link.town, link.link_id, at, because)


async def list_links(
    conn: Conn, town: TownCode, residents: Sequence[UUID]
) -> list[tuple[UUID, str]]:
    rows = await conn.fetch(QUERIES["list_links"], town, list(residents))
    return [(row["resident_id"], row["pairwise_id"]) for row in rows]


async def open_case(
    conn: Conn, town: TownCode, pairwise_id: str, reason: CaseReason, sealed: bytes, at: datetime
) -> UUID | None:
    """None when the person has an open case already."""
    found: UUID | None = await conn.fetchval(
        QUERIES["open_case"], town, pairwise_id, reason.value, sealed, at
    )
    return found


async def lock_case(conn: Conn, town: TownCode, case_id: UUID) -> LockedCase | None:
    row = await conn.fetchrow(QUERIES["lock_case"], town, case_id)
    return None if row is None else msgspec.convert(dict(row), LockedCase)


async def close_case(
    conn: Conn, town: TownCode, case_id: UUID, state: CaseState, at: datetime, by: str
) -> None:
    await conn.execute(QUERIES["close_case"], town, case_id, state.value, at, by)


async def close_cases_of(conn: Conn, pairwise_id: str, at: datetime, by: str) -> None:
    """Whoever left has nothing to be matched."""
    await conn.execute(QUERIES["close_cases_of"], pairwise_id, at, by)


async def list_open_cases(conn: Conn, towns: Collection[TownCode]) -> list[MatchingCase]:
    rows = await conn.fetch(QUERIES["list_open_cases"], sorted(towns))
    return [msgspec.convert(dict(row), MatchingCase) for row in rows]


async def list_living_links(conn: Conn) -> list[tuple[TownCode, UUID, str]]:
    rows = await conn.fetch(QUERIES["list_living_links"])
    return [(TownCode(row["town"]), row["link_id"], row["pairwise_id"]) for row in rows]
