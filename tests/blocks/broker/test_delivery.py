"""Notifications on their way: what arrives, in which order, and what becomes of what does not."""

import asyncio
import copy
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from httpx import AsyncClient

from mieone.blocks.broker.actions.delivery import Policy, serve
from mieone.blocks.broker.actions.delivery.intervals import Intervals
from mieone.blocks.broker.actions.delivery.rendering import Renderer
from mieone.blocks.broker.actions.parts import Broker
from mieone.blocks.broker.model import BUCKETS
from mieone.blocks.broker.store.couriers import Figures, count_deliveries, revive
from mieone.core.clock import FixedClock

from .receivers import QUICK, Receiver, delivering, receiving

ENTITIES = "/ngsi-ld/v1/entities"
SUBSCRIPTIONS = "/ngsi-ld/v1/subscriptions"
TOWN = {"NGSILD-Tenant": "244414"}


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as made:
        yield made


async def subscribe(
    client: AsyncClient, url: str, headers: dict[str, str] | None = None, **members: Any
) -> str:
    notification = {"endpoint": {"uri": url}, **members.pop("notification", {})}
    body = {
        "type": "Subscription",
        "entities": [{"type": "Shelter"}],
        "notification": notification,
        **members,
    }
    answered = await client.post(SUBSCRIPTIONS, json=body, headers=headers)
    assert answered.status_code == 201, answered.text
    return answered.headers["location"]


async def put_in(
    client: AsyncClient, number: int, people: int, headers: dict[str, str] | None = None
) -> None:
    body = {
        "id": f"urn:ngsi-ld:Shelter:{number}",
        "type": "Shelter",
        "people": {"type": "Property", "value": people},
    }
    answered = await client.post(ENTITIES, json=body, headers=headers)
    if answered.status_code == 409:
        answered = await client.patch(
            f"{ENTITIES}/{body['id']}/attrs",
            json={"people": {"type": "Property", "value": people}},
            headers=headers,
        )
    assert answered.status_code in (201, 204), answered.text


async def figures(broker: Broker) -> Figures:
    async with broker.house.database.transaction() as conn:
        (found,) = await count_deliveries(conn)
    return found


async def settled(broker: Broker) -> Figures:
    """Once nothing waits any more."""
    async with asyncio.timeout(60):
        while True:
            found = await figures(broker)
            if found.waiting == found.retrying == 0:
                return found
            await asyncio.sleep(0.02)


async def test_a_change_is_told_once(
    broker_client: AsyncClient, broker: Broker, receiver: Receiver
) -> None:
    location = await subscribe(broker_client, receiver.url)
    async with delivering(broker):
        await put_in(broker_client, 1, 10)
        await put_in(broker_client, 1, 11)

        await receiver.wait_for(2)
        found = await settled(broker)

    assert receiver.values("people") == [10, 11]
    body, headers = receiver.got[0], receiver.headers[0]
    assert (body["type"], body["subscriptionId"]) == ("Notification", location.split("/")[-1])
    assert headers["Content-Type"] == "application/json"
    assert "json-ld#context" in headers["Link"]
    assert "Mieone-Attempt" not in headers
    assert (found.due, found.delivered, found.times_sent) == (2, 2, 2)
    shown = (await broker_client.get(location)).json()["notification"]
    assert (shown["status"], shown["timesSent"]) == ("ok", 2)
    assert "lastSuccess" in shown


async def test_linked_data_carries_its_context(
    broker_client: AsyncClient, broker: Broker, receiver: Receiver
) -> None:
    endpoint = {"uri": receiver.url, "accept": "application/ld+json"}
    await subscribe(broker_client, receiver.url, notification={"endpoint": endpoint})
    async with delivering(broker):
        await put_in(broker_client, 1, 10)
        await receiver.wait_for(1)

    assert "Link" not in receiver.headers[0]
    assert "@context" in receiver.got[0]["data"][0]


async def test_a_failure_is_repeated_under_the_same_id_and_said_to_be(
    broker_client: AsyncClient, broker: Broker, receiver: Receiver
) -> None:
    location = await subscribe(broker_client, receiver.url)
    receiver.status = 500
    async with delivering(broker):
        await put_in(broker_client, 1, 10)
        await receiver.wait_for(1)
        receiver.status = 200
        await receiver.wait_for(2)
        found = await settled(broker)

    assert receiver.got[0]["id"] == receiver.got[1]["id"]
    assert receiver.headers[1]["Mieone-Attempt"] == "2"
    assert (found.delivered, found.times_sent, found.times_failed) == (1, 2, 1)
    shown = (await broker_client.get(location)).json()["notification"]
    assert (shown["status"], shown["timesSent"], shown["timesFailed"]) == ("ok", 1, 1)


async def test_nobody_there_makes_a_dead_letter_that_can_be_revived(
    broker_client: AsyncClient, broker: Broker, receiver: Receiver
) -> None:
    location = await subscribe(broker_client, "http://127.0.0.1:9/nobody")
    async with delivering(broker):
        await put_in(broker_client, 1, 10)
        found = await settled(broker)
        assert (found.due, found.dead, found.times_failed) == (1, 1, 4)
        shown = (await broker_client.get(location)).json()["notification"]
        assert (shown["status"], shown["timesFailed"]) == ("failed", 1)

        await broker_client.patch(
            location, json={"notification": {"endpoint": {"uri": receiver.url}}}
        )
        async with broker.house.database.transaction() as conn:
            tenant = (await broker.tenants.get(None)).name
            assert await revive(conn, tenant, None, broker.house.clock.now(), 10) == 1
        await receiver.wait_for(1)
        found = await settled(broker)

    assert receiver.headers[0]["Mieone-Attempt"] == "5"
    assert (found.due, found.delivered, found.dead) == (1, 1, 0)


async def test_changes_of_one_entity_arrive_in_order_others_beside_them(
    broker_client: AsyncClient, broker: Broker, receiver: Receiver
) -> None:
    await subscribe(broker_client, receiver.url)
    async with delivering(broker):
        for people in range(20):
            await asyncio.gather(*(put_in(broker_client, number, people) for number in range(4)))
        await receiver.wait_for(80)

    for number in range(4):
        told = [
            body["data"][0]["people"]["value"]
            for body in receiver.got
            if body["data"][0]["id"].endswith(f":{number}")
        ]
        assert told == list(range(20))


async def test_the_dead_and_the_slow_hold_nobody_up(
    broker_client: AsyncClient, broker: Broker, receiver: Receiver
) -> None:
    async with receiving() as slow:
        slow.delay_s = 60
        await subscribe(broker_client, "http://127.0.0.1:9/nobody")
        await subscribe(broker_client, slow.url)
        await subscribe(broker_client, receiver.url)
        async with delivering(broker, Policy(lease_s=1.0, poll_s=0.02, timeout_s=30)):
            for people in range(30):
                await put_in(broker_client, people % 10, people)
            await receiver.wait_for(30, timeout_s=25)

        assert len(slow.got) <= 10


async def test_a_tenant_whose_receivers_stall_leaves_room_for_others(
    broker_client: AsyncClient, broker: Broker, receiver: Receiver
) -> None:
    """Of eight places one tenant gets six: B is told while all of A's stand open."""
    async with receiving() as stalling:
        stalling.delay_s = 60
        for number in range(12):
            await subscribe(broker_client, f"{stalling.url}/{number}", headers=TOWN)
        await subscribe(broker_client, receiver.url)
        policy = msgspec.structs.replace(QUICK, at_once=8, longest_timeout_s=60, timeout_s=60)
        async with delivering(broker, policy):
            await put_in(broker_client, 1, 0, headers=TOWN)
            await stalling.wait_for(6)
            for people in range(3):
                await put_in(broker_client, 1, people)
                await receiver.wait_for(people + 1)

            assert stalling.open == len(stalling.got) == 6
    assert receiver.values("people") == [0, 1, 2]


async def test_nobody_holds_a_place_as_long_as_he_likes(
    broker_client: AsyncClient, broker: Broker
) -> None:
    async with receiving() as slow:
        slow.delay_s = 60
        patient = {"uri": slow.url, "timeout": 50_000}
        await subscribe(broker_client, slow.url, notification={"endpoint": patient})
        policy = msgspec.structs.replace(QUICK, longest_timeout_s=0.1)
        async with delivering(broker, policy):
            await put_in(broker_client, 1, 0)
            await slow.wait_for(2, timeout_s=40)

    assert len(slow.got) >= 2


async def test_throttling_tells_the_newest_of_each_entity_together(
    broker_client: AsyncClient, broker: Broker, receiver: Receiver
) -> None:
    await subscribe(broker_client, receiver.url, throttling=4)
    async with delivering(broker):
        await put_in(broker_client, 1, 0)
        await receiver.wait_for(1)
        for people in range(1, 6):
            await put_in(broker_client, 1, people)
            await put_in(broker_client, 2, people)
        await receiver.wait_for(2)
        found = await settled(broker)

    told = {one["id"][-1]: one["people"]["value"] for one in receiver.got[1]["data"]}
    assert told == {"1": 5, "2": 5}
    assert (found.due, found.delivered, found.dropped) == (11, 3, 8)


async def test_a_paused_subscription_waits_and_a_deleted_one_drops(
    broker_client: AsyncClient, broker: Broker, receiver: Receiver
) -> None:
    location = await subscribe(broker_client, receiver.url)
    await put_in(broker_client, 1, 1)
    await broker_client.patch(location, json={"isActive": False})
    await put_in(broker_client, 1, 2)
    async with delivering(broker):
        assert await receiver.stays_at(0)
        await broker_client.patch(location, json={"isActive": True})
        await receiver.wait_for(1)
        await broker_client.patch(location, json={"isActive": False})
        assert await receiver.stays_at(1)
        await put_in(broker_client, 1, 3)
        await broker_client.delete(location)
        assert await receiver.stays_at(1)
        found = await settled(broker)

    assert receiver.values("people") == [1]
    assert found.due == found.delivered == 1


async def test_what_fits_is_told_at_intervals(
    broker_client: AsyncClient, broker: Broker, receiver: Receiver
) -> None:
    await put_in(broker_client, 1, 7)
    await subscribe(broker_client, receiver.url, timeInterval=1)
    async with delivering(broker):
        await receiver.wait_for(2)

    assert receiver.values("people") == [7, 7]
    assert receiver.got[0]["id"] != receiver.got[1]["id"]


async def test_intervals_go_on_when_the_clock_is_set_back(
    broker_client: AsyncClient, broker: Broker
) -> None:
    """By an hour: what was due in 30 minutes is due in 30 minutes still, and after them it is told."""
    start = broker.house.clock.now()
    clock = FixedClock(start)
    house = copy.copy(broker.house)
    house.clock = clock
    moved = Broker(house)
    await put_in(broker_client, 1, 7)
    await subscribe(broker_client, "http://127.0.0.1:9/", timeInterval=1800)
    intervals = Intervals(moved, Renderer(broker))
    buckets = range(BUCKETS)

    clock.advance(timedelta(hours=-1))
    assert await intervals.tell_due(buckets) == 0
    clock.advance(timedelta(minutes=40))
    assert await intervals.tell_due(buckets) == 1
    assert await intervals.tell_due(buckets) == 0


async def test_two_workers_tell_everything_once(
    broker_client: AsyncClient, broker: Broker, receiver: Receiver
) -> None:
    for number in range(12):
        await subscribe(broker_client, f"{receiver.url}/{number}")
    async with delivering(broker):
        await put_in(broker_client, 1, 0)
        async with delivering(broker):
            for people in range(1, 10):
                await put_in(broker_client, 1, people)
                await asyncio.sleep(0.2)
            await receiver.wait_for(120)
        await put_in(broker_client, 1, 10)
        await receiver.wait_for(132)
        found = await settled(broker)

    assert (found.due, found.delivered) == (132, 132)
    assert len({body["id"] for body in receiver.got}) == 132 == len(receiver.got)


async def test_a_worker_that_died_is_followed_by_another(
    broker_client: AsyncClient, broker: Broker, receiver: Receiver
) -> None:
    await subscribe(broker_client, receiver.url)
    receiver.delay_s = 0.3
    first = asyncio.create_task(serve(broker, asyncio.Event(), QUICK))
    for people in range(5):
        await put_in(broker_client, people, people)
    await receiver.wait_for(2)
    await abandon(first)

    async with delivering(broker):
        found = await settled(broker)

    told = [body["data"][0]["people"]["value"] for body in receiver.got]
    assert set(told) == set(range(5))
    assert (found.due, found.delivered) == (5, 5)
    seen: set[str] = set()
    for body, headers in zip(receiver.got, receiver.headers, strict=True):
        assert (body["id"] in seen) <= ("Mieone-Attempt" in headers)
        seen.add(body["id"])


async def abandon(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
