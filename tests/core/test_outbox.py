"""Events: exactly one effect each, in order, and no failure disappears."""

import asyncio

from mieone.core.database import Conn
from mieone.core.house import House
from mieone.core.outbox import (
    MAX_ATTEMPTS,
    Event,
    Subscription,
    deliver_due,
    publish,
    register_subscriptions,
)


class Recorder:
    """A subscriber whose effect is a row, so that it is undone with its transaction."""

    def __init__(self, failing: int = 0) -> None:
        self.failing = failing

    async def handle(self, _house: House, conn: Conn, event: Event) -> None:
        await conn.execute(
            "INSERT INTO core.job (name, last_count) VALUES ($1, 1)",
            f"{event.key}:{event.payload['n']}",
        )
        if self.failing > 0:
            self.failing -= 1
            raise RuntimeError("not yet")


def subscribed(recorder: Recorder) -> list[Subscription]:
    return [Subscription(event="test.said", name="test.hear", handle=recorder.handle)]


async def said(house: House, subscriptions: list[Subscription], count: int) -> None:
    async with house.database.transaction() as conn:
        await register_subscriptions(conn, subscriptions)
        for n in range(count):
            await publish(conn, Event(name="test.said", key="a", payload={"n": n}))


async def effects(house: House) -> list[str]:
    async with house.database.transaction() as conn:
        rows = await conn.fetch("SELECT name FROM core.job ORDER BY name")
    return [row["name"] for row in rows]


async def due_now(house: House) -> None:
    async with house.database.transaction() as conn:
        await conn.execute("UPDATE core.delivery SET next_at = now() WHERE state = 'due'")


async def states(house: House) -> dict[str, int]:
    async with house.database.transaction() as conn:
        rows = await conn.fetch("SELECT state, count(*) AS n FROM core.delivery GROUP BY state")
    return {row["state"]: row["n"] for row in rows}


async def test_workers_that_race_cause_each_effect_once(house: House) -> None:
    subscriptions = subscribed(Recorder())
    await said(house, subscriptions, 20)

    delivered = await asyncio.gather(*(deliver_due(house, subscriptions) for _ in range(4)))
    delivered.append(await deliver_due(house, subscriptions))

    assert sum(delivered) == 20
    assert len(await effects(house)) == 20
    assert await states(house) == {"done": 20}


async def test_a_failed_delivery_leaves_no_effect_and_holds_back_those_behind_it(
    house: House,
) -> None:
    subscriptions = subscribed(Recorder(failing=1))
    await said(house, subscriptions, 2)

    await deliver_due(house, subscriptions)
    before = await effects(house)
    await due_now(house)
    await deliver_due(house, subscriptions)

    assert before == []
    assert await effects(house) == ["a:0", "a:1"]


async def test_what_never_succeeds_is_dead_and_stays_to_be_seen(house: House) -> None:
    subscriptions = subscribed(Recorder(failing=MAX_ATTEMPTS))
    await said(house, subscriptions, 1)

    for _ in range(MAX_ATTEMPTS + 1):
        await due_now(house)
        await deliver_due(house, subscriptions)

    assert await states(house) == {"dead": 1}
    assert await effects(house) == []


async def test_an_event_whose_transaction_fails_was_never_published(house: House) -> None:
    subscriptions = subscribed(Recorder())
    await said(house, subscriptions, 0)
    try:
        async with house.database.transaction() as conn:
            await publish(conn, Event(name="test.said", key="a", payload={"n": 1}))
            raise RuntimeError("undone")
    except RuntimeError:
        pass

    assert await deliver_due(house, subscriptions) == 0
