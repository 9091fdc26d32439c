"""A tenant's histories may be so long; how long they are is known without counting them."""

import httpx
import pytest

from mieone.blocks.broker.actions import room
from mieone.blocks.broker.jobs.history import sum_up_counts
from mieone.blocks.broker.store import history
from mieone.blocks.broker.store.history_counts import count_instances
from mieone.core.house import House

TEMPORAL = "/ngsi-ld/v1/temporal/entities"
ENTITIES = "/ngsi-ld/v1/entities"
SMALL, OTHER = {"NGSILD-Tenant": "small"}, {"NGSILD-Tenant": "other"}


@pytest.fixture
async def client(
    broker_house: House, broker_client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> httpx.AsyncClient:
    # Looked up at every write: nobody waits for it here.
    monkeypatch.setattr(room, "COUNTED_EVERY_S", -1.0)
    async with broker_house.database.transaction() as conn:
        await conn.execute(
            "INSERT INTO broker.tenant (name, title, quota)"
            " VALUES ('small', 'S', '{\"instances\": 3}'), ('other', 'O', '{}')"
        )
    return broker_client


def values(first: int, count: int, month: int = 1) -> list[dict[str, object]]:
    return [
        {
            "type": "Property",
            "value": number,
            "observedAt": f"2026-{month:02}-01T00:00:{number:02}Z",
        }
        for number in range(first, first + count)
    ]


async def add(
    client: httpx.AsyncClient, headers: dict[str, str], first: int, count: int
) -> httpx.Response:
    body = {"id": "urn:x:1", "type": "Gauge", "level": values(first, count)}
    return await client.post(TEMPORAL, json=body, headers=headers)


async def count_both(house: House, tenant: str) -> tuple[int, int]:
    """As it is known, and as it is."""
    async with house.database.transaction() as conn:
        known = await count_instances(conn, tenant)
        there = await conn.fetchval("SELECT count(*) FROM broker.history WHERE tenant = $1", tenant)
    return known, there


async def test_a_tenant_whose_histories_are_full_adds_nothing_to_them(
    client: httpx.AsyncClient,
) -> None:
    assert (await add(client, SMALL, 0, 3)).status_code == 201
    refused = await add(client, SMALL, 3, 1)
    attribute = await client.post(
        f"{TEMPORAL}/urn:x:1/attrs", json={"level": values(4, 1)}, headers=SMALL
    )

    assert refused.status_code == attribute.status_code == 429
    assert refused.json()["type"].endswith("/TooManyRequests")
    assert (await add(client, OTHER, 0, 5)).status_code == 201
    # What is so now is written on, and what is deleted makes room.
    now = {"id": "urn:x:1", "type": "Gauge", "level": {"type": "Property", "value": 1}}
    assert (await client.post(ENTITIES, json=now, headers=SMALL)).status_code == 201
    assert (await client.delete(f"{TEMPORAL}/urn:x:1", headers=SMALL)).status_code == 204
    assert (await add(client, SMALL, 0, 1)).status_code == 201


async def test_the_number_known_is_the_number_there(
    client: httpx.AsyncClient, broker_house: House
) -> None:
    for number in range(4):
        now = {"id": "urn:x:1", "type": "Gauge", "level": {"type": "Property", "value": number}}
        await client.post("/ngsi-ld/v1/entityOperations/upsert", json=[now], headers=OTHER)
    await add(client, OTHER, 0, 5)
    # The same moments again take the place of those before.
    await add(client, OTHER, 3, 5)
    await client.delete(f"{ENTITIES}/urn:x:1", headers=OTHER)
    before = await count_both(broker_house, "other")

    await sum_up_counts(broker_house)
    async with broker_house.database.transaction() as conn:
        rows = await conn.fetchval("SELECT count(*) FROM broker.history_count")
    after = await count_both(broker_house, "other")
    await client.delete(f"{TEMPORAL}/urn:x:1/attrs/level?deleteAll=true", headers=OTHER)
    emptier = await count_both(broker_house, "other")

    assert before[0] == before[1] > 8
    assert after == before
    assert rows == 1
    assert emptier[0] == emptier[1] < after[1]


async def test_months_that_go_as_a_whole_are_no_longer_counted(
    client: httpx.AsyncClient, broker_house: House
) -> None:
    today = broker_house.clock.today()
    await add(client, OTHER, 0, 5)
    async with broker_house.database.transaction() as conn:
        await history.open_history_months(conn, today, 2)
    opened = await count_both(broker_house, "other")
    async with broker_house.database.transaction() as conn:
        await history.drop_history_months(conn, today.replace(year=today.year + 1))
    dropped = await count_both(broker_house, "other")

    assert opened == (5, 5)
    assert dropped == (0, 0)
