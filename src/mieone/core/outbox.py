"""Events: facts a block publishes in its own transaction, delivered to each subscriber exactly once.

A delivery runs in one transaction together with its own bookkeeping, so its effect in the database
happens once. Deliveries of one subscriber and key keep their order. After eight failures a delivery
is dead: it stays, an alarm counts it, and an operator can run it again. Those behind it go on, so that
a lost note never holds back that somebody left; what is run again therefore comes after them.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, TypeAlias
from uuid import UUID

import msgspec
import structlog

from mieone.core.database import Conn
from mieone.core.ids import uuid7

if TYPE_CHECKING:
    from mieone.core.house import House

Scalar: TypeAlias = str | int | bool | None
MAX_ATTEMPTS = 8

log = structlog.get_logger()


class Event(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    """`<block>.<what_happened>`, owned by the block that publishes it."""
    key: str
    """Events of one key reach a subscriber in the order they were published."""
    payload: Mapping[str, Scalar | Sequence[str]]
    event_id: UUID = msgspec.field(default_factory=uuid7)


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    event: str
    name: str
    """Stable: `<block>.<what_it_does>`."""
    handle: "Callable[[House, Conn, Event], Awaitable[None]]"


async def publish(conn: Conn, event: Event) -> None:
    """Record the fact in the caller's transaction, due at once to every subscriber known."""
    await conn.execute(
        "INSERT INTO core.event (event_id, name, key, payload) VALUES ($1, $2, $3, $4)",
        event.event_id,
        event.name,
        event.key,
        dict(event.payload),
    )
    await conn.execute(
        "INSERT INTO core.delivery (event_id, subscriber, key) "
        "SELECT $1, s.subscriber, $3 FROM core.subscription AS s WHERE s.event = $2",
        event.event_id,
        event.name,
        event.key,
    )


async def register_subscriptions(conn: Conn, subscriptions: Sequence[Subscription]) -> None:
    """Make the table say what the code says; done once at every start."""
    for item in subscriptions:
        await conn.execute(
            "INSERT INTO core.subscription (event, subscriber) VALUES ($1, $2) "
            "ON CONFLICT DO NOTHING",
            item.event,
            item.name,
        )
    await conn.execute(
        "DELETE FROM core.subscription WHERE NOT (subscriber = ANY($1::text[]))",
        [item.name for item in subscriptions],
    )


_CLAIM = """
SELECT d.event_id, d.subscriber, d.attempts, e.name, e.key, e.payload
FROM core.delivery AS d
INNER JOIN core.event AS e ON e.event_id = d.event_id
WHERE d.state = 'due' AND d.next_at <= clock_timestamp()
    AND NOT EXISTS (
        SELECT FROM core.delivery AS earlier
        WHERE earlier.subscriber = d.subscriber AND earlier.key = d.key
            AND earlier.state = 'due' AND earlier.event_id < d.event_id
    )
ORDER BY d.event_id
LIMIT 1
FOR UPDATE OF d SKIP LOCKED
"""


async def deliver_next(house: "House", subscriptions: Mapping[str, Subscription]) -> bool:
    """Deliver one event to one subscriber; False when nothing is due."""
    async with house.database.transaction(house.region.town_codes) as conn:
        row = await conn.fetchrow(_CLAIM)
        if row is None:
            return False
        event = Event(
            name=row["name"], key=row["key"], payload=row["payload"], event_id=row["event_id"]
        )
        failure = await _try(house, conn, subscriptions.get(row["subscriber"]), event)
        if failure is None:
            await _record_done(conn, row["event_id"], row["subscriber"])
        else:
            await _record_failure(
                conn, row["event_id"], row["subscriber"], row["attempts"], failure
            )
    return True


async def deliver_due(
    house: "House", subscriptions: Sequence[Subscription], limit: int = 1_000
) -> int:
    """Deliver until nothing is due or the limit is reached."""
    by_name = {item.name: item for item in subscriptions}
    count = 0
    while count < limit and await deliver_next(house, by_name):
        count += 1
    return count


async def _try(
    house: "House", conn: Conn, subscription: Subscription | None, event: Event
) -> str | None:
    if subscription is None:
        return "no such subscriber in this version"
    try:
        async with conn.transaction():
            await subscription.handle(house, conn, event)
    except Exception as error:
        log.warning("delivery_failed", subscriber=subscription.name, kind=type(error).__name__)
        # The text may quote personal values; only the kind of failure is kept.
        return type(error).__name__
    return None


async def _record_done(conn: Conn, event_id: UUID, subscriber: str) -> None:
    await conn.execute(
        "UPDATE core.delivery SET state = 'done', done_at = clock_timestamp() "
        "WHERE event_id = $1 AND subscriber = $2",
        event_id,
        subscriber,
    )


async def _record_failure(
    conn: Conn, event_id: UUID, subscriber: str, attempts: int, failure: str
) -> None:
    tried = attempts + 1
    await conn.execute(
        "UPDATE core.delivery SET attempts = $3, last_error = $4, "
        "next_at = clock_timestamp() + $5, state = CASE WHEN $6 THEN 'dead' ELSE 'due' END "
        "WHERE event_id = $1 AND subscriber = $2",
        event_id,
        subscriber,
        tried,
        failure,
        timedelta(seconds=min(2**attempts, 300)),
        tried >= MAX_ATTEMPTS,
    )
