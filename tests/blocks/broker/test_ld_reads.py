"""Reading over NGSI-LD: pages, maps, types, 空間ID; what is asked wrongly is said to be so."""

import re

import httpx
import pytest

from mieone.blocks.broker.rules.spatial_id import encode_position

BASE = "/ngsi-ld/v1"


@pytest.fixture
async def client(broker_client: httpx.AsyncClient) -> httpx.AsyncClient:
    """With ten things, level 0 to 9, a degree apart."""
    for number in range(10):
        made = await broker_client.post(
            f"{BASE}/entities",
            json={
                "id": f"urn:ngsi-ld:Thing:{number}",
                "type": "Odd" if number % 2 else "Even",
                "level": {"type": "Property", "value": number, "unitCode": "MTR"},
                "name": {"type": "Property", "value": f"thing {number}"},
                "location": {
                    "type": "GeoProperty",
                    "value": {"type": "Point", "coordinates": [130 + number, 34.5, 10.0 * number]},
                },
            },
        )
        assert made.status_code == 201
    return broker_client


async def ids(client: httpx.AsyncClient, **params: str) -> list[int]:
    answer = await client.get(f"{BASE}/entities", params=params)
    assert answer.status_code == 200, answer.text
    return [int(one["id"][-1]) for one in answer.json()]


def next_link(answer: httpx.Response) -> str | None:
    found = re.search(r'<([^>]*)>;rel="next"', answer.headers.get("Link", ""))
    return found[1] if found else None


async def test_links_lead_through_all_pages_and_back(client: httpx.AsyncClient) -> None:
    seen: list[str] = []
    path: str | None = f"{BASE}/entities?type=Odd,Even&limit=3&count=true"
    last = None
    while path is not None:
        last = await client.get(path)
        assert last.headers["NGSILD-Results-Count"] == "10"
        seen.extend(one["id"] for one in last.json())
        path = next_link(last)

    assert seen == [f"urn:ngsi-ld:Thing:{number}" for number in range(10)]
    assert last is not None
    before = re.search(r'<([^>]*)>;rel="prev"', last.headers["Link"])
    assert before is not None
    back = await client.get(before[1])
    assert [one["id"][-1] for one in back.json()] == ["6", "7", "8"]


async def test_pages_in_another_order_are_counted_off(client: httpx.AsyncClient) -> None:
    first = await client.get(f"{BASE}/entities?type=Odd,Even&limit=4&orderBy=level;desc")
    path = next_link(first)

    assert path is not None
    assert "after=" not in path
    assert [one["id"][-1] for one in (await client.get(path)).json()] == ["5", "4", "3", "2"]


async def test_an_entity_map_keeps_its_pages_while_others_write(client: httpx.AsyncClient) -> None:
    first = await client.get(
        f"{BASE}/entities",
        params={"type": "Odd,Even", "q": "level<8", "limit": "3", "entityMap": "true"},
    )
    assert first.status_code == 200, first.text
    map_id = first.headers["NGSILD-EntityMap"]
    await client.delete(f"{BASE}/entities/urn:ngsi-ld:Thing:1")
    patched = {"level": {"type": "Property", "value": 99}}
    await client.patch(f"{BASE}/entities/urn:ngsi-ld:Thing:4/attrs", json=patched)

    second = await client.get(
        f"{BASE}/entities",
        params={"type": "Odd,Even", "limit": "3", "offset": "3", "count": "true"},
        headers={"NGSILD-EntityMap": map_id},
    )

    assert [one["id"][-1] for one in second.json()] == ["3", "4", "5"]
    assert second.headers["NGSILD-Results-Count"] == "8"
    assert second.headers["NGSILD-EntityMap"] == map_id
    held = await client.get(f"{BASE}/entityMaps/{map_id}")
    assert held.json()["entityMap"]["urn:ngsi-ld:Thing:5"] == ["@none"]


async def test_entity_maps_are_prolonged_and_ended(client: httpx.AsyncClient) -> None:
    first = await client.get(f"{BASE}/entities?type=Odd&entityMap=true&entityMapLifetime=PT1H")
    path = f"{BASE}/entityMaps/{first.headers['NGSILD-EntityMap']}"

    past = await client.patch(path, json={"expiresAt": "2020-01-01T00:00:00Z"})
    other = await client.patch(path, json={"entityMap": {}})
    ended = await client.delete(path)
    gone = await client.get(path)

    assert [past.status_code, other.status_code] == [400, 400]
    assert [ended.status_code, gone.status_code] == [204, 404]


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({"q": "level>=7"}, [7, 8, 9]),
        ({"q": "level==1..3"}, [1, 2, 3]),
        ({"q": 'name=="thing 4","thing 5"'}, [4, 5]),
        ({"q": "name~=[12]$"}, [1, 2]),
        ({"q": "(level<1|level>8);name"}, [0, 9]),
        ({"q": 'level.unitCode=="MTR";level<2'}, [0, 1]),
        ({"q": "!level|level==4"}, [4]),
        ({"q": "createdAt>2020-01-01T00:00:00Z;level<1"}, [0]),
        ({"type": "(Odd)", "q": "level<4"}, [1, 3]),
        ({"type": "Even", "id": "urn:ngsi-ld:Thing:2,urn:ngsi-ld:Thing:3"}, [2]),
        ({"type": "Odd,Even", "idPattern": ":[78]$"}, [7, 8]),
        ({"attrs": "nothing"}, []),
        ({"local": "true", "limit": "2"}, [0, 1]),
        ({"type": "Odd,Even", "spatialId": "2/0/3/1", "limit": "3"}, [0, 1, 2]),
        ({"type": "Odd,Even", "geoproperty": "location", "limit": "1"}, [0]),
    ],
)
async def test_queries(client: httpx.AsyncClient, params: dict[str, str], found: list[int]) -> None:
    assert await ids(client, **params) == found


async def test_a_cell_counts_heights_too(client: httpx.AsyncClient) -> None:
    # At zoom 22 a floor is 8 m high: thing 3, at 30 m, is on the fourth.
    floors = [encode_position(34.5, 133, 8.0 * floor, 22) for floor in range(6)]

    found = [await ids(client, type="Odd", spatialId=str(cell)) for cell in floors]

    assert found == [[], [], [], [3], [], []]


@pytest.mark.parametrize(
    ("params", "problem"),
    [
        ({}, "BadRequestData"),
        ({"id": "urn:ngsi-ld:Thing:1"}, "BadRequestData"),
        ({"type": "Odd", "q": "level>"}, "BadRequestData"),
        ({"type": "Odd;"}, "BadRequestData"),
        ({"type": "Odd", "idPattern": "("}, "BadRequestData"),
        ({"type": "Odd", "id": "no uri"}, "BadRequestData"),
        ({"type": "Odd", "georel": "within"}, "BadRequestData"),
        ({"type": "Odd", "orderBy": "level;up"}, "BadRequestData"),
        ({"type": "Odd", "orderBy": "level", "collation": "ja"}, "BadRequestData"),
        ({"type": "Odd", "after": "1", "orderBy": "level"}, "BadRequestData"),
        ({"type": "Odd", "spatialId": "1/2"}, "BadRequestData"),
        ({"type": "Odd", "scopeQ": "a"}, "BadRequestData"),
        ({"type": "Odd", "limit": "-1"}, "BadRequestData"),
        ({"type": "Odd", "nothing": "1"}, "InvalidRequest"),
        ({"type": "Odd", "options": "nothing"}, "InvalidRequest"),
        ({"type": "Odd", "limit": "5000"}, "TooManyResults"),
        ({"q": "(" * 50 + "a" + ")" * 50}, "TooComplexQuery"),
    ],
)
async def test_wrong_questions_are_told_why(
    broker_client: httpx.AsyncClient, params: dict[str, str], problem: str
) -> None:
    answer = await broker_client.get(f"{BASE}/entities", params=params)

    assert answer.json()["type"] == f"https://uri.etsi.org/ngsi-ld/errors/{problem}"
    assert answer.status_code == (403 if problem.startswith("Too") else 400)


async def test_queries_by_body(client: httpx.AsyncClient) -> None:
    path = f"{BASE}/entityOperations/query"
    body = {
        "type": "Query",
        "entities": [{"type": "Odd"}, {"type": "Even", "idPattern": "[04]$"}],
        "q": "level<6",
        "geoQ": {
            "georel": "near;maxDistance==350000",
            "geometry": "Point",
            "coordinates": [133, 34.5],
        },
        "pick": ["id", "level"],
        "orderBy": "level;desc",
    }

    found = await client.post(path, json=body, params={"options": "keyValues"})
    wrong = [
        await client.post(path, json={**body, **part})
        for part in ({"type": "Ask"}, {"entities": {}}, {"nothing": 1}, {"q": "a=="})
    ]

    assert [(one["id"][-1], one["level"]) for one in found.json()] == [
        ("5", 5),
        ("4", 4),
        ("3", 3),
        ("1", 1),
        ("0", 0),
    ]
    assert [one.status_code for one in wrong] == [400, 400, 400, 400]


async def test_types_and_attributes_are_told(client: httpx.AsyncClient) -> None:
    types = (await client.get(f"{BASE}/types")).json()
    kind = (await client.get(f"{BASE}/types/Odd")).json()
    attributes = (await client.get(f"{BASE}/attributes?details=true")).json()
    attribute = (await client.get(f"{BASE}/attributes/level")).json()
    unknown = await client.get(f"{BASE}/attributes/nothing")

    assert types["typeList"] == ["Even", "Odd"]
    assert kind["entityCount"] == 5
    assert {one["attributeName"]: one["attributeTypes"] for one in kind["attributeDetails"]} == {
        "level": ["Property"],
        "name": ["Property"],
        "location": ["GeoProperty"],
    }
    assert {one["attributeName"] for one in attributes} == {"level", "name", "location"}
    assert (attribute["attributeCount"], attribute["typeNames"]) == (10, ["Even", "Odd"])
    assert unknown.status_code == 404
