"""Registrations of context sources, and subscriptions to them, over HTTP."""

from datetime import UTC, datetime, timedelta

import httpx
import msgspec
import pytest

from mieone.core.block import Block
from mieone.core.clock import FixedClock
from mieone.core.database import PooledDatabase
from mieone.core.house import House

PATH = "/ngsi-ld/v1/csourceRegistrations"
WATCHES = "/ngsi-ld/v1/csourceSubscriptions"
OWN = "https://uri.etsi.org/ngsi-ld/default-context/"


def registration(**changes: object) -> dict[str, object]:
    return {
        "id": "urn:ngsi-ld:ContextSourceRegistration:1",
        "type": "ContextSourceRegistration",
        "information": [
            {
                "entities": [{"type": "Shelter", "idPattern": "urn:ngsi-ld:Shelter:.*"}],
                "propertyNames": ["capacity"],
                "relationshipNames": ["locatedIn"],
            }
        ],
        "endpoint": "http://source.example:1026",
        **changes,
    }


def watch(**changes: object) -> dict[str, object]:
    return {
        "id": "urn:ngsi-ld:Subscription:1",
        "type": "Subscription",
        "entities": [{"type": "Shelter"}],
        "notification": {"endpoint": {"uri": "http://listener.example/notify"}},
        **changes,
    }


async def test_a_registration_is_shown_as_it_came(broker_client: httpx.AsyncClient) -> None:
    sent = registration(
        registrationName="six towns",
        mode="exclusive",
        operations=["retrieveOps"],
        expiresAt="2099-01-01T00:00:00Z",
        contextSourceInfo=[{"key": "X-Key", "value": "1"}],
        management={"timeout": 500, "cooldown": 1000, "localOnly": True},
        location={"type": "Point", "coordinates": [136.5, 34.4]},
        tenant="ise",
        priority=5,
    )

    made = await broker_client.post(PATH, json=sent)
    shown = await broker_client.get(made.headers["location"])

    assert made.status_code == 201, made.text
    assert shown.json() == sent


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "Registration"},
        {"information": []},
        {"information": None},
        {"information": [{}]},
        {"information": [{"entities": [{"id": "urn:x:1"}]}]},
        {"information": [{"entities": [{"type": "A", "id": "1"}]}]},
        {"information": [{"entities": [{"type": "A", "idPattern": "(("}]}]},
        {"information": [{"propertyNames": []}]},
        {"endpoint": "nowhere"},
        {"endpoint": "ftp://source.example"},
        {"mode": "selfish"},
        {"mode": "exclusive", "information": [{"entities": [{"type": "A"}]}]},
        {"mode": "auxiliary", "operations": ["retrieveOps", "updateOps"]},
        {"operations": ["everything"]},
        {"expiresAt": "2001-01-01T00:00:00Z"},
        {"expiresAt": "tomorrow"},
        {"observationInterval": {"endAt": "2001-01-01T00:00:00Z"}},
        {"management": {"timeout": -1}},
        {"management": {"cacheDuration": "an hour"}},
        {"contextSourceInfo": [{"key": "a b", "value": "x"}]},
        {"contextSourceInfo": [{"key": "A", "value": "x\r\nHost: evil"}]},
        {"location": {"type": "Point", "coordinates": [500, 0]}},
        {"id": "no uri"},
    ],
)
async def test_what_is_no_registration_is_refused(
    broker_client: httpx.AsyncClient, changes: dict[str, object]
) -> None:
    response = await broker_client.post(PATH, json=registration(**changes))

    assert response.status_code == 400, response.text
    assert response.json()["type"].endswith("/BadRequestData")


async def test_an_id_is_registered_once(broker_client: httpx.AsyncClient) -> None:
    await broker_client.post(PATH, json=registration())

    again = await broker_client.post(PATH, json=registration())

    assert again.status_code == 409
    assert again.json()["type"].endswith("/AlreadyExists")


async def test_what_is_held_in_one_place_is_registered_once(
    broker_client: httpx.AsyncClient,
) -> None:
    other = registration(id="urn:ngsi-ld:ContextSourceRegistration:2", mode="redirect")
    apart = registration(
        id="urn:ngsi-ld:ContextSourceRegistration:3",
        mode="exclusive",
        information=[
            {
                "entities": [{"type": "Shelter", "id": "urn:ngsi-ld:Shelter:1"}],
                "propertyNames": ["name"],
            }
        ],
    )
    await broker_client.post(PATH, json=registration(mode="exclusive"))

    refused = await broker_client.post(PATH, json=other)
    let = await broker_client.post(PATH, json=apart)

    assert refused.status_code == 409
    assert refused.json()["type"].endswith("/Conflict")
    assert let.status_code == 201


async def test_an_auxiliary_source_is_read(broker_client: httpx.AsyncClient) -> None:
    every = registration(mode="auxiliary")
    some = registration(
        id="urn:ngsi-ld:ContextSourceRegistration:2", mode="auxiliary", operations=["retrieveOps"]
    )

    made = [await broker_client.post(PATH, json=one) for one in (every, some)]

    assert [one.status_code for one in made] == [201, 201]


async def test_a_patch_changes_and_removes(broker_client: httpx.AsyncClient) -> None:
    await broker_client.post(PATH, json=registration(description="old", priority=1))
    path = f"{PATH}/urn:ngsi-ld:ContextSourceRegistration:1"

    done = await broker_client.patch(
        path, json={"endpoint": "http://new.example", "description": None, "priority": 2}
    )
    shown = (await broker_client.get(path)).json()
    refused = await broker_client.patch(path, json={"information": None})
    unknown = await broker_client.patch(f"{PATH}/urn:x:2", json={"endpoint": "http://a.example"})

    assert (done.status_code, refused.status_code, unknown.status_code) == (204, 400, 404)
    assert shown["endpoint"] == "http://new.example"
    assert shown["priority"] == 2
    assert "description" not in shown


async def test_sources_are_found_by_what_they_hold(broker_client: httpx.AsyncClient) -> None:
    await broker_client.post(PATH, json=registration(priority=5))

    async def found(**asked: str) -> int:
        response = await broker_client.get(PATH, params=asked)
        assert response.status_code == 200, response.text
        return len(response.json())

    assert await found(type="Shelter") == 1
    assert await found(type="Station") == 0
    assert await found(attrs="capacity,name") == 1
    assert await found(attrs="name") == 0
    assert await found(id="urn:ngsi-ld:Shelter:7") == 1
    assert await found(id="urn:ngsi-ld:Station:7") == 0
    assert await found(type="Shelter", csf="priority==5") == 1
    assert await found(type="Shelter", csf="priority>5") == 0
    history = {"timerel": "before", "timeAt": "2026-01-01T00:00:00Z"}
    assert await found(type="Shelter", **history) == 0
    assert (await broker_client.get(PATH)).status_code == 400
    assert (await broker_client.get(PATH, params={"timerel": "before"})).status_code == 400


async def test_a_source_ends(broker_client: httpx.AsyncClient) -> None:
    path = f"{PATH}/urn:ngsi-ld:ContextSourceRegistration:1"
    await broker_client.post(PATH, json=registration())

    gone = await broker_client.delete(path)
    again = await broker_client.delete(path)

    assert (gone.status_code, again.status_code) == (204, 404)
    assert (await broker_client.get(path)).status_code == 404


async def bodies(database: PooledDatabase) -> list[dict[str, object]]:
    async with database.transaction() as conn:
        rows = await conn.fetch(
            "SELECT body FROM broker.delivery WHERE body IS NOT NULL ORDER BY delivery_id"
        )
    return [msgspec.json.decode(row["body"]) for row in rows]


async def test_whoever_watches_is_told_of_sources(
    broker_client: httpx.AsyncClient, database: PooledDatabase
) -> None:
    path = f"{PATH}/urn:ngsi-ld:ContextSourceRegistration:1"
    information = [{"entities": [{"type": "Station"}]}, *registration()["information"]]  # type: ignore[misc]

    subscribed = await broker_client.post(WATCHES, json=watch())
    await broker_client.post(PATH, json=registration(information=information))
    await broker_client.patch(path, json={"endpoint": "http://new.example"})
    await broker_client.patch(path, json={"information": information[:1]})
    await broker_client.patch(path, json={"endpoint": "http://newer.example"})
    told = await bodies(database)

    assert subscribed.status_code == 201, subscribed.text
    assert [one["triggerReason"] for one in told] == [
        "newlyMatching",
        "updated",
        "noLongerMatching",
    ]
    assert {one["type"] for one in told} == {"ContextSourceNotification"}
    (first,) = told[0]["data"]  # type: ignore[misc]
    assert [info["entities"][0]["type"] for info in first["information"]] == [["Shelter"]]  # type: ignore[index]


async def test_a_subscription_begins_with_what_is_there(
    broker_client: httpx.AsyncClient, database: PooledDatabase
) -> None:
    await broker_client.post(PATH, json=registration())

    await broker_client.post(WATCHES, json=watch(entities=[{"type": "Station"}]))
    before = await bodies(database)
    changed = await broker_client.patch(
        f"{WATCHES}/urn:ngsi-ld:Subscription:1", json={"entities": [{"type": "Shelter"}]}
    )
    after = await bodies(database)

    assert changed.status_code == 204
    assert before == []
    assert [one["triggerReason"] for one in after] == ["newlyMatching"]


async def test_what_comes_by_the_clock_comes_although_nothing_fits(
    broker_client: httpx.AsyncClient, database: PooledDatabase
) -> None:
    subscribed = await broker_client.post(WATCHES, json=watch(timeInterval=60))
    told = await bodies(database)

    assert subscribed.status_code == 201, subscribed.text
    assert [one["data"] for one in told] == [[]]


async def test_a_watch_is_shown_and_ends(broker_client: httpx.AsyncClient) -> None:
    path = f"{WATCHES}/urn:ngsi-ld:Subscription:1"
    await broker_client.post(WATCHES, json=watch())

    shown = (await broker_client.get(path)).json()
    listed = await broker_client.get(WATCHES, params={"count": "true"})
    of_entities = await broker_client.get("/ngsi-ld/v1/subscriptions/urn:ngsi-ld:Subscription:1")
    gone = await broker_client.delete(path)

    assert shown["status"] == "active"
    assert [one["status"] for one in listed.json()] == ["active"]
    assert "notificationTrigger" not in shown
    assert listed.headers["NGSILD-Results-Count"] == "1"
    assert of_entities.status_code == 404
    assert gone.status_code == 204
    assert (await broker_client.get(path)).status_code == 404


async def test_a_page_of_watches_names_its_neighbours_alone(
    broker_client: httpx.AsyncClient,
) -> None:
    made = await broker_client.post(
        "/ngsi-ld/v1/jsonldContexts", json={"@context": {"Shelter": "https://one.example/Shelter"}}
    )
    url = str(broker_client.base_url.join(made.headers["Location"]))
    named = {"Link": f'<{url}>; rel="http://www.w3.org/ns/json-ld#context"'}
    for number in range(3):
        await broker_client.post(WATCHES, json=watch(id=f"urn:ngsi-ld:Subscription:{number}"))
    page = {"limit": "1", "offset": "1"}

    of_one_who_knows = await broker_client.get(WATCHES, params=page, headers=named)
    of_another = await broker_client.get(WATCHES, params=page)
    of_all = await broker_client.get(WATCHES, headers=named)

    assert of_one_who_knows.headers["Link"] == ", ".join(
        f'<{WATCHES}?limit=1&offset={offset}>;rel="{relation}";type="application/ld+json"'
        for offset, relation in ((0, "prev"), (2, "next"))
    )
    assert "json-ld#context" in of_another.headers["Link"]
    assert url in of_all.headers["Link"]


def in_days(days: int) -> datetime:
    return datetime.now(UTC) + timedelta(days=days)


async def test_a_source_that_is_over_ends_and_whoever_watches_is_told(
    broker_client: httpx.AsyncClient,
    broker_block: Block,
    broker_house: House,
    database: PooledDatabase,
) -> None:
    (job,) = (one for one in broker_block.jobs if one.name == "broker.end_expired_registrations")
    other = "urn:ngsi-ld:ContextSourceRegistration:2"
    await broker_client.post(WATCHES, json=watch())
    await broker_client.post(PATH, json=registration(expiresAt=in_days(1).isoformat()))
    await broker_client.post(PATH, json=registration(id=other))

    too_early = await job.run(broker_house)
    broker_house.clock = FixedClock(in_days(2))
    ended, again = await job.run(broker_house), await job.run(broker_house)
    left = await broker_client.get(PATH, params={"type": "Shelter"})

    assert (too_early, ended, again) == (0, 1, 0)
    assert [one["id"] for one in left.json()] == [other]
    assert (await bodies(database))[-1]["triggerReason"] == "noLongerMatching"


async def test_the_id_of_a_source_that_is_over_is_free(
    broker_client: httpx.AsyncClient, broker_house: House
) -> None:
    first = await broker_client.post(PATH, json=registration(expiresAt=in_days(1).isoformat()))
    taken = await broker_client.post(PATH, json=registration())
    broker_house.clock = FixedClock(in_days(2))

    path = f"{PATH}/{registration()['id']}"
    changed = await broker_client.patch(path, json={"endpoint": "http://new.example"})
    free = await broker_client.post(PATH, json=registration())

    assert [one.status_code for one in (first, taken, changed, free)] == [201, 409, 404, 201]
