"""Geographical queries: relations, shapes, distances; which attribute is the place."""

import pytest

from .client import JSON, V2, says


def at(name: str, latitude: float, longitude: float) -> JSON:
    return {
        "id": name,
        "type": "T",
        "place": {"type": "geo:point", "value": f"{latitude}, {longitude}"},
    }


async def given_places(v2: V2) -> None:
    line = {"type": "LineString", "coordinates": [[136.0, 34.0], [137.0, 35.0]]}
    square = [[[136.4, 34.4], [136.6, 34.4], [136.6, 34.6], [136.4, 34.6], [136.4, 34.4]]]
    await v2.create_all(
        at("A", 34.5, 136.5),
        at("B", 34.5, 136.51),
        at("C", 35.5, 137.5),
        {"id": "L", "type": "T", "way": {"type": "geo:json", "value": line}},
        {
            "id": "P",
            "type": "T",
            "area": {"type": "geo:json", "value": {"type": "Polygon", "coordinates": square}},
        },
        {"id": "N", "type": "T", "name": {"value": "nowhere"}},
    )


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("georel=near;maxDistance:100&geometry=point&coords=34.5,136.5", "ALP"),
        ("georel=near;maxDistance:1000&geometry=point&coords=34.5,136.5", "ABLP"),
        ("georel=near;maxDistance:1000000&geometry=point&coords=34.5,136.5", "ABCLP"),
        ("georel=near;minDistance:1000&geometry=point&coords=34.5,136.5", "C"),
        ("georel=near;minDistance:500;maxDistance:2000&geometry=point&coords=34.5,136.5", "B"),
        ("georel=near;maxDistance:0&geometry=point&coords=35.5,137.5", "C"),
        ("georel=coveredBy&geometry=box&coords=34,136;35,137", "ABLP"),
        ("georel=coveredBy&geometry=box&coords=35,137;34,136", "ABLP"),
        ("georel=coveredBy&geometry=box&coords=34.5,136.5;35,137", "AB"),
        ("georel=coveredBy&geometry=polygon&coords=34,136;34,138;36,138;36,136;34,136", "ABCLP"),
        ("georel=coveredBy&geometry=polygon&coords=35,137;35,138;36,138;36,137;35,137", "C"),
        ("georel=intersects&geometry=line&coords=34.5,136;34.5,137", "ABLP"),
        ("georel=intersects&geometry=point&coords=34.5,136.5", "ALP"),
        ("georel=intersects&geometry=box&coords=34.55,136.55;34.58,136.58", "LP"),
        ("georel=equals&geometry=point&coords=34.5,136.51", "B"),
        ("georel=equals&geometry=line&coords=34,136;35,137", "L"),
        ("georel=disjoint&geometry=box&coords=34,136;35,137", "C"),
        ("georel=disjoint&geometry=point&coords=0,0", "ABCLP"),
    ],
)
async def test_places_are_found(v2: V2, query: str, ids: str) -> None:
    await given_places(v2)

    assert "".join(await v2.ids(f"/v2/entities?{query}")) == ids
    expression = dict(part.split("=", 1) for part in query.split("&"))
    asked = await v2.post("/v2/op/query", {"expression": expression})
    assert "".join(entity["id"] for entity in asked.json()) == ids


async def test_near_is_ordered_by_distance(v2: V2) -> None:
    await v2.create_all(at("A", 34.6, 136.5), at("B", 34.5, 136.5), at("C", 34.55, 136.5))
    near = "georel=near;maxDistance:100000&geometry=point&coords=34.5,136.5"

    assert await v2.ids(f"/v2/entities?{near}&orderBy=geo:distance") == ["B", "C", "A"]
    assert await v2.ids(f"/v2/entities?{near}&orderBy=!geo:distance") == ["A", "C", "B"]
    assert await v2.ids(f"/v2/entities?{near}&orderBy=geo:distance&limit=1&offset=1") == ["C"]


async def test_a_place_may_be_asked_with_everything_else(v2: V2) -> None:
    await given_places(v2)
    near = "georel=near;maxDistance:1000&geometry=point&coords=34.5,136.5"

    assert await v2.ids(f"/v2/entities?{near}&idPattern=A&type=T&options=count") == ["A"]
    assert await v2.ids(f"/v2/entities?{near}&q=name==nowhere") == []


async def test_of_several_places_the_default_counts(v2: V2) -> None:
    far, near = "40, 140", "34.5, 136.5"
    mark = {"defaultLocation": {"type": "Boolean", "value": True}}
    await v2.create_all(
        {
            "id": "A",
            "type": "T",
            "p": {"type": "geo:point", "value": near, "metadata": mark},
            "q": {"type": "geo:point", "value": far},
        },
        {
            "id": "B",
            "type": "T",
            "p": {"type": "geo:point", "value": near},
            "q": {"type": "geo:point", "value": far, "metadata": mark},
        },
    )

    found = await v2.ids("/v2/entities?georel=near;maxDistance:10&geometry=point&coords=34.5,136.5")

    assert found == ["A"]


@pytest.mark.parametrize(
    "query",
    [
        "georel=near;maxDistance:10",
        "geometry=point",
        "coords=1,2",
        "georel=near;maxDistance:10&geometry=point",
        "georel=near;maxDistance:10&coords=1,2",
        "georel=near&geometry=point&coords=1,2",
        "georel=near;maxDistance==10&geometry=point&coords=1,2",
        "georel=near;maxDistance:x&geometry=point&coords=1,2",
        "georel=near;maxDistance:-1&geometry=point&coords=1,2",
        "georel=near;foo:1&geometry=point&coords=1,2",
        "georel=near;maxDistance:1;maxDistance:2&geometry=point&coords=1,2",
        "georel=coveredBy;maxDistance:1&geometry=point&coords=1,2",
        "georel=within&geometry=point&coords=1,2",
        "georel=overlaps&geometry=point&coords=1,2",
        "georel=x&geometry=point&coords=1,2",
        "georel=equals&geometry=circle&coords=1,2",
        "georel=equals&geometry=Point&coords=1,2",
        "georel=equals&geometry=point&coords=1",
        "georel=equals&geometry=point&coords=1,2,3",
        "georel=equals&geometry=point&coords=x,y",
        "georel=equals&geometry=point&coords=1,2;3,4",
        "georel=equals&geometry=point&coords=91,0",
        "georel=equals&geometry=point&coords=0,181",
        "georel=equals&geometry=line&coords=1,2",
        "georel=equals&geometry=box&coords=1,2",
        "georel=equals&geometry=box&coords=1,2;1,2",
        "georel=equals&geometry=polygon&coords=1,2;3,4;5,6",
        "georel=equals&geometry=polygon&coords=1,2;3,4;5,6;7,8",
        "georel=equals&geometry=point&coords=1,2;",
    ],
)
async def test_what_is_no_geographical_query_is_refused(v2: V2, query: str) -> None:
    says(await v2.get(f"/v2/entities?{query}"), 400, "BadRequest")
