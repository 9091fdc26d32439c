"""Events that a subscriber gave up on: kept, shown, and delivered again when the cause is mended."""

from uuid import UUID

import msgspec

from mieone.core.database import Conn


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    event_id: UUID
    name: str
    subscriber: str
    attempts: int
    last_error: str | None
    """The kind of the failure, without values."""


async def list_dead(conn: Conn) -> list[DeadLetter]:
    """The oldest first; bounded, since the cause is usually the same."""
    rows = await conn.fetch(
        "SELECT d.event_id, e.name, d.subscriber, d.attempts, d.last_error "
        "FROM core.delivery AS d INNER JOIN core.event AS e ON e.event_id = d.event_id "
        "WHERE d.state = 'dead' ORDER BY d.event_id LIMIT 200"
    )
    return [DeadLetter(**dict(row.items())) for row in rows]


async def deliver_again(conn: Conn) -> int:
    """Make every dead letter due now, with all its attempts before it; returns how many."""
    status = await conn.execute(
        "UPDATE core.delivery SET state = 'due', attempts = 0, next_at = clock_timestamp() "
        "WHERE state = 'dead'"
    )
    return int(status.rsplit(" ", 1)[1])
