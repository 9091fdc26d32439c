"""What is removed when somebody leaves, and the list that a restore replays."""

from datetime import datetime
from uuid import UUID

import msgspec

from mieone.blocks.identity.store import QUERIES
from mieone.core.database import Conn

# In this order: what names the person last.
_REMOVED = ("void_attributes_of", "void_links_of", "void_passkeys_of", "void_challenges_of")
_ENDED = ("record_mandates_ended_of", "void_optins_of")


class Destruction(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the destruction list, as it stands in the exported file."""

    number: int
    person_id: UUID
    destroyed_at: datetime
    reason: str


async def void_all_of(conn: Conn, person_id: UUID, now: datetime) -> None:
    for name in _REMOVED:
        await conn.execute(QUERIES[name], person_id)
    for name in _ENDED:
        await conn.execute(QUERIES[name], person_id, now)


async def record_destruction(conn: Conn, person_id: UUID, now: datetime, reason: str) -> None:
    await conn.execute(QUERIES["record_destruction"], person_id, now, reason)


async def list_destructions(conn: Conn, after: int) -> list[Destruction]:
    rows = await conn.fetch(QUERIES["list_destructions"], after)
    return [Destruction(**dict(row.items())) for row in rows]


async def void_forgotten_pairwise_ids(conn: Conn, before: datetime) -> int:
    status = await conn.execute(QUERIES["void_forgotten_pairwise_ids"], before)
    return int(status.rsplit(" ", 1)[1])
