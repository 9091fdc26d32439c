"""Messages of gauges over a real MQTT broker, and files from a real server: nothing lost, nothing twice."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiomqtt
import asyncpg
import httpx
import msgspec
import pytest
from aiohttp import web

from mieone.blocks.broker.actions.datasets import load_datasets
from mieone.blocks.broker.actions.listening import Listener, PatientClient
from mieone.blocks.broker.actions.parts import Broker
from mieone.blocks.broker.actions.pulling import take_turn
from mieone.blocks.broker.actions.taking import take_message
from mieone.blocks.broker.model import Tenant, TenantName
from mieone.blocks.broker.model.dataset import (
    DataSet,
    FeedFinding,
    FeedState,
    FeedView,
    MqttFeed,
    PullFeed,
)
from mieone.blocks.broker.store import feeds as store
from mieone.blocks.broker.store.tenants import declare_tenants
from mieone.core.house import House

from .installations import listening
from .test_mqtt import MOSQUITTO, free_port, mosquitto

needs_mosquitto = pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed")
TOPIC = "towns/gauges"
FEED = "gauges"


@pytest.fixture
def readings(broker_house: House) -> DataSet:
    return load_datasets(broker_house)["readings"]


@asynccontextmanager
async def taking(broker: Broker, dataset: DataSet, port: int) -> AsyncIterator[None]:
    feed = MqttFeed(id=FEED, dataset=dataset.id, url=f"mqtt://127.0.0.1:{port}", topic=TOPIC)
    stop = asyncio.Event()
    task = asyncio.create_task(Listener(broker, feed, dataset, stop).run())
    try:
        yield
    finally:
        stop.set()
        await task


async def until(house: House, wanted: Callable[[FeedView], bool]) -> FeedView:
    async with asyncio.timeout(60):
        while True:
            async with house.database.transaction() as conn:
                found = [one for one in await store.list_feeds(conn) if one.feed == FEED]
            if found and wanted(found[0]):
                return found[0]
            await asyncio.sleep(0.05)


async def findings_of(house: House) -> list[FeedFinding]:
    async with house.database.transaction() as conn:
        return await store.list_feed_findings(conn, 100)


async def send(port: int, *payloads: bytes, retain: bool = False) -> None:
    async with aiomqtt.Client("127.0.0.1", port) as client:
        for payload in payloads:
            await client.publish(TOPIC, payload, qos=1, retain=retain)


def reading(device: str, temperature: object, town: str = "244414") -> bytes:
    return msgspec.json.encode({"town": town, "device": device, "temperature": temperature})


async def told(client: httpx.AsyncClient, device: str) -> list[object]:
    path = f"/ngsi-ld/v1/temporal/entities/urn:ngsi-ld:Reading:{device}?attrs=temperature"
    answer = await client.get(path, headers={"NGSILD-Tenant": "244414"})
    if answer.status_code == 404:
        return []
    found = answer.json()["temperature"]
    return [one["value"] for one in (found if isinstance(found, list) else [found])]


@needs_mosquitto
async def test_a_poison_message_is_told_and_the_next_ones_come(
    broker_house: House,
    broker: Broker,
    broker_client: httpx.AsyncClient,
    readings: DataSet,
    tmp_path: Path,
) -> None:
    port = free_port()
    poison = (b"no json", b"[1]", reading("a", 500), reading("a", 1, "nowhere"))
    async with mosquitto(tmp_path, port), taking(broker, readings, port):
        await until(broker_house, lambda view: view.state is FeedState.OPEN)
        await send(port, *poison, reading("a", 20), poison[0])
        view = await until(broker_house, lambda view: view.taken + view.refused >= 6)

    assert (view.taken, view.refused) == (1, 5)
    assert await told(broker_client, "a") == [20]
    found = await findings_of(broker_house)
    reasons = sorted((one.times, one.findings[0].reason) for one in found)
    assert reasons == [(1, "no_json"), (1, "no_such_tenant"), (1, "too_large"), (2, "no_json")]


@needs_mosquitto
async def test_what_was_read_and_not_written_comes_again(
    broker_house: House,
    broker: Broker,
    broker_client: httpx.AsyncClient,
    readings: DataSet,
    tmp_path: Path,
) -> None:
    """A worker dies between reading and acknowledging; what it wrote already is not written twice."""
    port = free_port()
    feed = MqttFeed(id=FEED, dataset="readings", url=f"mqtt://127.0.0.1:{port}", topic=TOPIC)
    async with mosquitto(tmp_path, port):
        async with PatientClient(feed) as dying:
            await dying.subscribe(TOPIC, qos=1)
            await send(port, reading("a", 1), reading("a", 2), reading("b", 3))
            got = 0
            async for message in dying.messages:
                got += 1
                assert isinstance(message.payload, bytes)
                if got < 3:
                    await take_message(broker, readings, message.payload)
                if got == 3:
                    break
        async with taking(broker, readings, port):
            await until(broker_house, lambda view: view.taken >= 1)
            await send(port, reading("b", 4))
            view = await until(broker_house, lambda view: view.taken >= 2)

    assert view.refused == 0
    assert await told(broker_client, "a") == [1, 2]
    assert await told(broker_client, "b") == [3, 4]


@needs_mosquitto
async def test_what_is_acknowledged_comes_no_more(
    broker_house: House,
    broker: Broker,
    broker_client: httpx.AsyncClient,
    readings: DataSet,
    tmp_path: Path,
) -> None:
    port = free_port()
    async with mosquitto(tmp_path, port):
        async with taking(broker, readings, port):
            await until(broker_house, lambda view: view.state is FeedState.OPEN)
            await send(port, reading("a", 1), reading("a", 2), reading("a", 1))
            await until(broker_house, lambda view: view.taken == 3)
        # The last one stands at the broker for whoever comes: it is known and no reading of today.
        await send(port, reading("a", 1), retain=True)
        async with taking(broker, readings, port):
            await until(broker_house, lambda view: view.taken == 4)
        async with taking(broker, readings, port):
            await until(broker_house, lambda view: view.state is FeedState.OPEN)
            await send(port, reading("c", 9))
            view = await until(broker_house, lambda view: view.taken == 5)

    assert view.refused == 0
    assert await told(broker_client, "a") == [1, 2, 1, 1]


async def test_a_repeat_is_known_also_where_only_the_entity_remembers_it(
    broker_house: House, broker: Broker, broker_client: httpx.AsyncClient, readings: DataSet
) -> None:
    await take_message(broker, readings, reading("a", 1))
    async with broker_house.database.transaction() as conn:
        await conn.execute("DELETE FROM broker.imported")
    again = await take_message(broker, readings, reading("a", 1), is_repeat=True)
    new = await take_message(broker, readings, reading("a", 1))

    assert (again.written, again.repeated) == (0, 1)
    assert (new.written, new.repeated) == (1, 0)
    assert await told(broker_client, "a") == [1, 1]


@needs_mosquitto
async def test_a_feed_that_breaks_leaves_the_others_alone_and_shows_it(
    broker_house: House,
    broker: Broker,
    broker_client: httpx.AsyncClient,
    readings: DataSet,
    tmp_path: Path,
) -> None:
    port = free_port()
    stop = asyncio.Event()
    broken = MqttFeed(id="broken", dataset="readings", url="mqtt://127.0.0.1:1", topic=TOPIC)
    listener = asyncio.create_task(Listener(broker, broken, readings, stop).run())
    async with mosquitto(tmp_path, port), taking(broker, readings, port):
        await until(broker_house, lambda view: view.state is FeedState.OPEN)
        await send(port, reading("a", 1))
        await until(broker_house, lambda view: view.taken == 1)
        async with broker_house.database.transaction() as conn:
            found = {one.feed: one for one in await store.list_feeds(conn)}
    stop.set()
    await listener

    assert found["broken"].state is FeedState.AWAY
    assert found["broken"].failures >= 1
    assert found["broken"].last_error
    assert found[FEED].state is FeedState.OPEN


@needs_mosquitto
async def test_a_database_that_is_away_for_a_while_costs_no_message(
    broker_house: House,
    broker: Broker,
    broker_client: httpx.AsyncClient,
    readings: DataSet,
    tmp_path: Path,
) -> None:
    """The connections are cut off again and again while messages come."""
    port = free_port()
    async with mosquitto(tmp_path, port), taking(broker, readings, port):
        await until(broker_house, lambda view: view.state is FeedState.OPEN)
        for number in range(6):
            await send(port, reading("a", number))
            async with broker_house.database.transaction() as conn:
                try:
                    await conn.execute(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                        "WHERE datname = current_database() AND pid <> pg_backend_pid() "
                        "AND usename = current_user"
                    )
                except asyncpg.PostgresError as error:
                    pytest.skip(f"this role cuts off nobody: {type(error).__name__}")
        await until(broker_house, lambda view: view.taken >= 6)

    assert await told(broker_client, "a") == [0, 1, 2, 3, 4, 5]


async def test_a_pull_whose_rows_wait_comes_again_soon_and_then_is_settled(
    broker_house: House, broker: Broker, readings: DataSet
) -> None:
    async def serve(_: web.Request) -> web.Response:
        rows = "town,device,temperature\n244414,a,20\nlater,b,21\n"
        return web.Response(text=rows, content_type="text/csv")

    async with listening(serve) as address:
        feed = PullFeed(id=FEED, dataset="readings", url=f"{address}/x.csv", every_s=9000)
        async with broker_house.database.transaction() as conn:
            assert await store.claim_feed(conn, FEED, feed.every_s)
            assert not await store.claim_feed(conn, FEED, feed.every_s)
        await take_turn(broker, feed, readings)
        waiting = await until(broker_house, lambda view: view.taken == 1)
        again_in_s = await turn_in_s(broker_house)
        async with broker_house.database.transaction() as conn:
            await declare_tenants(conn, [Tenant(name=TenantName("later"), title="x")])
            await store.set_turn(conn, FEED, feed.every_s)
        async with another(broker_house) as second:
            await take_turn(second, feed, readings)
        settled = await until(broker_house, lambda view: view.taken == 2)

    assert (waiting.state, waiting.last_error) == (FeedState.WAITING, "Waiting")
    assert again_in_s < 1000
    assert settled.failures == 0
    assert await turn_in_s(broker_house) > 8000


async def test_a_pull_that_fails_says_so_and_comes_again_ever_later(
    broker_house: House, broker: Broker, readings: DataSet
) -> None:
    async def refuse(_: web.Request) -> web.Response:
        return web.Response(status=500)

    waits = []
    async with listening(refuse) as address:
        feed = PullFeed(id=FEED, dataset="readings", url=f"{address}/x.csv", every_s=9000)
        for _ in range(3):
            await take_turn(broker, feed, readings)
            waits.append(await turn_in_s(broker_house))
    view = await until(broker_house, lambda view: view.failures == 3)

    assert (view.state, view.last_error) == (FeedState.AWAY, "ClientResponseError")
    assert waits[0] < waits[1] < waits[2] < 9000


@asynccontextmanager
async def another(house: House) -> AsyncIterator[Broker]:
    """As another process would look at the same tables."""
    made = Broker(house)
    await made.open()
    try:
        yield made
    finally:
        await made.close()


async def turn_in_s(house: House) -> float:
    async with house.database.transaction() as conn:
        statement = "SELECT extract(epoch FROM next_at - now()) FROM broker.feed_turn"
        return float(await conn.fetchval(f"{statement} WHERE feed = $1", FEED))
