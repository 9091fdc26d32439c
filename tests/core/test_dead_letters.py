"""What was given up is not lost: it is shown, and delivered again when somebody says so."""

from mieone.core.database import Conn, PooledDatabase
from mieone.core.dead_letters import deliver_again, list_dead
from mieone.core.house import House
from mieone.core.outbox import (
    MAX_ATTEMPTS,
    Event,
    Subscription,
    deliver_due,
    publish,
    register_subscriptions,
)


async def test_a_dead_letter_is_named_and_comes_again(
    house: House, database: PooledDatabase
) -> None:
    heard: list[str] = []
    deaf = [True]

    async def listen(_house: House, _conn: Conn, event: Event) -> None:
        if deaf[0]:
            raise ValueError("not now")
        heard.append(event.name)

    subscriptions = [Subscription(event="notes.written", name="notes.listen", handle=listen)]
    async with database.transaction() as conn:
        await register_subscriptions(conn, subscriptions)
        await publish(conn, Event(name="notes.written", key="1", payload={}))
    for _ in range(MAX_ATTEMPTS):
        async with database.transaction() as conn:
            await conn.execute("UPDATE core.delivery SET next_at = clock_timestamp()")
        await deliver_due(house, subscriptions)

    async with database.transaction() as conn:
        (letter,) = await list_dead(conn)
        assert await deliver_again(conn) == 1
    deaf[0] = False
    await deliver_due(house, subscriptions)

    assert (letter.name, letter.subscriber) == ("notes.written", "notes.listen")
    assert letter.attempts == MAX_ATTEMPTS
    assert heard == ["notes.written"]
    async with database.transaction() as conn:
        assert await list_dead(conn) == []
