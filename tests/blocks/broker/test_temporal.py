"""Histories over HTTP: what is written through either API, and what is asked of time."""

from typing import Any

import httpx

LD = "/ngsi-ld/v1"
TIME = "2026-07-01T{:02}:00:00Z"


def series(*values: Any, dataset: str | None = None) -> list[dict[str, Any]]:
    """One instance an hour."""
    extra = {} if dataset is None else {"datasetId": dataset}
    return [
        {"type": "Property", "value": value, "observedAt": TIME.format(hour), **extra}
        for hour, value in enumerate(values)
    ]


async def given(client: httpx.AsyncClient, entity_id: str, **attributes: Any) -> None:
    body = {"id": entity_id, "type": "Gauge", **attributes}
    response = await client.post(f"{LD}/temporal/entities", json=body)
    assert response.status_code == 201, response.text


async def test_what_is_written_now_is_in_the_history_in_order(
    broker_client: httpx.AsyncClient,
) -> None:
    entity = {"id": "urn:x:1", "type": "Gauge", "level": {"type": "Property", "value": 0}}
    assert (await broker_client.post(f"{LD}/entities", json=entity)).status_code == 201
    for value in range(1, 6):
        change = {"level": {"type": "Property", "value": value}}
        response = await broker_client.patch(f"{LD}/entities/urn:x:1/attrs", json=change)
        assert response.status_code == 204, response.text

    found = await broker_client.get(f"{LD}/temporal/entities/urn:x:1")

    assert found.status_code == 200, found.text
    assert [one["value"] for one in found.json()["level"]] == [0, 1, 2, 3, 4, 5]
    deleted = await broker_client.delete(f"{LD}/entities/urn:x:1")
    assert deleted.status_code == 204
    gone = await broker_client.get(f"{LD}/temporal/entities/urn:x:1?timeproperty=deletedAt")
    assert [one["value"] for one in gone.json()["level"]] == ["urn:ngsi-ld:null"]
    assert "deletedAt" in gone.json()["level"][0]


async def test_a_history_is_no_state_of_now(broker_client: httpx.AsyncClient) -> None:
    await given(broker_client, "urn:x:2", level=series(1, 2))

    now = await broker_client.get(f"{LD}/entities/urn:x:2")

    assert now.status_code == 404
