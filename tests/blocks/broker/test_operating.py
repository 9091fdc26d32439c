"""What operators see: figures at /metrics, and whom a notification did not reach."""

import pytest
from httpx import AsyncClient
from prometheus_client import REGISTRY

from mieone.blocks.broker.actions.operating import measure, read_overview
from mieone.blocks.broker.actions.parts import Broker
from mieone.blocks.broker.rules.subscriptions import name_receiver

from .receivers import delivering
from .test_delivery import ENTITIES, put_in, settled, subscribe


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("https://town.example/notify", "https://town.example"),
        ("http://town.example:8080/a?key=secret#secret", "http://town.example:8080"),
        ("https://user:secret@town.example/secret", "https://town.example"),
        ("mqtts://user:secret@broker.example:8883/topic", "mqtts://broker.example:8883"),
        ("http://[2001:db8::1]:81/", "http://[2001:db8::1]:81"),
        ("http://town.example:port/secret", ""),
    ],
)
def test_a_receiver_is_named_without_what_opens_it(uri: str, shown: str) -> None:
    assert name_receiver(uri) == shown


def figure(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"mieone_broker_{name}", labels) or 0.0


async def test_what_a_worker_did_is_measured_by_whoever_is_asked(
    broker_client: AsyncClient, broker: Broker
) -> None:
    await subscribe(broker_client, "http://user:secret@127.0.0.1:9/nobody?key=secret")
    async with delivering(broker):
        await put_in(broker_client, 1, 10)
        await settled(broker)
        async with broker.house.database.transaction() as conn:
            await measure(broker.house, conn)

    tenant = (await broker.tenants.get(None)).name
    told = {
        state: figure("notifications", tenant=tenant, state=state)
        for state in ("due", "delivered", "waiting", "retrying", "dead", "dropped")
    }
    assert {state: count for state, count in told.items() if count} == {"due": 1, "dead": 1}
    attempts = [
        figure("notification_attempts", tenant=tenant, result=result)
        for result in ("sent", "failed")
    ]
    assert attempts == [4, 4]
    assert (figure("delivery_workers"), figure("delivery_parts_unheld")) == (1, 0)

    [given] = (await read_overview(broker)).given_up
    assert (given.receiver, given.dead.deliveries) == ("http://127.0.0.1:9", 1)
    assert "secret" not in (given.dead.last_error or "")


async def test_what_is_personal_is_counted(broker_client: AsyncClient) -> None:
    before = figure("personal_total", what="refused")
    body = {
        "id": "urn:ngsi-ld:T:1",
        "type": "T",
        "note": {"type": "Property", "value": "x", "classification": "personal"},
        "myNumber": {"type": "Property", "value": "123456789018"},
    }
    answered = await broker_client.post(ENTITIES, json=body)

    assert answered.status_code == 400
    assert figure("personal_total", what="refused") > before
