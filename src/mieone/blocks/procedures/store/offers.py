"""Statements on offers: who may have use of a procedure, and whose household to ask about."""

from datetime import date, datetime, timedelta
from uuid import UUID

from mieone.blocks.procedures.model import Offer, ProcedureId
from mieone.core.database import Conn
from mieone.core.model import TownCode

from .cases import QUERIES


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
