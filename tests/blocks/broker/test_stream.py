"""Changes as server-sent events: told, resumed, told that something was missed."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from httpx import AsyncClient

from mieone.blocks.broker.actions import streaming
from mieone.blocks.broker.actions.parts import Broker
from mieone.blocks.broker.actions.streaming import Streams
from mieone.blocks.broker.model.stream import Interest, Position
from mieone.blocks.broker.problems import NonexistentTenant, OverQuota

from .test_delivery import ENTITIES, put_in

Event = dict[str, Any]


async def interest(broker: Broker, **members: Any) -> Interest:
    tenants = frozenset(tenant.name for tenant in await broker.tenants.all())
    return Interest(tenants=tenants, **members)


def read(line: bytes) -> Event:
    event: Event = {}
    for part in line.decode().strip().split("\n"):
        name, _, value = part.partition(": ")
        event[name] = json.loads(value) if name == "data" else value
    return event


async def listen(
    streams: Streams, asked: Interest, last_id: str | None = None, address: str = "here"
) -> tuple[Event, AsyncIterator[bytes]]:
    """What comes first, and the rest."""
    lines = await streams.listen(asked, address, last_id)
    assert (await anext(lines)).startswith(b"retry")
    return await soon(lines), lines


async def soon(lines: AsyncIterator[bytes]) -> Event:
    async with asyncio.timeout(60):
        return read(await anext(lines))


async def test_a_listener_is_told_what_it_asked_for(
    broker_client: AsyncClient, broker: Broker
) -> None:
    asked = await interest(broker, types=frozenset({"Shelter"}))
    first, lines = await listen(broker.streams, asked)
    assert first["event"] == "ready"

    await put_in(broker_client, 1, 10)
    await broker_client.post(ENTITIES, json={"id": "urn:x:other", "type": "Other"})
    await put_in(broker_client, 1, 11)
    await broker_client.delete(f"{ENTITIES}/urn:ngsi-ld:Shelter:1")

    made, changed, gone = [await soon(lines) for _ in range(3)]
    assert (made["event"], changed["event"], gone["event"]) == ("entity", "entity", "gone")
    assert made["data"]["entity"]["people"] == 10
    assert changed["data"]["changed"] == ["people"]
    assert changed["data"]["entity"]["people"] == 11
    assert gone["data"]["id"] == "urn:ngsi-ld:Shelter:1"
    await broker.streams.close()


async def test_who_was_away_for_a_moment_misses_nothing(
    broker_client: AsyncClient, broker: Broker
) -> None:
    asked = await interest(broker)
    _, lines = await listen(broker.streams, asked)
    await put_in(broker_client, 1, 0)
    last = await soon(lines)
    await lines.aclose()  # type: ignore[attr-defined]
    for people in range(1, 5):
        await put_in(broker_client, 1, people)

    first, again = await listen(broker.streams, asked, last["id"])
    rest = [first] + [await soon(again) for _ in range(3)]
    await put_in(broker_client, 1, 5)
    rest.append(await soon(again))

    assert [one["data"]["entity"]["people"] for one in rest] == [1, 2, 3, 4, 5]
    await broker.streams.close()


@pytest.mark.parametrize("last_id", ["nonsense", Position(1, 1, 0, 0).text()])
async def test_who_was_away_too_long_is_told_to_start_anew(
    broker_client: AsyncClient, broker: Broker, last_id: str
) -> None:
    first, _ = await listen(broker.streams, await interest(broker), last_id)

    assert first["event"] == "reset"
    await broker.streams.close()


async def test_nobody_opens_streams_without_end(broker_client: AsyncClient, broker: Broker) -> None:
    asked = await interest(broker)
    never_begun = [
        await broker.streams.listen(asked, "here", None) for _ in range(streaming.MAX_OF_ADDRESS)
    ]
    open_ones = [await listen(broker.streams, asked) for _ in range(streaming.MAX_OF_ADDRESS)]

    with pytest.raises(OverQuota):
        await broker.streams.listen(asked, "here", None)
    await broker.streams.listen(asked, "elsewhere", None)
    assert len(open_ones) == len(never_begun) == streaming.MAX_OF_ADDRESS
    await broker.streams.close()


async def test_the_listeners_of_one_tenant_leave_room_for_others(
    broker_client: AsyncClient, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "MAX_OF_TENANT", 3)
    asked = await interest(broker)
    one = Interest(tenants=frozenset(sorted(asked.tenants)[:1]))
    _open_ones = [await listen(broker.streams, asked, address=f"{number}") for number in range(3)]

    with pytest.raises(OverQuota):
        await broker.streams.listen(asked, "elsewhere", None)
    first, _lines = await listen(broker.streams, one)

    assert first["event"] == "ready"
    await broker.streams.close()


async def test_a_town_nobody_knows_has_no_stream(broker_client: AsyncClient) -> None:
    with pytest.raises(NonexistentTenant):
        await broker_client.get("/api/broker/v1/stream", params={"tenants": "nobody"})
