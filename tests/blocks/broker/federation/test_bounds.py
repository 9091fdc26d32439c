"""Nobody is asked, or made to delete, more than it is registered for or was asked of us."""

import asyncio
from urllib.parse import parse_qs

import httpx
import pytest
from aiohttp import web

from tests.blocks.broker.installations import listening

from .saying import ENTITIES, ONE, local, register, shelter, value

TWO = "urn:ngsi-ld:Shelter:2"


def bank(**attributes: object) -> dict[str, object]:
    return {"id": "urn:ngsi-ld:Bank:1", "type": "Bank", **attributes}


class Hearing:
    """A source that remembers what it was asked, and has nothing."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, dict[str, list[str]]]] = []

    async def hear(self, request: web.Request) -> web.Response:
        self.heard.append((request.method, parse_qs(request.query_string)))
        return web.json_response([]) if request.method == "GET" else web.Response(status=204)


async def test_a_question_names_only_what_the_source_is_registered_for(
    here: httpx.AsyncClient,
) -> None:
    source = Hearing()
    async with listening(source.hear) as url:
        await register(here, url, entities=[{"type": "Shelter", "id": ONE}])
        await here.get(ENTITIES, params={"type": "Shelter,Bank", "id": f"{ONE},{TWO}"})

    ((_, asked),) = source.heard
    assert asked["type"] == ["Shelter"]
    assert asked["id"] == [ONE]


async def test_a_condition_on_what_lies_elsewhere_is_judged_on_the_whole_entity(
    here: httpx.AsyncClient, there: httpx.AsyncClient
) -> None:
    await here.post(ENTITIES, json=shelter(name=value("school")))
    await there.post(ENTITIES, json=shelter(capacity=value(7), level=value(2)))
    await register(here, there.base_url, names=["capacity", "level"])
    asked = {"type": "Shelter", "attrs": "capacity"}

    by_ours = await here.get(ENTITIES, params={**asked, "q": 'name=="school"'})
    by_both = await here.get(ENTITIES, params={**asked, "q": 'level==2;name=="school"'})
    by_none = await here.get(ENTITIES, params={**asked, "q": 'level==3;name=="school"'})
    without = await here.get(ENTITIES, params={"type": "Shelter", "q": "!capacity"})

    assert [one["id"] for one in by_ours.json()] == [ONE]
    assert by_both.json()[0].keys() == {"id", "type", "capacity"}
    assert by_none.json() == []
    assert without.json() == []


async def test_pages_reach_the_last_entity_though_somebody_is_registered(
    here: httpx.AsyncClient, there: httpx.AsyncClient
) -> None:
    ids = [f"urn:ngsi-ld:Shelter:{number:05}" for number in range(1100)]
    for client, some in ((here, ids[:1050]), (there, ids[1050:])):
        for start in range(0, len(some), 500):
            batch = [{"id": one, "type": "Shelter"} for one in some[start : start + 500]]
            made = await client.post("/ngsi-ld/v1/entityOperations/create", json=batch)
            assert made.status_code == 201
    await register(here, "http://127.0.0.1:9", entities=[{"type": "Bank"}])
    alone = await here.get(ENTITIES, params={"type": "Shelter", "offset": "1040", "limit": "100"})
    await register(here, there.base_url)

    both = await here.get(ENTITIES, params={"type": "Shelter", "offset": "1040", "limit": "100"})
    beyond = await here.get(ENTITIES, params={"type": "Shelter", "offset": "10000"})

    assert [one["id"] for one in alone.json()] == ids[1040:1050]
    assert [one["id"] for one in both.json()] == ids[1040:]
    assert beyond.status_code == 403


async def test_a_source_with_many_entities_is_asked_page_by_page(here: httpx.AsyncClient) -> None:
    offsets: list[int] = []

    async def tell(request: web.Request) -> web.Response:
        start, limit = (int(request.query.get(name, "0")) for name in ("offset", "limit"))
        offsets.append(start)
        ids = range(start, min(start + limit, 2500))
        return web.json_response(
            [{"id": f"urn:ngsi-ld:Shelter:{one}", "type": "Shelter"} for one in ids]
        )

    async with listening(tell) as url:
        await register(here, url)
        page = await here.get(
            ENTITIES, params={"type": "Shelter", "offset": "2490", "limit": "1000"}
        )

    assert len(page.json()) == 10
    assert offsets == [0, 1000, 2000]


async def test_a_purge_deletes_nothing_else_there(
    here: httpx.AsyncClient, there: httpx.AsyncClient
) -> None:
    await there.post(ENTITIES, json=shelter(capacity=value(1), open=value(True)))
    await there.post(ENTITIES, json={**shelter(capacity=value(9)), "id": TWO})
    await there.post(ENTITIES, json=bank(capacity=value(1)))
    await here.post(ENTITIES, json=shelter(name=value("school")))
    await register(
        here,
        there.base_url,
        mode="exclusive",
        names=["capacity"],
        entities=[{"type": "Shelter", "id": ONE}],
    )

    missed = await here.delete(ENTITIES, params={"type": "Shelter", "q": 'name=="hall"'})
    kept = (await local(there)).json()
    met = await here.delete(ENTITIES, params={"type": "Shelter,Bank", "q": 'name=="school"'})

    assert (missed.status_code, met.status_code) == (204, 204), met.text
    assert kept.keys() >= {"capacity", "open"}
    left = (await local(there)).json()
    assert left.keys() >= {"open"}
    assert "capacity" not in left
    assert (await local(here)).status_code == 404
    for other in (TWO, "urn:ngsi-ld:Bank:1"):
        assert (await local(there, other)).json()["capacity"]


@pytest.mark.parametrize(
    "params",
    [
        {"type": "Shelter", "attrs": "capacity"},
        {"type": "Shelter,Bank", "id": ONE},
        {"type": "Shelter,Bank", "idPattern": ":1$"},
        {"type": "Shelter,Bank", "q": "capacity>1"},
    ],
)
async def test_a_purge_deletes_what_fits_there(
    here: httpx.AsyncClient, there: httpx.AsyncClient, params: dict[str, str]
) -> None:
    await there.post(ENTITIES, json=shelter(capacity=value(5)))
    await there.post(ENTITIES, json={**shelter(), "id": TWO})
    await there.post(ENTITIES, json=bank(capacity=value(5)))
    await register(here, there.base_url)

    done = await here.delete(ENTITIES, params=params)

    assert done.status_code == 204, done.text
    assert (await local(there)).status_code == 404
    assert (await local(there, TWO)).status_code == 200
    assert (await local(there, "urn:ngsi-ld:Bank:1")).status_code == 200


async def test_a_purge_respects_a_registered_pattern(
    here: httpx.AsyncClient, there: httpx.AsyncClient
) -> None:
    await there.post(ENTITIES, json=shelter())
    await there.post(ENTITIES, json={**shelter(), "id": TWO})
    await register(here, there.base_url, entities=[{"type": "Shelter", "idPattern": ":1$"}])

    done = await here.delete(ENTITIES, params={"type": "Shelter"})

    assert done.status_code == 204, done.text
    assert (await local(there)).status_code == 404
    assert (await local(there, TWO)).status_code == 200


async def test_a_purge_that_a_sole_holder_does_not_take_is_told(here: httpx.AsyncClient) -> None:
    source = Hearing()
    await here.post(ENTITIES, json=shelter(name=value("school")))
    async with listening(source.hear) as url:
        await register(here, url, mode="redirect", operations=["retrieveOps"], id="urn:x:sole")
        done = await here.delete(ENTITIES, params={"type": "Shelter"})

    assert done.status_code == 207
    (error,) = done.json()["errors"]
    assert (error["registrationId"], error["error"]["status"]) == ("urn:x:sole", 409)
    assert source.heard == []


async def test_nobody_turns_in_a_circle_through_v2(
    here: httpx.AsyncClient, there: httpx.AsyncClient
) -> None:
    room = {"id": "urn:ngsi-ld:Room:1", "type": "Room", "temperature": {"value": 21}}
    assert (await there.post("/v2/entities", json=room)).status_code == 201
    for client, other in ((here, there), (there, here)):
        await register(
            client,
            f"{other.base_url}/v2",
            entities=[{"type": "Room"}],
            contextSourceInfo=[{"key": "protocol", "value": "ngsi-v2"}],
        )

    async with asyncio.timeout(60):
        found = await here.get(ENTITIES, params={"type": "Room"})

    assert [one["id"] for one in found.json()] == [room["id"]]
    assert "NGSILD-Warning" not in found.headers


async def test_a_source_that_has_been_asked_is_not_asked_again(here: httpx.AsyncClient) -> None:
    source = Hearing()
    via = {"Via": "1.1 somebody, 1.1 known-here (a broker)"}
    async with listening(source.hear) as url:
        await register(here, url, contextSourceAlias="known-here")
        await here.get(ENTITIES, params={"type": "Shelter"}, headers=via)
        await here.get(f"{ENTITIES}/{ONE}", headers=via)
        asked = len(source.heard)
        await here.get(ENTITIES, params={"type": "Shelter"}, headers={"Via": "1.1 somebody"})

    assert (asked, len(source.heard)) == (0, 1)


@pytest.mark.parametrize("status", [400, None])
async def test_a_source_that_knows_attrs_no_more_is_asked_otherwise(
    here: httpx.AsyncClient, status: int | None
) -> None:
    heard: list[dict[str, str]] = []

    async def answer(request: web.Request) -> web.Response:
        heard.append(dict(request.query))
        if "attrs" not in request.query:
            return web.json_response([shelter(capacity=value(5))])
        if status is None and request.transport is not None:
            request.transport.close()
        return web.Response(status=status or 500)

    async with listening(answer) as url:
        await register(here, url)
        found = await here.get(
            ENTITIES, params={"type": "Shelter", "attrs": "capacity,level", "q": "capacity>4"}
        )

    assert [one["id"] for one in found.json()] == [ONE]
    assert "NGSILD-Warning" not in found.headers
    asked = heard[-1]
    assert asked["pick"] == "id,type,scope,capacity,level"
    assert asked["q"] == "(capacity|level);(capacity>4)"
    assert asked["options"] == "sysAttrs"


async def test_a_source_of_one_dataset_tells_of_no_other(
    here: httpx.AsyncClient, there: httpx.AsyncClient
) -> None:
    named = "urn:ngsi-ld:Dataset:radar"
    await there.post(
        ENTITIES, json=shelter(level=[value(1), value(2, datasetId=named)], capacity=value(3))
    )
    await register(here, there.base_url, datasetId=[named])

    found = (await here.get(f"{ENTITIES}/{ONE}")).json()
    none = await here.get(ENTITIES, params={"type": "Shelter", "datasetId": "@none"})

    assert found["level"]["value"] == 2
    assert "capacity" not in found
    assert none.json() == []


async def test_a_source_changes_nothing_of_types_it_is_not_registered_for(
    here: httpx.AsyncClient, there: httpx.AsyncClient
) -> None:
    await there.post(ENTITIES, json=shelter(capacity=value(1)))
    await register(here, there.base_url, mode="redirect", entities=[{"type": "Bank"}])

    changed = await here.patch(f"{ENTITIES}/{ONE}/attrs", json={"capacity": value(2)})
    gone = await here.delete(f"{ENTITIES}/{ONE}")

    assert (changed.status_code, gone.status_code) == (404, 404)
    assert (await local(there)).json()["capacity"]["value"] == 1
