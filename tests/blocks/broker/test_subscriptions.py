"""Subscriptions over NGSI-LD: taken, shown, changed, ended."""

from datetime import UTC, datetime, timedelta

import pytest
from httpx import AsyncClient

PATH = "/ngsi-ld/v1/subscriptions"


def a_subscription(**members: object) -> dict[str, object]:
    return {
        "type": "Subscription",
        "entities": [{"type": "Shelter"}],
        "notification": {"endpoint": {"uri": "http://localhost:9/notify"}},
        **members,
    }


def in_hours(hours: float) -> str:
    at = datetime.now(UTC) + timedelta(hours=hours)
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


async def test_a_subscription_is_shown_as_it_was_made(broker_client: AsyncClient) -> None:
    sent = a_subscription(
        id="urn:ngsi-ld:Subscription:one",
        watchedAttributes=["occupancy"],
        q='occupancy>10;status=="open"',
        geoQ={
            "georel": "near;maxDistance==2000",
            "geometry": "Point",
            "coordinates": [136.2, 34.4],
        },
        scopeQ="/Mie/#",
        throttling=5,
        expiresAt=in_hours(1),
        notification={
            "attributes": ["occupancy"],
            "format": "keyValues",
            "endpoint": {
                "uri": "http://localhost:9/notify",
                "accept": "application/ld+json",
                "receiverInfo": [{"key": "X-Key", "value": "1"}],
            },
        },
    )

    made = await broker_client.post(PATH, json=sent)
    shown = await broker_client.get(f"{PATH}/urn:ngsi-ld:Subscription:one")

    assert made.status_code == 201, made.text
    assert made.headers["location"].endswith("urn:ngsi-ld:Subscription:one")
    expected = {
        **sent,
        "status": "active",
        "notificationTrigger": ["attributeCreated", "attributeUpdated"],
    }
    assert shown.json() == expected


@pytest.mark.parametrize(
    "wrong",
    [
        {"type": "Other"},
        {"entities": []},
        {"entities": [{"id": "urn:x:1"}]},
        {"entities": [{"type": "A", "idPattern": "("}]},
        {"throttling": -1},
        {"throttling": 5, "timeInterval": 5},
        {"timeInterval": 0},
        {"expiresAt": "2020-01-01T00:00:00Z"},
        {"expiresAt": None},
        {"q": "a>>"},
        {"geoQ": {"georel": "near"}},
        {"notificationTrigger": ["whenever"]},
        {"isActive": "yes"},
        {"notification": {}},
        {"notification": {"endpoint": {"uri": "nothing"}}},
        {"notification": {"endpoint": {"uri": "ftp://localhost/x"}}},
        {"notification": {"endpoint": {"uri": "http://169.254.169.254/latest"}}},
        {"notification": {"attributes": ["a"], "pick": ["b"], "endpoint": {"uri": "http://x.jp/"}}},
        {"notification": {"pick": ["b"], "omit": ["b"], "endpoint": {"uri": "http://x.jp/"}}},
        {"jsonldContext": "unknownContext"},
    ],
)
async def test_what_is_wrong_is_refused(
    broker_client: AsyncClient, wrong: dict[str, object]
) -> None:
    answered = await broker_client.post(PATH, json=a_subscription(**wrong))

    assert answered.status_code == 400, answered.text
    assert answered.json()["type"].endswith("/BadRequestData")


async def test_the_same_id_is_taken_once(broker_client: AsyncClient) -> None:
    one = a_subscription(id="urn:ngsi-ld:Subscription:one")

    first = await broker_client.post(PATH, json=one)
    second = await broker_client.post(PATH, json=one)

    assert (first.status_code, second.status_code) == (201, 409)


async def test_a_patch_pauses_wakes_and_keeps_what_must_be_there(
    broker_client: AsyncClient,
) -> None:
    location = (await broker_client.post(PATH, json=a_subscription())).headers["location"]

    async def status_after(**change: object) -> tuple[int, str]:
        answered = await broker_client.patch(location, json=change)
        return answered.status_code, (await broker_client.get(location)).json()["status"]

    assert await status_after(isActive=False) == (204, "paused")
    assert await status_after(isActive=True) == (204, "active")
    assert await status_after(expiresAt=in_hours(2)) == (204, "active")
    assert await status_after(expiresAt=None) == (204, "active")
    assert await status_after(expiresAt="2020-01-01T00:00:00Z") == (400, "active")
    assert await status_after(notification={"format": "keyValues"}) == (400, "active")
    assert await status_after(notification=None) == (400, "active")
    assert await status_after(entities=None) == (400, "active")


async def test_subscriptions_come_in_pages(broker_client: AsyncClient) -> None:
    for number in range(3):
        await broker_client.post(PATH, json=a_subscription(id=f"urn:x:{number}"))

    page = await broker_client.get(PATH, params={"limit": 1, "offset": 1, "count": "true"})

    assert [one["id"] for one in page.json()] == ["urn:x:1"]
    assert page.headers["NGSILD-Results-Count"] == "3"
    assert 'rel="next"' in page.headers["link"]
    assert 'rel="prev"' in page.headers["link"]


async def test_what_is_not_there_is_not_found(broker_client: AsyncClient) -> None:
    assert (await broker_client.get(f"{PATH}/urn:x:none")).status_code == 404
    assert (
        await broker_client.patch(f"{PATH}/urn:x:none", json={"isActive": True})
    ).status_code == 404
    assert (await broker_client.delete(f"{PATH}/urn:x:none")).status_code == 404
    assert (await broker_client.get(f"{PATH}/none")).status_code == 400
    assert (await broker_client.patch(f"{PATH}/", json={"isActive": True})).status_code == 405
