"""Brokers that ask and tell each other, over real ports."""

import asyncio

import httpx
import pytest
from aiohttp import web

from tests.blocks.broker.installations import listening

from .saying import BATCH, ENTITIES, ONE, local, register, shelter, value


async def test_what_is_there_is_read_here(
    here: httpx.AsyncClient, there: httpx.AsyncClient
) -> None:
    await there.post(ENTITIES, json=shelter(capacity=value(7)))
    await register(here, there.base_url)

    one = await here.get(f"{ENTITIES}/{ONE}")
    many = await here.get(ENTITIES, params={"type": "Shelter", "q": "capacity>6"})
    none = await here.get(ENTITIES, params={"type": "Shelter", "q": "capacity>7"})

    assert one.status_code == 200, one.text
    assert one.json()["capacity"]["value"] == 7
    assert [entity["id"] for entity in many.json()] == [ONE]
    assert none.json() == []
    assert (await local(here)).status_code == 404


async def test_two_halves_are_one_entity(here: httpx.AsyncClient, there: httpx.AsyncClient) -> None:
    await here.post(ENTITIES, json=shelter(name=value("school")))
    await there.post(ENTITIES, json=shelter(capacity=value(7)))
    await register(here, there.base_url, names=["capacity"])

    found = await here.get(
        ENTITIES, params={"type": "Shelter", "q": 'capacity==7;name=="school"', "count": "true"}
    )

    (entity,) = found.json()
    assert {"name", "capacity"} <= entity.keys()
    assert found.headers["NGSILD-Results-Count"] == "1"


@pytest.mark.parametrize("newer_is_there", [True, False])
async def test_of_two_values_the_newer_one_counts(
    here: httpx.AsyncClient, there: httpx.AsyncClient, newer_is_there: bool
) -> None:
    older, newer = (here, there) if newer_is_there else (there, here)
    await older.post(ENTITIES, json=shelter(capacity=value(1)))
    await newer.post(ENTITIES, json=shelter(capacity=value(2)))
    await register(here, there.base_url)

    one = await here.get(f"{ENTITIES}/{ONE}")
    (of_many,) = (await here.get(ENTITIES, params={"type": "Shelter"})).json()

    assert one.json()["capacity"]["value"] == 2
    assert of_many["capacity"]["value"] == 2
    assert "modifiedAt" not in one.json()["capacity"]


async def test_an_observation_outdates_a_later_writing(
    here: httpx.AsyncClient, there: httpx.AsyncClient
) -> None:
    await there.post(ENTITIES, json=shelter(level=value(2, observedAt="2026-02-02T00:00:00Z")))
    await here.post(ENTITIES, json=shelter(level=value(1, observedAt="2026-01-01T00:00:00Z")))
    await register(here, there.base_url)

    assert (await here.get(f"{ENTITIES}/{ONE}")).json()["level"]["value"] == 2


async def test_where_others_are_asked_no_order_is_kept(
    here: httpx.AsyncClient, there: httpx.AsyncClient
) -> None:
    await register(here, there.base_url)
    asked = {"type": "Shelter", "orderBy": "name"}

    refused = await here.get(ENTITIES, params=asked)
    taken = await here.get(ENTITIES, params=asked | {"local": "true"})
    nobodys = await here.get(ENTITIES, params=asked | {"type": "School"})

    assert [one.status_code for one in (refused, taken, nobodys)] == [400, 200, 200]


async def test_split_entities_are_joined_before_they_are_judged(
    here: httpx.AsyncClient, there: httpx.AsyncClient
) -> None:
    await here.post(ENTITIES, json=shelter(capacity=value(1)))
    await there.post(ENTITIES, json=shelter(name=value("school")))
    await register(here, there.base_url)
    asked = {"type": "Shelter", "q": 'capacity==1;name=="school"', "splitEntities": "true"}

    found = await here.get(ENTITIES, params=asked)

    assert [one["id"] for one in found.json()] == [ONE]


async def test_an_auxiliary_source_only_fills_gaps(
    here: httpx.AsyncClient, there: httpx.AsyncClient
) -> None:
    await here.post(ENTITIES, json=shelter(capacity=value(1)))
    await there.post(ENTITIES, json=shelter(capacity=value(2), name=value("school")))
    await register(here, there.base_url, mode="auxiliary", operations=["retrieveOps"])

    found = (await here.get(f"{ENTITIES}/{ONE}")).json()

    assert found["capacity"]["value"] == 1
    assert found["name"]["value"] == "school"


async def test_an_exclusive_attribute_is_kept_there_alone(
    here: httpx.AsyncClient, there: httpx.AsyncClient
) -> None:
    await there.post(ENTITIES, json=shelter(other=value(0)))
    await here.post(ENTITIES, json=shelter(name=value("school")))
    await register(
        here,
        there.base_url,
        mode="exclusive",
        names=["capacity"],
        entities=[{"type": "Shelter", "id": ONE}],
    )

    written = await here.post(
        f"{ENTITIES}/{ONE}/attrs", json={"capacity": value(9), "name": value("hall")}
    )
    ours = (await local(here)).json()
    theirs = (await local(there)).json()
    joined = (await here.get(f"{ENTITIES}/{ONE}")).json()

    assert written.status_code == 204, written.text
    assert "capacity" not in ours
    assert ours["name"]["value"] == "hall"
    assert theirs["capacity"]["value"] == 9
    assert "name" not in theirs
    assert joined["capacity"]["value"] == 9
    assert "other" not in joined


async def test_a_redirected_entity_lives_there(
    here: httpx.AsyncClient, there: httpx.AsyncClient
) -> None:
    await register(here, there.base_url, mode="redirect")

    made = await here.post(ENTITIES, json=shelter(capacity=value(1)))
    patched = await here.patch(f"{ENTITIES}/{ONE}/attrs/capacity", json={"value": 2})
    seen = (await here.get(f"{ENTITIES}/{ONE}")).json()
    kept_here = (await local(here)).status_code
    gone = await here.delete(f"{ENTITIES}/{ONE}")
    unknown = await here.delete(f"{ENTITIES}/{ONE}")

    assert (made.status_code, patched.status_code, gone.status_code) == (201, 204, 204)
    assert seen["capacity"]["value"] == 2
    assert kept_here == 404
    assert (await local(there)).status_code == 404
    assert unknown.status_code == 404
    assert unknown.json()["type"].endswith("/ResourceNotFound")


async def test_a_batch_is_told_at_once(here: httpx.AsyncClient, there: httpx.AsyncClient) -> None:
    await register(here, there.base_url)
    two = [
        shelter(capacity=value(1)),
        {**shelter(capacity=value(2)), "id": "urn:ngsi-ld:Shelter:2"},
    ]

    made = await here.post(f"{BATCH}/create", json=two)
    again = await here.post(f"{BATCH}/create", json=two[:1])
    gone = await here.post(f"{BATCH}/delete", json=[one["id"] for one in two])

    assert made.status_code == 201
    assert sorted(made.json()) == [ONE, "urn:ngsi-ld:Shelter:2"]
    assert again.status_code == 207
    errors = again.json()["errors"]
    assert [one["error"]["status"] for one in errors] == [409, 409]
    assert ["registrationId" in one for one in errors] == [False, True]
    assert gone.status_code == 204
    assert (await local(there)).status_code == 404


async def test_what_fails_in_one_place_is_told(
    here: httpx.AsyncClient, there: httpx.AsyncClient
) -> None:
    await there.post(ENTITIES, json=shelter())
    await register(here, there.base_url, id="urn:ngsi-ld:ContextSourceRegistration:1")

    made = await here.post(ENTITIES, json=shelter())

    assert made.status_code == 207
    (error,) = made.json()["errors"]
    assert error["registrationId"] == "urn:ngsi-ld:ContextSourceRegistration:1"
    assert error["error"]["status"] == 409
    assert (await local(here)).status_code == 200


async def test_nobody_turns_in_a_circle(here: httpx.AsyncClient, there: httpx.AsyncClient) -> None:
    await register(here, there.base_url)
    await register(there, here.base_url)

    made = await here.post(ENTITIES, json=shelter(capacity=value(1)))
    read = await here.get(f"{ENTITIES}/{ONE}")
    asked = await there.get(ENTITIES, params={"type": "Shelter"})

    assert made.status_code == 201, made.text
    assert read.status_code == 200
    assert "NGSILD-Warning" not in read.headers
    assert [one["id"] for one in asked.json()] == [ONE]


async def test_a_broker_of_v2_is_asked_and_told(
    here: httpx.AsyncClient, there: httpx.AsyncClient
) -> None:
    room = {"id": "room1", "type": "Room", "temperature": {"type": "Number", "value": 21}}
    await there.post("/v2/entities", json=room)
    await register(
        here,
        f"{there.base_url}/v2",
        mode="redirect",
        entities=[{"type": "Room"}],
        contextSourceInfo=[{"key": "protocol", "value": "ngsi-v2"}],
    )
    path = f"{ENTITIES}/urn:ngsi-ld:Room:room1"

    read = await here.get(path)
    found = await here.get(ENTITIES, params={"type": "Room", "q": "temperature>20"})
    none = await here.get(ENTITIES, params={"type": "Room", "q": "temperature>21"})
    written = await here.post(f"{path}/attrs", json={"temperature": value(23)})
    seen = await there.get("/v2/entities/room1/attrs/temperature/value")

    assert read.status_code == 200, read.text
    assert read.json()["temperature"]["value"] == 21
    assert [one["id"] for one in found.json()] == ["urn:ngsi-ld:Room:room1"]
    assert none.json() == []
    assert written.status_code == 204, written.text
    assert seen.json() == 23


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [(403, "{}", 299), (500, "", 299), (200, "no JSON", 111), (404, "", 0)],
)
async def test_a_warning_says_what_was_wrong_where_nothing_was_found(
    here: httpx.AsyncClient, status: int, body: str, code: int
) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, text=body, content_type="application/json")

    async with listening(answer) as url:
        await register(here, url, id="urn:x:odd")

        found = await here.get(f"{ENTITIES}/{ONE}")

    assert found.status_code == 404
    warning = found.headers.get("NGSILD-Warning", "0 ")
    assert warning.split(" ")[0] == str(code)


async def test_a_dead_source_is_a_warning(here: httpx.AsyncClient) -> None:
    await here.post(ENTITIES, json=shelter(capacity=value(1)))
    await register(
        here, "http://127.0.0.1:9", id="urn:x:dead", management={"timeout": 300, "cooldown": 60000}
    )

    first = await here.get(f"{ENTITIES}/{ONE}")
    second = await here.get(ENTITIES, params={"type": "Shelter"})

    assert first.status_code == 200
    assert first.json()["capacity"]["value"] == 1
    assert first.headers["NGSILD-Warning"].startswith('199 urn:x:dead "')
    assert "left alone" in second.headers["NGSILD-Warning"]


@pytest.mark.parametrize(
    "body",
    [b"", b"[", b'"text"', b"[1, null, {}]", b'{"id": 5}', b"[" * 500, b'[{"id":"urn:x:1"}]'],
)
async def test_nonsense_from_a_source_does_no_harm(here: httpx.AsyncClient, body: bytes) -> None:
    async def nonsense(request: web.Request) -> web.Response:
        return web.Response(body=body, content_type="application/json")

    await here.post(ENTITIES, json=shelter(capacity=value(1)))
    async with listening(nonsense) as url:
        await register(here, url)

        one = await here.get(f"{ENTITIES}/{ONE}")
        many = await here.get(ENTITIES, params={"type": "Shelter"})

    assert one.json()["capacity"]["value"] == 1
    assert [entity["id"] for entity in many.json()] == [ONE]


async def test_a_source_tells_only_what_it_is_registered_for(here: httpx.AsyncClient) -> None:
    async def tell(request: web.Request) -> web.Response:
        told = shelter(capacity=value(1), name=value("forged"), birthDate=value("1950-01-01"))
        other = {"id": "urn:ngsi-ld:Bank:1", "type": "Bank"}
        return web.json_response([told, other])

    async with listening(tell) as url:
        await register(here, url, names=["capacity", "birthDate"])

        found = await here.get(ENTITIES, params={"type": "Shelter,Bank"})

    (entity,) = found.json()
    assert entity.keys() == {"id", "type", "capacity"}
    assert found.headers["NGSILD-Warning"].startswith("299 ")


async def test_a_slow_source_keeps_nobody_waiting(here: httpx.AsyncClient) -> None:
    async def wait(request: web.Request) -> web.Response:
        await asyncio.sleep(30)
        return web.json_response([])

    async with listening(wait) as url, asyncio.timeout(25):
        await register(here, url, management={"timeout": 200})

        found = await here.get(ENTITIES, params={"type": "Shelter"})

    assert found.status_code == 200
    assert "no answer in time" in found.headers["NGSILD-Warning"]


async def test_a_source_is_told_who_asks_and_how(here: httpx.AsyncClient) -> None:
    heard: list[httpx.Headers] = []

    async def listen(request: web.Request) -> web.Response:
        heard.append(httpx.Headers(list(request.headers.items())))
        return web.json_response([])

    async with listening(listen) as url:
        await register(
            here,
            url,
            tenant="ise",
            contextSourceInfo=[
                {"key": "X-Key", "value": "1"},
                {"key": "Host", "value": "evil.example"},
            ],
        )
        await here.get(ENTITIES, params={"type": "Shelter"}, headers={"Via": "1.1 somebody"})

    (headers,) = heard
    assert headers["NGSILD-Tenant"] == "ise"
    assert headers["X-Key"] == "1"
    assert headers["Host"].startswith("127.0.0.1:")
    first, own = headers["Via"].split(", ")
    assert first == "1.1 somebody"
    assert own.startswith("1.1 mieone-")
    again = await here.get(ENTITIES, params={"type": "Shelter"}, headers={"Via": own})
    assert again.status_code == 508


async def test_types_and_attributes_of_everybody_are_known(
    here: httpx.AsyncClient, there: httpx.AsyncClient
) -> None:
    other = {"id": "urn:ngsi-ld:Bank:1", "type": "Bank", "name": value("B")}
    await here.post(ENTITIES, json=shelter(name=value("school")))
    await there.post(ENTITIES, json=shelter(capacity=value(7)))
    await there.post(ENTITIES, json=other)
    await register(here, there.base_url)

    types = (await here.get("/ngsi-ld/v1/types")).json()["typeList"]
    detailed = (await here.get("/ngsi-ld/v1/types", params={"details": "true"})).json()
    one = (await here.get("/ngsi-ld/v1/types/Shelter")).json()
    names = (await here.get("/ngsi-ld/v1/attributes")).json()["attributeList"]
    capacity = (await here.get("/ngsi-ld/v1/attributes/capacity")).json()

    assert types == ["Shelter"]
    assert sorted(detailed[0]["attributeNames"]) == ["capacity", "name"]
    assert one["entityCount"] == 2
    assert {detail["attributeName"] for detail in one["attributeDetails"]} == {"capacity", "name"}
    assert sorted(names) == ["capacity", "name"]
    assert capacity["attributeTypes"] == ["Property"]
    assert capacity["typeNames"] == ["Shelter"]


@pytest.mark.parametrize("form", ["normalized", "temporalValues"])
async def test_two_histories_are_one(
    here: httpx.AsyncClient, there: httpx.AsyncClient, form: str
) -> None:
    temporal = "/ngsi-ld/v1/temporal/entities"
    for client, days in ((here, (1, 3)), (there, (2, 3))):
        levels = [value(day, observedAt=f"2026-01-0{day}T00:00:00Z") for day in days]
        made = await client.post(temporal, json=shelter(level=levels))
        assert made.status_code == 201, made.text
    await register(here, there.base_url, operations=["retrieveTemporal", "queryTemporal"])
    span = {"timerel": "after", "timeAt": "2025-01-01T00:00:00Z", "format": form}

    one = (await here.get(f"{temporal}/{ONE}", params=span)).json()
    (of_many,) = (await here.get(temporal, params={"type": "Shelter", **span})).json()

    for found in (one, of_many):
        if form == "normalized":
            days = [instance["value"] for instance in found["level"]]
            assert days in ([1, 2, 3], [1, 2, 3, 3])
        else:
            assert [pair[0] for pair in found["level"]["values"]] == [1, 2, 3]
